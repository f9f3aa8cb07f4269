"""What the oracle pushes, planned and played."""

import math

import pytest

from uio2_agent.envs.tabletop.physics import Physics
from uio2_agent.envs.tabletop.progress import judge
from uio2_agent.envs.tabletop.pushes import SHORT, plan_pushes
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.sweeping import Sweeping
from uio2_agent.envs.tabletop.tasks import sample

PAIRS = [
    ("sweep_without_exceeding", "placement_generalization"),
    ("sweep_without_exceeding", "combinatorial_generalization"),
    ("sweep_without_touching", "novel_task_generalization"),
]


def by_id(scenario):
    return {body.obj_id: body for body in scenario.bodies}


def progress_of(scenario):
    progress = judge(scenario)
    assert isinstance(progress, Sweeping)
    return progress


def some(wanted, task="sweep_without_exceeding", level="placement_generalization"):
    """An episode in which so many of three blocks are wanted."""
    scenarios = (sample(task, level, seed=seed) for seed in range(500))
    return next(
        s for s in scenarios if s.sweep and s.sweep.wanted == wanted and len(s.sweep.targets) == 3
    )


def test_a_block_is_pushed_from_its_middle_to_beyond_where_it_shall_lie():
    scenario = some(wanted=1)
    (push,) = plan_pushes(by_id(scenario), progress_of(scenario))
    targets = [by_id(scenario)[i].xy for i in scenario.sweep.targets]
    assert push.pick in targets
    far = math.dist(push.pick, push.place)
    part = 1 - SHORT / far
    end = [a + part * (b - a) for a, b in zip(push.pick, push.place, strict=True)]
    assert scenario.sweep.zone.contains(*end)


def test_with_nothing_in_the_way_the_leftmost_block_goes_first():
    scenario = some(wanted=3)
    bodies = by_id(scenario)
    for i, y in zip(scenario.sweep.targets, (0.1, -0.1, 0.0), strict=True):
        bodies[i] = bodies[i].at(0.6, y)
    for i, y in zip(scenario.sweep.others, (-0.4, -0.35, -0.3), strict=True):
        bodies[i] = bodies[i].at(0.7, y)
    pushes = plan_pushes(bodies, progress_of(scenario))
    assert [push.pick[1] for push in pushes] == [-0.1, 0.0, 0.1]


def test_a_block_behind_another_waits_for_it():
    scenario = some(wanted=2)
    bodies = by_id(scenario)
    for i, xy in zip(
        scenario.sweep.targets, ((0.7, -0.004), (0.6, 0.0), (0.72, 0.45)), strict=True
    ):
        bodies[i] = bodies[i].at(*xy)
    for i, y in zip(scenario.sweep.others, (-0.4, -0.35, -0.3), strict=True):
        bodies[i] = bodies[i].at(0.7, y)
    first, *_ = plan_pushes(bodies, progress_of(scenario))
    assert first.pick == (0.6, 0.0)


def test_only_what_is_left_to_do_is_planned():
    scenario = some(wanted=3)
    progress = progress_of(scenario)
    bodies = by_id(scenario)
    done = scenario.sweep.targets[0]
    zone = scenario.sweep.zone
    bodies[done] = bodies[done].at(sum(zone.x) / 2, 0.0)
    progress.update(bodies)
    assert progress.counted == {done}
    picks = {push.pick for push in plan_pushes(bodies, progress)}
    assert bodies[done].xy not in picks
    assert {bodies[i].xy for i in scenario.sweep.targets[1:]} <= picks


def test_a_block_behind_the_line_is_led_around_it():
    scenario = some(1, "sweep_without_touching", "novel_task_generalization")
    bodies = by_id(scenario)
    for k, i in enumerate(scenario.sweep.targets):
        bodies[i] = bodies[i].at(0.65, 0.05 * k)
    for k, i in enumerate(scenario.sweep.others):
        bodies[i] = bodies[i].at(0.7, -0.4 + 0.05 * k)
    first, second = plan_pushes(bodies, progress_of(scenario))
    assert first.place[0] > 0.516 and second.place[0] < 0.476
    assert abs(second.pick[1]) > 0.1


@pytest.mark.parametrize(("task", "level"), PAIRS)
def test_the_oracle_wins_within_its_budget(task, level):
    world = Physics()
    for seed in range(12):
        scenario = sample(task, level, seed=seed)
        progress = progress_of(scenario)
        world.load(scenario.bodies)
        steps = 0
        while not progress.over and steps < scenario.budget:
            trace = world.push(plan_pushes(world.bodies, progress)[0])
            progress.update(world.bodies, trace)
            steps += 1
        assert progress.success, seed
    world.close()


def test_a_plan_does_not_depend_on_what_was_planned_before():
    scenario = sample("sweep_without_exceeding", seed=3)
    bodies: dict[int, Body] = by_id(scenario)
    progress = progress_of(scenario)
    assert plan_pushes(bodies, progress) == plan_pushes(bodies, progress)
