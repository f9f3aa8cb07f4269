"""Task 1."""

import math
from collections import Counter

from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.tasks import sample


def test_one_movable_goes_into_one_container_beside_one_distractor():
    for seed in range(50):
        scenario = sample("visual_manipulation", seed=seed)
        base, dragged, other = scenario.bodies
        assert SHAPES[base.shape].kind == "container"
        assert SHAPES[dragged.shape].kind == "movable"
        assert scenario.distractors == (other.obj_id,)
        (goal,) = scenario.goals
        assert (goal.obj_id, goal.xy, goal.tolerance) == (dragged.obj_id, base.xy, 0.10)
        assert goal.yaw is None
        assert min(math.dist(other.xy, b.xy) for b in (base, dragged)) > 0.10


def test_the_prompt_reads_as_upstream():
    scenario = sample("visual_manipulation", seed=0)
    base, dragged, _ = scenario.bodies
    assert scenario.prompt.template == "Put the {dragged_obj_1} into the {base_obj}."
    assert scenario.prompt.text == "Put the <image_history_1> into the <image_history_2>."
    shown = [scenario.prompt.pictures[n].bodies[0] for n in scenario.prompt.reading_order]
    assert [(b.shape, b.texture) for b in shown] == [(b.shape, b.texture) for b in (dragged, base)]
    words = sample("visual_manipulation", prompt="words", seed=0).prompt.text
    assert words == (
        f"Put the {dragged.texture} {dragged.shape} into the {base.texture} {base.shape}."
    )


def test_the_distractor_is_of_either_kind():
    kinds = Counter(
        SHAPES[sample("visual_manipulation", seed=seed).bodies[2].shape].kind for seed in range(300)
    )
    assert 180 < kinds["movable"] < 280  # 14 of 18 shapes
    assert kinds["container"] == 300 - kinds["movable"]
