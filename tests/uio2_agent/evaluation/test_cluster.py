"""Ray, on this machine: the same outcomes, and the same way of dealing with deaths."""

import sys
from functools import partial

import pytest

from uio2_agent.envs.counting import Counting
from uio2_agent.errors import MissingDependency
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.cluster import RayActors
from uio2_agent.evaluation.player import Parts
from uio2_agent.evaluation.protocol import Plan, evaluate_cells
from uio2_agent.policies.baseline import RandomPolicy

SEED = 900_000
CELLS = {Cell("easy", "counting"): {"seed": SEED}, Cell("hard", "counting"): {"seed": SEED}}


def make_env(cell, limits=None, **settings) -> Counting:
    return Counting(limit=limits[cell.level], **settings)


def make_policy(cell) -> RandomPolicy:
    return RandomPolicy(Counting().action_space)


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependency, match=r'pip install "uio2-agent\[ray\]"'):
        RayActors(Parts(make_env, make_policy, SEED), workers=1)


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_actors_play_as_this_process_does_and_survive_a_death(tmp_path, in_process):
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    plan = Plan(cells=CELLS, episodes=8, seed=SEED, workers=2, num_envs=2, episode_timeout_s=60)
    own = {"limits": {"easy": 5, "hard": 9}}

    def parts(**settings):
        return Parts(partial(make_env, **own, **settings), make_policy, SEED, 2)

    here = evaluate_cells(tmp_path / "here", plan, in_process(parts()))
    deadly = parts(raise_at=0, raise_seeds=[SEED + 3], fault="exit")
    there = evaluate_cells(tmp_path / "there", plan, RayActors(deadly, workers=2))
    for cell in CELLS:
        fell = [e.episode for e in there.episodes[cell] if e.error]
        assert fell == [3] and "twice" in (there.episodes[cell][3].error or "")
        others = [e for e in here.episodes[cell] if e.episode != 3]
        assert [e for e in there.episodes[cell] if e.episode != 3] == others
