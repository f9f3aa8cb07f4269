"""Which pictures are shown when there are more than slots, on the prompts of all 17 tasks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.errors import BadInput, TooManyPictures
from uio2_agent.policies.codecs.picture_slots import MARKER, fit_pictures

COMPARISONS = "<1> is daxer than <2>. <3> is daxer than <4>. <5> is daxer than <6>. "
TWIST = (
    '"Twist" is defined as rotating object a specific angle. For examples: From <1> to <2>. '
    "From <3> to <4>. From <5> to <6>. Now twist all yellow and blue polka dot objects."
)
PROMPTS = {  # as VIMA-Bench words them
    "visual_manipulation": "Put the <1> into the <2>.",
    "scene_understanding": "Put the red swirl object in <1> into the purple object.",
    "rotate": "Rotate the <1> 30 degrees.",
    "rearrange": "Rearrange to this <1>.",
    "rearrange_then_restore": "Rearrange objects to this setup <1> and then restore.",
    "novel_adj": COMPARISONS + "Put the less daxer <7> into the <8>.",
    "novel_noun": "This is a dax <1>. This is a blicket <2>. Put a blicket into a dax.",
    "novel_adj_and_noun": (
        "This is a blicket <1>. This is a zup <2>. <3> is daxer than <4>. <5> is daxer than <6>. "
        "<7> is daxer than <8>. Put the daxer zup into the blicket."
    ),
    "twist": TWIST,
    "follow_motion": "Follow this motion for <1>: <2> <3> <4>.",
    "follow_order": "Stack objects in this order <1> <2> <3>.",
    "sweep_without_exceeding": "Sweep two <1> into <2> without exceeding <3>.",
    "sweep_without_touching": "Sweep one <1> into <2> without touching <3>.",
    "same_texture": "Put all objects with the same texture as <1> into it.",
    "same_shape": "Put all objects with the same profile as <1> into it.",
    "manipulate_old_neighbor": (
        "First put <1> into <2> then put the object that was previously at its east into the "
        "same <2>."
    ),
    "pick_in_order_then_restore": (
        "Put <1> into <2> then <3>. Finally restore it into its original container."
    ),
}
# How many pictures the command needs, and each demonstration beyond it.
NEEDED = {
    "visual_manipulation": 2,
    "scene_understanding": 1,
    "rotate": 1,
    "rearrange": 1,
    "rearrange_then_restore": 1,
    "novel_adj": 2,
    "novel_noun": 2,
    "novel_adj_and_noun": 2,
    "twist": 0,
    "follow_motion": 4,
    "follow_order": 3,
    "sweep_without_exceeding": 3,
    "sweep_without_touching": 3,
    "same_texture": 1,
    "same_shape": 1,
    "manipulate_old_neighbor": 2,
    "pick_in_order_then_restore": 3,
}


def long(text: str) -> str:
    return re.sub(r"<(\d)>", r"<image_history_\1>", text)


def short(text: str) -> str:
    return MARKER.sub(r"<\1>", text)


def pictures(text: str) -> int:
    return len({*re.findall(r"<(\d)>", text)})


def fit(text: str, slots: int) -> tuple[str, list[int]]:
    said, kept = fit_pictures(long(text), pictures(text), slots)
    return short(said), kept


@pytest.mark.parametrize("slots", range(1, 9))
@pytest.mark.parametrize("task", PROMPTS)
def test_every_task_at_every_number_of_slots(task, slots):
    text, needed = PROMPTS[task], NEEDED[task]
    if needed > slots:
        with pytest.raises(TooManyPictures, match=f"is {needed}, expected at most {slots}"):
            fit(text, slots)
        return
    said, kept = fit(text, slots)
    everything = pictures(text)
    pairs = (min(slots, everything) - needed) // 2
    assert len(kept) == (everything if slots >= everything else needed + 2 * pairs)
    assert kept == sorted({*kept})
    # The markers left are numbered in reading order, as their pictures are.
    numbers = re.findall(r"<(\d)>", said)
    assert list(dict.fromkeys(numbers)) == [str(k) for k in range(1, len(kept) + 1)]
    # A sentence stays as it was but for its numbers, or goes.
    before, after = (
        [re.sub(r"<\d>", "<>", s) for s in words.replace("For examples: ", "").split(". ")]
        for words in (text, said)
    )
    assert {*after} <= {*before} and after[-1] == before[-1]


@pytest.mark.parametrize("task", PROMPTS)
def test_with_room_for_all_nothing_changes(task):
    text = PROMPTS[task]
    assert fit(text, 8) == (text, list(range(pictures(text))))


@pytest.mark.parametrize("task", PROMPTS)
def test_every_task_fits_the_four_slots_of_the_released_weights(task):
    assert len(fit(PROMPTS[task], 4)[1]) <= 4


@pytest.mark.parametrize(
    ("slots", "said", "kept"),
    [
        (
            7,
            "<1> is daxer than <2>. <3> is daxer than <4>. {}<5> into the <6>.",
            [0, 1, 4, 5, 6, 7],
        ),
        (5, "<1> is daxer than <2>. {}<3> into the <4>.", [2, 3, 6, 7]),
        (4, "<1> is daxer than <2>. {}<3> into the <4>.", [2, 3, 6, 7]),
        (3, "{}<1> into the <2>.", [6, 7]),
    ],
)
def test_comparisons_are_dropped_in_pairs_evenly_and_the_command_stays(slots, said, kept):
    assert fit(PROMPTS["novel_adj"], slots) == (said.format("Put the less daxer "), kept)


def test_the_nouns_of_the_command_keep_their_definitions():
    said = (
        "This is a blicket <1>. This is a zup <2>. <3> is daxer than <4>. "
        "Put the daxer zup into the blicket."
    )
    assert fit(PROMPTS["novel_adj_and_noun"], 4) == (said, [0, 1, 4, 5])


def test_a_definition_nobody_asks_for_may_go():
    text = "This is a dax <1>. This is a wug <2>. This is a zup <3>. Put a Zup into a dax."
    said = "This is a dax <1>. This is a zup <2>. Put a Zup into a dax."
    assert fit(text, 2) == (said, [0, 2])


def test_for_examples_introduces_the_first_example_that_is_left_or_goes_too():
    begin = '"Twist" is defined as rotating object a specific angle. '
    end = "Now twist all yellow and blue polka dot objects."
    one = "For examples: From <1> to <2>. "
    assert fit(TWIST, 5) == (begin + one + "From <3> to <4>. " + end, [0, 1, 4, 5])
    assert fit(TWIST, 3) == (begin + one + end, [2, 3])
    assert fit(TWIST, 1) == (begin + end, [])


@pytest.mark.parametrize("slots", [4, 6])
@pytest.mark.parametrize("task", PROMPTS)
def test_what_counts_is_the_form_so_nonsense_is_cut_alike(task, slots):
    nonsense = re.sub(r"[A-Za-z]+", lambda m: m[0][::-1], PROMPTS[task])
    assert fit(nonsense, slots)[1] == fit(PROMPTS[task], slots)[1]


def test_a_picture_shown_twice_needs_one_slot():
    text = "<1> is daxer than <2>. <1> is daxer than <3>. Put the <1> into the <3>."
    assert fit(text, 2) == ("<1> is daxer than <2>. Put the <1> into the <2>.", [0, 2])


def test_pictures_that_no_sentence_names_go_first():
    assert fit_pictures("Rotate the <image_history_2> 30 degrees.", 3, 2) == (
        "Rotate the <image_history_1> 30 degrees.",
        [1],
    )
    assert fit_pictures("", 3, 2) == ("", [])


@pytest.mark.parametrize("slots", [1, 8])
@pytest.mark.parametrize("number", [0, 3, 9])
def test_a_picture_that_did_not_come_with_the_prompt_is_refused(slots, number):
    with pytest.raises(BadInput, match=f"about picture {number}, expected about pictures 1 … 2"):
        fit_pictures(f"Put the <image_history_{number}> away.", 2, slots)


SENTENCE = st.sampled_from(
    ["Put <> away.", "<> to <>.", "A dax <>.", "No dax.", "See: <> <>!", "<>"]
)


@given(st.lists(SENTENCE, max_size=6), st.integers(1, 8))
def test_whatever_the_prompt_markers_and_pictures_agree(sentences, slots):
    count = 0

    def numbered(match: re.Match) -> str:
        nonlocal count
        count += 1
        return f"<image_history_{count}>"

    text = re.sub("<>", numbered, " ".join(sentences))
    try:
        said, kept = fit_pictures(text, count, slots)
    except TooManyPictures:
        assert count > slots
        return
    assert len(kept) <= slots and set(kept) <= set(range(count))
    assert [int(k) for k in MARKER.findall(said)] == list(range(1, len(kept) + 1))
    assert "  " not in said and said == said.strip()
