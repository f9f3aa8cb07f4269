"""What both sweeps have in common."""

import math
from collections import Counter

import pytest

from uio2_agent.envs.tabletop.progress import judge
from uio2_agent.envs.tabletop.scenario import SPATULA
from uio2_agent.envs.tabletop.sweeping import Sweeping
from uio2_agent.envs.tabletop.tasks import sample

PAIRS = [
    ("sweep_without_exceeding", "placement_generalization"),
    ("sweep_without_touching", "novel_task_generalization"),
]
NUMBERS = {"any": 1, "one": 1, "two": 2, "three": 3}


@pytest.fixture(params=PAIRS, ids=lambda pair: pair[0], scope="module")
def episodes(request):
    task, level = request.param
    return [sample(task, level, seed=seed) for seed in range(200)]


def word(scenario):
    return scenario.prompt.template.split()[1]


def blocks(scenario, ids):
    return [body for body in scenario.bodies if body.obj_id in ids]


def test_half_the_episodes_have_one_block_the_others_two_or_three(episodes):
    counts = Counter(len(s.sweep.targets) for s in episodes)
    assert set(counts) == {1, 2, 3}
    assert 75 < counts[1] < 125 and 30 < counts[2] < 70 and 30 < counts[3] < 70


def test_the_word_says_how_many_are_wanted(episodes):
    seen = set()
    for s in episodes:
        n = len(s.sweep.targets)
        assert s.sweep.wanted == (n if word(s) == "all" else NUMBERS[word(s)]) <= n
        seen.add((word(s), n))
    assert len(seen) == 3 + 4 + 5  # every word that fits the number of blocks is used


def test_there_are_as_many_other_blocks_of_another_texture(episodes):
    for s in episodes:
        targets, others = blocks(s, s.sweep.targets), blocks(s, s.sweep.others)
        assert len(targets) == len(others) and s.distractors == s.sweep.others
        (texture,), (other,) = ({b.texture for b in group} for group in (targets, others))
        assert texture != other
        assert {b.shape for b in (*targets, *others)} == {"small block"}
        bounds, line, *_ = s.bodies
        assert bounds.texture != line.texture


def test_ids_count_from_4_and_the_spatula_is_used(episodes):
    for s in episodes:
        assert [b.obj_id for b in s.bodies] == list(range(4, 6 + 2 * len(s.sweep.targets)))
        assert s.end_effector == SPATULA


def test_nothing_is_decided_at_the_start(episodes):
    for s in episodes:
        progress = judge(s)
        progress.update({body.obj_id: body for body in s.bodies})
        assert isinstance(progress, Sweeping)
        assert not progress.over and not progress.counted


def test_blocks_do_not_overlap_and_start_where_they_should(episodes):
    side = 0.03
    for s in episodes:
        everything = blocks(s, (*s.sweep.targets, *s.sweep.others))
        for i, a in enumerate(everything):
            for b in everything[:i]:
                assert math.dist(a.xy, b.xy) > side
            assert 0.57 <= a.xy[0] < 0.75 - side / 2
        left = [{b.xy[1] < 0 for b in blocks(s, ids)} for ids in (s.sweep.targets, s.sweep.others)]
        assert sorted(map(list, left)) == [[False], [True]]  # one kind on either side


def test_the_prompt_reads_as_upstream_and_shows_an_enlarged_block(episodes):
    s = episodes[0]
    rule = s.task.removeprefix("sweep_").replace("_", " ")
    text = f"Sweep {word(s)} {{swept_obj}} into {{bounds}} {rule} {{constraint}}."
    assert s.prompt.template == text
    assert s.prompt.reading_order == ("swept_obj", "bounds", "constraint")
    (shown,) = s.prompt.pictures["swept_obj"].bodies
    assert shown.scale == (7, 7, 7)
    (bounds,) = s.prompt.pictures["bounds"].bodies
    assert bounds.shape == s.bodies[0].shape and bounds.texture == s.bodies[0].texture


def test_in_words_several_blocks_are_spoken_of_in_the_plural(episodes):
    for s in episodes[:30]:
        said = sample(s.task, s.level, "words", s.seed)
        assert said.bodies == s.bodies
        bounds, line, block, *_ = s.bodies
        blocks = f"{block.texture} small block" + "s" * (word(s) not in ("any", "one"))
        assert said.prompt.text == (
            f"Sweep {word(s)} {blocks} into the {bounds.texture} three-sided rectangle "
            f"{s.task.removeprefix('sweep_').replace('_', ' ')} the {line.texture} line."
        )
