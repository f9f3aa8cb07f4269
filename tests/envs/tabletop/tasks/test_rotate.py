"""Task 3."""

import math
import re
from collections import Counter

from uio2_agent.envs.tabletop.tasks import sample


def asked(scenario):
    (angle,) = re.findall(r"(\d+) degrees", scenario.prompt.template)
    return int(angle)


def test_the_goal_is_the_start_turned_clockwise_by_what_is_asked():
    for seed in range(50):
        scenario = sample("rotate", seed=seed)
        dragged, other = scenario.bodies
        (goal,) = scenario.goals
        assert goal.xy == dragged.xy
        assert goal.yaw is not None
        back = math.degrees(dragged.yaw - goal.yaw)
        assert math.isclose(back, asked(scenario), abs_tol=1e-6)
        assert other.texture != dragged.texture
        assert math.dist(other.xy, dragged.xy) > 0.10


def test_all_five_angles_are_asked_about_equally_often():
    counts = Counter(asked(sample("rotate", seed=seed)) for seed in range(500))
    assert set(counts) == {30, 60, 90, 120, 150}
    assert all(70 < c < 130 for c in counts.values())


def test_the_prompt_reads_as_upstream():
    scenario = sample("rotate", seed=1)
    angle = asked(scenario)
    assert scenario.prompt.template == f"Rotate the {{dragged_obj}} {angle} degrees."
    body = scenario.bodies[0]
    words = sample("rotate", prompt="words", seed=1).prompt.text
    assert words == f"Rotate the {body.texture} {body.shape} {angle} degrees."
