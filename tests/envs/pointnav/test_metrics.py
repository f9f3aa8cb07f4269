"""Metrics and rewards against habitat-lab's, fed with its own poses and distances."""

import numpy as np
import pytest

from uio2_agent.envs.pointnav.metrics import Metrics

START = np.zeros(3)


def walk(distances, success_radius=0.2):
    """Metrics of somebody who moves 1 m along x for each distance after the first."""
    table = dict(enumerate(distances))
    return Metrics(START, lambda p: table[round(p[0])], success_radius)


def at(x):
    return np.array([float(x), 0.0, 0.0])


@pytest.mark.parametrize("index", range(12))
def test_every_step_is_rewarded_and_measured_as_by_habitat_lab(golden, episodes_start, index):
    run = golden["habitat_lab"]["runs"][index]
    distances = {tuple(step["p"]): step["d2g"] for step in run["steps"]}
    start = np.array(episodes_start[run["episode_id"]])
    d0 = run["metrics0"]["distance_to_goal"]
    metrics = Metrics(start, lambda p: distances.get(tuple(p.tolist()), d0), success_radius=0.2)
    for step in run["steps"]:
        position = np.array(step["p"])
        reward = metrics.update(position, step["is_collision"], step["a"] == 0)
        assert reward == pytest.approx(step["reward"], abs=1e-4)
        assert metrics.success == step["success"] and metrics.collisions == step["collisions"]
        assert metrics.spl == pytest.approx(step["spl"], abs=1e-4)
        assert metrics.soft_spl == pytest.approx(step["soft_spl"], abs=1e-4)


@pytest.fixture(scope="module")
def episodes_start(golden):
    first = {}
    for run, follower in zip(
        golden["habitat_lab"]["runs"][::2],
        golden["configs"]["v1"]["follower_episodes"],
        strict=True,
    ):
        first[run["episode_id"]] = np.float32(follower["start"]).astype(float)
    return first


def test_a_stop_at_the_goal_earns_2_49_and_one_elsewhere_costs_a_step():
    near = walk([1.0, 0.1])
    assert near.update(at(1), False, False) == pytest.approx(0.89)
    assert near.update(at(1), False, True) == pytest.approx(2.49)
    assert walk([1.0]).update(START, False, True) == pytest.approx(-0.01)


def test_the_success_radius_itself_is_too_far():
    exact = walk([0.2])
    exact.update(START, False, True)
    assert not exact.success


def test_detours_lower_spl_and_arriving_without_stop_only_counts_for_soft_spl():
    metrics = walk([1.0, 1.5, 0.0])
    metrics.update(at(1), True, False)
    metrics.update(at(2), False, False)
    assert (metrics.spl, metrics.soft_spl, metrics.collisions) == (0.0, 0.5, 1)
    metrics.update(at(2), False, True)
    assert metrics.spl == 0.5


def test_distances_are_not_measured_anew_without_a_move():
    asked = []

    def distance(position):
        asked.append(position)
        return 1.0

    metrics = Metrics(START, distance, 0.2)
    metrics.update(START + 5e-5, False, False)
    assert len(asked) == 1
    metrics.update(START + 2e-4, False, False)
    assert len(asked) == 2


def test_a_search_that_gave_up_leaves_distance_and_reward_finite():
    metrics = walk([1.0, float("inf"), 0.5])
    assert metrics.update(at(1), False, False) == pytest.approx(-0.01)
    assert metrics.update(at(2), False, False) == pytest.approx(0.49)


def test_an_episode_that_starts_at_its_goal_is_perfect_when_stopped_at_once():
    metrics = walk([0.0])
    metrics.update(START, False, True)
    assert (metrics.spl, metrics.soft_spl) == (1.0, 1.0)
