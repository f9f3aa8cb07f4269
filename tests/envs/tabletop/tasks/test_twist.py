"""Task 9."""

import math
import re
from collections import Counter

import pytest

from uio2_agent.envs.tabletop.tasks import sample

LEVELS = (
    "placement_generalization",
    "combinatorial_generalization",
    "novel_object_generalization",
)
SCENARIOS = [sample("twist", level, seed=seed) for level in LEVELS for seed in range(50)]


def turned_by(before, after):
    """Degrees clockwise, in [0, 360)."""
    return round(math.degrees(before.yaw - after.yaw), 6) % 360


def examples(scenario):
    pictures = scenario.prompt.pictures
    for i in (1, 2, 3):
        pair = pictures[f"before_twist_{i}"], pictures[f"after_twist_{i}"]
        assert all(picture.kind == "scene" for picture in pair)
        yield tuple(picture.bodies[0] for picture in pair)


def angle(scenario):
    (common,) = {turned_by(*pair) for pair in examples(scenario)}
    return common


def test_the_prompt_reads_as_upstream():
    for scenario in SCENARIOS:
        assert scenario.prompt.template == (
            '"Twist" is defined as rotating object a specific angle. For examples: '
            "From {before_twist_1} to {after_twist_1}. "
            "From {before_twist_2} to {after_twist_2}. "
            "From {before_twist_3} to {after_twist_3}. "
            f"Now twist all {scenario.bodies[0].texture} objects."
        )


def test_all_five_angles_are_shown_equally_often():
    counts = Counter(angle(scenario) for scenario in SCENARIOS)
    assert set(counts) == {30, 60, 90, 120, 150}
    assert min(counts.values()) > 15


def test_everything_of_the_texture_is_to_be_turned_in_place_as_the_examples_are():
    for scenario in SCENARIOS:
        (stage,) = scenario.stages
        texture = scenario.bodies[0].texture
        wanted = [body for body in scenario.bodies if body.texture == texture]
        assert [goal.obj_id for goal in stage] == [body.obj_id for body in wanted]
        for goal, body in zip(stage, wanted, strict=True):
            assert (goal.xy, goal.tolerance, goal.symmetry) == (body.xy, 0.05, 360)
            assert goal.yaw is not None
            turn = math.degrees(body.yaw - goal.yaw) % 360
            assert turn == pytest.approx(angle(scenario))


def test_one_or_two_of_three_objects_have_the_texture():
    counts = Counter(len(scenario.goals) for scenario in SCENARIOS)
    assert set(counts) == {1, 2} and min(counts.values()) > 55
    for scenario in SCENARIOS:
        assert len(scenario.bodies) == 3
        others = scenario.bodies[len(scenario.goals) :]
        assert scenario.distractors == tuple(body.obj_id for body in others)
        assert scenario.bodies[0].texture not in {body.texture for body in others}


def test_examples_have_the_shape_of_a_target_and_another_texture_near_the_middle():
    for scenario in SCENARIOS:
        shapes = {body.shape for body in scenario.bodies[: len(scenario.goals)]}
        for before, after in examples(scenario):
            assert before.shape == after.shape and before.shape in shapes
            assert before.texture == after.texture != scenario.bodies[0].texture
            assert before.xy == after.xy
            assert abs(before.xy[0] - 0.5) <= 0.0626 and abs(before.xy[1]) <= 0.376


def test_examples_are_told_apart_by_place_and_yaw():
    for scenario in SCENARIOS:
        poses = {(*before.xy, before.yaw) for before, _ in examples(scenario)}
        assert len(poses) == 3


def test_words_say_the_angle():
    for seed in range(30):
        pictures, words = (
            sample("twist", prompt=mode, seed=seed) for mode in ("pictures", "words")
        )
        match = re.fullmatch(
            r'"Twist" is defined as rotating object (\d+) degrees clockwise\. '
            rf"Now twist all {words.bodies[0].texture} objects\.",
            words.prompt.text,
        )
        assert match is not None
        assert int(match[1]) == angle(pictures)
