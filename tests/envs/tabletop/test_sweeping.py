"""When sweeping is done, and when it is lost. Zone: x 0.3 to 0.4, y -0.1 to 0.1; line before it."""

import pytest

from uio2_agent.envs.tabletop.prompts import Prompt
from uio2_agent.envs.tabletop.scenario import SPATULA, Rectangle, Scenario, Sweep
from uio2_agent.envs.tabletop.scene import Body, yaw_to_quaternion
from uio2_agent.envs.tabletop.sweeping import Sweeping

A, B, OTHER = 6, 7, 8
ZONE = Rectangle(x=(0.3, 0.4), y=(-0.1, 0.1))
LINE = Rectangle(x=(0.45, 0.49), y=(-0.05, 0.05))


def body(obj_id, x, y, yaw=0.0):
    return Body(
        obj_id=obj_id,
        shape="small block",
        texture="red",
        position=(x, y, 0.0),
        rotation=yaw_to_quaternion(yaw),
    )


START = {A: body(A, 0.6, -0.1), B: body(B, 0.6, 0.0), OTHER: body(OTHER, 0.6, 0.1)}


def judge(wanted=1):
    sweep = Sweep(targets=(A, B), others=(OTHER,), wanted=wanted, zone=ZONE, line=LINE)
    scenario = Scenario(
        task="sweep",
        level="none",
        seed=0,
        bodies=tuple(START.values()),
        distractors=(OTHER,),
        prompt=Prompt(template="", pictures={}),
        budget=8,
        sweep=sweep,
        end_effector=SPATULA,
    )
    return Sweeping(scenario, sweep)


def with_(*moved):
    return {**START, **{b.obj_id: b for b in moved}}


def verdict(progress):
    return progress.success, progress.failure


def test_nothing_is_decided_while_all_blocks_are_outside():
    progress = judge()
    progress.update(START)
    assert verdict(progress) == (False, False)
    assert not progress.over


def test_the_wanted_number_in_the_zone_is_success():
    progress = judge(wanted=2)
    progress.update(with_(body(A, 0.35, 0.0)))
    assert (verdict(progress), progress.counted) == ((False, False), {A})
    progress.update(with_(body(A, 0.35, 0.0), body(B, 0.35, 0.05)))
    assert verdict(progress) == (True, False)


def test_more_than_wanted_at_once_is_failure():
    progress = judge()
    progress.update(with_(body(A, 0.35, 0.0), body(B, 0.35, 0.05)))
    assert verdict(progress) == (False, True)


def test_a_block_counts_once_and_stays_counted():
    progress = judge(wanted=2)
    progress.update(with_(body(A, 0.35, 0.0)))
    progress.update(START)
    assert progress.counted == {A}
    progress.update(with_(body(B, 0.35, 0.0)))
    assert verdict(progress) == (True, False)


@pytest.mark.parametrize(
    ("x", "yaw", "counts"), [(0.389, 0.0, True), (0.391, 0.0, False), (0.389, 0.785, False)]
)
def test_all_its_sample_points_must_be_inside(x, yaw, counts):
    """They are 1 cm out along its own axes, which a turned block has elsewhere."""
    progress = judge()
    progress.update(with_(body(A, x, 0.0, yaw)))
    assert progress.success is counts


@pytest.mark.parametrize(("x", "fails"), [(0.409, True), (0.411, False)])
def test_another_block_reaching_into_the_zone_is_failure(x, fails):
    progress = judge()
    progress.update(with_(body(OTHER, x, 0.0)))
    assert verdict(progress) == (False, fails)


def test_another_block_in_the_zone_spoils_success():
    progress = judge()
    progress.update(with_(body(A, 0.35, 0.0), body(OTHER, 0.35, 0.05)))
    assert verdict(progress) == (False, True)


def test_a_target_on_the_line_is_failure_on_the_way_too():
    for where in ("end", "way"):
        progress = judge()
        over = with_(body(A, 0.441, 0.0))
        in_zone = with_(body(A, 0.35, 0.0))
        progress.update(over if where == "end" else in_zone, [START, over] * (where == "way"))
        assert verdict(progress) == (False, True), where


def test_other_blocks_may_cross_the_line():
    progress = judge()
    progress.update(START, [with_(body(OTHER, 0.47, 0.0))])
    assert verdict(progress) == (False, False)


def test_only_a_target_not_yet_counted_must_stay_on_the_table():
    off = 0.76
    progress = judge(wanted=2)
    progress.update(with_(body(OTHER, off, 0.0)))
    assert not progress.failure
    progress.update(with_(body(A, 0.35, 0.0)))
    progress.update(with_(body(A, off, 0.0)))
    assert not progress.failure
    progress.update(with_(body(B, off, 0.0)))
    assert progress.failure


def test_a_verdict_is_final():
    progress = judge()
    progress.update(with_(body(A, 0.35, 0.0)))
    progress.update(with_(body(OTHER, 0.35, 0.0)))
    assert verdict(progress) == (True, False)
