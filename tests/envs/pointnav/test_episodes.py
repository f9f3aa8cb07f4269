"""Episodes in memory and as JSON objects."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.envs.pointnav.episodes import from_json, to_json
from uio2_agent.errors import BadEpisode

PLAIN = {
    "episode_id": "7",
    "scene_id": "data/scene_datasets/gibson/Adrian.glb",
    "start_position": [1.0, 0.2, -3.0],
    "start_rotation": [0.0, 0.6, 0.0, 0.8],
    "goals": [{"position": [2.0, 0.2, 1.0], "radius": None}],
    "info": {"geodesic_distance": 4.5, "difficulty": "easy"},
    "shortest_paths": None,
    "start_room": None,
}
PATH = [[{"position": [1, 0, 0], "rotation": [0, 0, 0, 1], "action": 1}]]


def changed(**changes):
    return {**copy.deepcopy(PLAIN), **changes}


@pytest.mark.parametrize(
    "plain",
    [
        PLAIN,
        changed(shortest_paths=PATH),
        changed(scene_dataset_config="mp3d.json", additional_obj_config_paths=["a"]),
        changed(start_room="kitchen", goals=[{"position": [1, 2, 3], "radius": 0.2}] * 2),
    ],
)
def test_what_is_read_is_written_again(plain):
    assert to_json(from_json(plain, "here")) == plain


def test_start_and_goals_are_arrays_of_unit_rotation():
    episode = from_json(changed(start_rotation=[0, 0.601, 0, 0.8]), "here")
    assert np.linalg.norm(episode.start.rotation) == pytest.approx(1)
    assert episode.start.yaw == pytest.approx(2 * math.atan2(0.601, 0.8))
    assert episode.goal_positions.tolist() == [[2.0, 0.2, 1.0]]


def test_keys_that_habitat_lab_fills_in_may_be_missing():
    short = {k: v for k, v in PLAIN.items() if k not in ("info", "shortest_paths", "start_room")}
    episode = from_json(short, "here")
    assert (episode.info, episode.shortest_paths, episode.start_room) == ({}, None, None)


def test_numbered_episodes_get_a_name():
    assert from_json(changed(episode_id=7), "here").episode_id == "7"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"start_postion": [0, 0, 0]}, "unknown key 'start_postion'"),
        ({"goals": []}, "'goals'"),
        ({"goals": {"position": [0, 0, 0]}}, "'goals'"),
        ({"goals": [{"position": [0, 0]}]}, "goal 0: 'position'"),
        ({"goals": [{"position": [0, 0, 0], "radius": "far"}]}, "'radius'"),
        ({"goals": [{"position": [0, 0, 0], "view": 1}]}, "unknown key 'view'"),
        ({"goals": [None]}, "NoneType"),
        ({"start_position": [0, float("nan"), 0]}, "'start_position'"),
        ({"start_position": [0, True, 0]}, "'start_position'"),
        ({"start_position": [0, 10**400, 0]}, "'start_position'"),
        ({"start_rotation": [0, 0, 0, 2]}, "'start_rotation'"),
        ({"start_rotation": [0, 0, 0]}, "'start_rotation'"),
        ({"scene_id": ""}, "'scene_id'"),
        ({"info": 3}, "'info'"),
        ({"start_room": ["a"]}, "'start_room'"),
        ({"shortest_paths": [1]}, "'shortest_paths'"),
        ({"shortest_paths": [[{"position": [0, 0, 0]}]]}, "lacks the key 'rotation'"),
        ({"additional_obj_config_paths": [1]}, "'additional_obj_config_paths'"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_key_and_place(change, named):
    with pytest.raises(BadEpisode, match=named) as error:
        from_json(changed(**change), "val.json.gz, episode 7")
    assert "val.json.gz, episode 7" in str(error.value)


@pytest.mark.parametrize("key", ["episode_id", "scene_id", "start_position", "goals"])
def test_a_missing_key_is_named(key):
    with pytest.raises(BadEpisode, match=f"lacks the key '{key}'"):
        from_json({k: v for k, v in PLAIN.items() if k != key}, "here")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(key=st.sampled_from(sorted(PLAIN)), value=JSON)
def test_whatever_stands_at_a_key_is_read_or_refused_with_a_typed_error(key, value):
    try:
        episode = from_json(changed(**{key: value}), "here")
    except BadEpisode:
        return
    assert to_json(episode).keys() == PLAIN.keys()
