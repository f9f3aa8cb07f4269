"""One at a time, the same scene for the same seed, and nothing left behind."""

import gc
import os
import tempfile
from pathlib import Path

import pytest

from uio2_agent.envs.vima_bench.simulator import SEED_STRIDE, TRIES, Simulator
from uio2_agent.errors import SceneUnsolvable, SimulatorBusy


def made() -> Simulator:
    return Simulator("rotate", "train", "pictures")


def test_a_second_one_is_refused_until_the_first_is_closed(toys):
    first = made()
    with pytest.raises(SimulatorBusy, match="vectorization=async.*Remote"):
        made()
    first.close()
    assert toys[0].closed
    made()


def test_one_that_nobody_holds_any_more_makes_room(toys):
    first = made()
    del first
    gc.collect()
    assert toys[0].closed
    made()


def test_it_is_refused_beside_another_simulation_and_frees_what_it_took(toys):
    toys.client_id = 1
    with pytest.raises(SimulatorBusy, match="another simulation"):
        made()
    assert toys[0].closed
    toys.client_id = 0
    made()


def test_a_fork_frees_nothing_of_its_parents(toys, monkeypatch):
    simulator = made()
    elsewhere = os.getpid() + 1
    monkeypatch.setattr(os, "getpid", lambda: elsewhere)
    simulator.close()
    assert not toys[0].closed and Path(simulator._folder).is_dir()
    os.rmdir(simulator._folder)


def test_its_files_lie_in_a_folder_of_its_own_that_goes_with_it(toys):
    usual = tempfile.gettempdir()
    simulator = made()
    folder = Path(simulator._folder)
    for seed in range(3):
        simulator.reset(seed)
        assert len(list(folder.iterdir())) == 1  # the last scene's
    assert tempfile.gettempdir() == usual
    simulator.close()
    assert not folder.exists()


def test_making_and_resetting_print_nothing_and_a_steps_warning_is_no_output(toys, capfd):
    simulator = made()
    simulator.reset(0)
    assert capfd.readouterr() == ("", "")
    simulator.step({})
    assert capfd.readouterr() == ("", "Warning: movej exceeded\n")


def test_the_budget_is_the_oracles_and_two(toys):
    assert made().steps == 5


def test_a_tolerance_lasts_for_its_own_episode_only(toys):
    simulator = made()
    simulator.reset(13)
    assert toys[0].task.pos_eps == 0.0875
    simulator.reset(14)
    assert toys[0].task.pos_eps == 0.125


def test_a_seed_without_a_scene_is_replaced_by_one_no_other_episode_has(toys):
    simulator = made()
    toys[0].bad_seeds = {5, 5 + SEED_STRIDE}
    assert simulator.reset(5)[1] == 5 + 2 * SEED_STRIDE
    assert simulator.reset(6)[1] == 6


def test_giving_up_is_told(toys):
    simulator = made()
    toys[0].bad_seeds = {5 + k * SEED_STRIDE for k in range(TRIES)}
    with pytest.raises(SceneUnsolvable, match="rotate in 10 tries") as told:
        simulator.reset(5)
    assert isinstance(told.value.__cause__, ValueError)
