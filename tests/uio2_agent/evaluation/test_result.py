"""`result.json` has the schema of the house and sums that agree with each other."""

import json

import pytest

from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.result import result, summary

SUMMARY = {"episodes", "successes", "success_rate", "wilson95", "errors", "metrics"}


def episode(number: int, **values) -> Episode:
    values = {"task": "rotate", "success": number % 2 == 0, "steps": number + 1, **values}
    return Episode(episode=number, seed=number, **values)


EPISODES = [
    *(episode(n, metrics={"distance": float(n)}) for n in range(6)),
    episode(6, task="rearrange"),
    episode(7, task="rearrange", error="RuntimeError: x", steps=50),
]
EFFORT = {"env_steps": 100, "env_seconds": 4.0, "decisions": 30, "policy_seconds": 2.0}


def test_schema():
    found = result(EPISODES, EFFORT, {"config": {}})
    extra = {"per_task", "env_steps_per_s", "decisions_per_s", "provenance"}
    assert {*found} == SUMMARY | extra
    assert found["per_task"].keys() == {"rotate", "rearrange"}
    for part in (found, *found["per_task"].values()):
        assert {*part} >= SUMMARY
        assert 0 <= part["wilson95"][0] <= part["success_rate"] <= part["wilson95"][1] <= 1
        for numbers in part["metrics"].values():
            assert {*numbers} == {"mean", "ci95", "n"}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_an_error_counts_as_played_and_not_as_success():
    found = summary(EPISODES)
    assert (found["episodes"], found["successes"], found["errors"]) == (8, 4, 1)
    assert found["success_rate"] == 0.5


def test_tasks_add_up_to_the_whole():
    found = result(EPISODES, EFFORT, {})
    for name in ("episodes", "successes", "errors"):
        assert found[name] == sum(part[name] for part in found["per_task"].values())


def test_metrics_are_over_the_episodes_that_have_them():
    metrics = summary(EPISODES)["metrics"]
    assert metrics["distance"]["n"] == 6 and metrics["distance"]["mean"] == 2.5
    assert metrics["steps"] == {"mean": 4.0, "ci95": pytest.approx(1.6, abs=0.01), "n": 7}


def test_speeds_are_counts_over_their_own_seconds():
    found = result(EPISODES, EFFORT, {})
    assert (found["env_steps_per_s"], found["decisions_per_s"]) == (25.0, 15.0)
    assert result(EPISODES, {}, {})["env_steps_per_s"] is None


def test_nothing_played_is_no_rate():
    assert summary([])["success_rate"] is None
