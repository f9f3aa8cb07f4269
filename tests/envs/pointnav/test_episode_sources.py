"""What a seed means."""

import logging
import shutil
from dataclasses import replace

import pytest

from uio2_agent.envs.pointnav.embedded import EmbeddedSimulator
from uio2_agent.envs.pointnav.episode_files import load_episodes
from uio2_agent.envs.pointnav.episode_sources import (
    GeneratedEpisodes,
    ListedEpisodes,
    check_episode,
    playable,
)
from uio2_agent.envs.pointnav.episodes import Goal
from uio2_agent.envs.pointnav.task import TASKS
from uio2_agent.errors import BadEpisode, BadInput
from uio2_agent.interface import FIRST_EVALUATION_SEED


@pytest.fixture(scope="module")
def simulator():
    return EmbeddedSimulator(TASKS["v1"])


@pytest.fixture(scope="module")
def six(episodes_file, scenes):
    return load_episodes(episodes_file, scenes("v1"))


@pytest.fixture(scope="module")
def bad(six):
    off = replace(six[1], episode_id="off", start_position=(50.0, 0.2, 0.0))
    away = replace(six[2], episode_id="away", goals=(Goal(position=(50.0, 0.2, 0.0)),))
    return off, away


def test_training_and_evaluation_seeds_both_walk_the_file_in_its_order(six, simulator):
    source = ListedEpisodes(six)
    for first in (0, FIRST_EVALUATION_SEED):
        ids = [source.episode(first + i, simulator).episode_id for i in range(8)]
        assert ids == ["0", "1", "2", "3", "4", "5", "0", "1"]


def test_scenes_of_made_up_episodes_take_turns_and_seeds_tell_them_apart(
    scenes, simulator, tmp_path
):
    shutil.copytree(scenes("v1"), tmp_path / "other")
    paths = [str(folder / "two_rooms.glb") for folder in (scenes("v1"), tmp_path / "other")]
    source = GeneratedEpisodes(paths)
    made = [source.episode(seed, simulator) for seed in (3, 4, 3)]
    assert made[0] == made[2] != made[1]
    assert [e.scene_id for e in made] == [paths[1], paths[0], paths[1]]


def test_an_episode_that_cannot_be_played_is_named_with_the_way_out(six, bad, simulator):
    simulator.load(six[0].scene_id)
    with pytest.raises(BadEpisode, match="episode off: starts at .* off the navmesh.*skip"):
        check_episode(bad[0], simulator.pathfinder)
    above = replace(six[0], start_position=(-3.0, 3.0, 2.0))
    with pytest.raises(BadEpisode, match=r"nearest point is \(-3.0, 0.2, 2.0\)"):
        check_episode(above, simulator.pathfinder)
    with pytest.raises(BadEpisode, match="episode away: no way leads .* to a goal"):
        ListedEpisodes([bad[1]]).episode(0, simulator)


def test_one_reachable_goal_is_enough(six, bad, simulator):
    simulator.load(six[0].scene_id)
    both = replace(six[0], goals=bad[1].goals + six[0].goals)
    check_episode(both, simulator.pathfinder)


def test_playable_leaves_out_and_names_the_others(six, bad, simulator, caplog):
    mixed = [six[0], bad[0], six[1], bad[1]]
    with caplog.at_level(logging.WARNING):
        assert playable(mixed, simulator) == six[:2]
    assert "episode off" in caplog.text and "episode away" in caplog.text


def test_nothing_to_play_is_refused():
    with pytest.raises(BadInput, match="episodes"):
        ListedEpisodes([])
    with pytest.raises(BadInput, match="scenes"):
        GeneratedEpisodes([])
