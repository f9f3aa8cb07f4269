"""Questions and answers in the form that the released weights know."""

import json

import numpy as np
import pytest

from uio2_agent.errors import BadInput, BadSetting, UnknownName
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.vima_released import ReleasedVimaCodec

ROWS = 1664
POSE = "( <extra_id_699> <extra_id_699> <extra_id_{}> )"
STEP = f"1: pick from {POSE.format(200)} and place to {POSE.format(449)}"


@pytest.fixture
def make(released_words):
    def codec(**settings) -> ReleasedVimaCodec:
        return ReleasedVimaCodec(released_words, ROWS, **settings)

    return codec


def turned(action) -> float:
    """Degrees."""
    _, _, z, w = action["pose1_rotation"]
    return float(np.degrees(2 * np.arctan2(z, w)) % 360)


@pytest.mark.parametrize(
    ("family", "begin"),
    [
        ("format", "Forecast the next actions as a sequence of sentences with the format: "),
        ("question", "What is the action plan? Consider the observations. Put"),
        ("plain", "Predict a sequence of actions to achieve the goal. Put"),
    ],
)
def test_each_family_asks_in_its_own_phrase(make, released_words, observe, family, begin):
    text = released_words.decode(make(family=family).prompt(observe(pictures=2)).text)
    assert text.startswith(f"[Text] [S] {begin}")
    assert text.endswith(". Put the <image_history_1> into the <image_history_2>.")


@pytest.mark.parametrize("layout", ["{phrase}:{task}", "<image_input>{phrase}:{task}"])
def test_markers_stay_whole_in_every_layout(make, released_words, layout):
    text = "<image_history_1> is daxer than <image_history_2>."
    ids = make(layout=layout).question(text, 2, 0)
    markers = [released_words.piece(i) for i in ids if released_words.piece(i).startswith("▁<")]
    shown = ["▁<image_history_1>", "▁<image_history_2>"]
    assert markers == (["▁<image_input>"] if "input" in layout else []) + shown


def test_a_marker_of_a_picture_that_is_not_there_is_refused(make):
    with pytest.raises(BadInput, match="<image_history_3>"):
        make().question("Rotate the <image_history_3> 30 degrees.", 1, 0)


def test_four_pictures_at_most_and_no_past_frames(make, observe):
    codec = make()
    prompt = codec.prompt(observe(pictures=2), n_past=2)
    assert (codec.slots, len(prompt.pictures), prompt.n_past) == (4, 2, 0)


def test_the_released_parsers_habits_are_settings(make, released_words):
    tokens = released_words.encode(STEP)
    (released,) = make().decode({}, tokens)
    (exact,) = make(divide_by=999).decode({}, tokens)
    (mistaken,) = make(rotation="degrees_as_radians").decode({}, tokens)
    assert released["pose0_position"] == pytest.approx([0.25 + 0.5 * 0.499, -0.5 + 0.499])
    assert exact["pose0_position"] == pytest.approx([0.25 + 0.5 * 499 / 999, -0.5 + 499 / 999])
    assert turned(released) == pytest.approx(0.249 * 360, abs=1e-3)
    assert turned(exact) == pytest.approx(249 / 999 * 360, abs=1e-3)
    assert turned(mistaken) == pytest.approx(np.degrees(0.249 * 360) % 360, abs=1e-2)


def test_demonstrations_are_encoded_as_locations_are_by_cutting_off(make, released_words):
    place = np.array([0.4999, -0.0001], np.float32)
    straight = np.array([0, 0, 0, 1], np.float32)
    action = {
        f"pose{i}_{part}": value
        for i in (0, 1)
        for part, value in (("position", place), ("rotation", straight))
    }
    tokens = make().encode([action], effector=1)
    pose = "( <extra_id_699> <extra_id_699> <extra_id_200> )"
    assert released_words.decode(tokens) == f"1: push from {pose} and push to {pose}"


def test_an_answer_that_is_constrained_is_a_plan_of_the_effector_at_hand(make, observe):
    codec = make()
    for effector, verb in ((0, "pick"), (1, "push")):
        tokens: list[int] = []
        while not tokens or tokens[-1] != Tokenizer.EOS:
            mask = codec.allowed(observe(ee=effector), tokens)
            tokens.append(int(np.flatnonzero(mask)[-1]))
        assert codec.tokenizer.decode(tokens).startswith(f"1: {verb} from (")
        assert len(codec.decode({}, tokens)) == codec.max_steps
        assert len(tokens) <= codec.max_answer


def test_an_answer_in_free_words_is_searched_for_steps(make, released_words, observe):
    codec = make(constrained=False)
    mask = codec.allowed(observe(), [])
    assert mask[Tokenizer.EOS] and not mask[Tokenizer.PAD]
    assert mask.sum() == released_words.size - 2  # no padding, nothing unknown, no empty rows
    assert len(codec.decode({}, released_words.encode(f"pick {STEP} {STEP} place"))) == 2
    nothing = released_words.encode("pick place")
    assert codec.decode({}, nothing) == []
    assert codec.readable(nothing) == "pick place"
    assert codec.readable(released_words.encode(STEP)).startswith("1: (0.500, -0.001) to (")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"family": "boxes"}, UnknownName),
        ({"layout": "{phrase}"}, BadSetting),
        ({"layout": "{task} {task}"}, BadSetting),
        ({"slots": 9}, BadSetting),
        ({"divide_by": 998}, BadSetting),
        ({"rotation": "radians"}, UnknownName),
        ({"view": "side"}, BadInput),
    ],
)
def test_what_it_does_not_know_is_refused(make, settings, error):
    with pytest.raises(error):
        make(**settings)


def test_its_settings_are_plain_values(make):
    given = {"family": "plain", "layout": "{task}", "divide_by": 999, "constrained": False}
    codec = make(**json.loads(json.dumps(given)))
    assert {name: getattr(codec, name) for name in ("family", "layout", "constrained")} == {
        name: given[name] for name in ("family", "layout", "constrained")
    }
    assert codec.scale.divide_by == 999
