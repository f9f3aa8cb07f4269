"""The picture of flats shows episodes that were walked."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

from uio2_agent.errors import BadEpisode, BadSetting, UnknownName
from uio2_agent.interface import FIRST_EVALUATION_SEED
from uio2_agent.launch.gallery_pointnav import (
    GalleryPointnavConfig,
    cell,
    gallery,
    length,
    walk,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "pointnav"


@pytest.fixture(scope="module")
def scenes_dir(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", folder / "two_rooms.navmesh")
    shutil.copy(GOLDEN / "two_rooms.glb", folder)
    return folder


@pytest.fixture(scope="module")
def env(scenes_dir):
    settings: dict[str, Any] = {"size": (48, 64), "sensors": ("rgb", "depth"), "oracle": True}
    made = gym.make(
        "uio2_agent.envs:uio2/PointNav-v0",
        scene=str(scenes_dir / "two_rooms.glb"),
        disable_env_checker=True,
        **settings,
    ).unwrapped
    yield made
    made.close()


def test_a_walk_is_seen_from_its_start_to_its_end(env):
    seen = walk(env, seed=3, views=4)
    assert seen.rgb.shape == (4, 48, 64, 3) and seen.depth.shape == (4, 48, 64, 1)
    np.testing.assert_allclose(seen.places[0], env.episode.start.position)
    np.testing.assert_array_equal(seen.places[[0, -1]], seen.trail[[0, -1]])
    np.testing.assert_array_equal(seen.rgb[0], env.reset(seed=3)[0]["rgb"])
    assert np.linalg.norm(seen.places[-1] - env.episode.goal_positions[0]) < 0.2
    assert length(seen.way) == pytest.approx(env.episode.info["geodesic_distance"], abs=1e-4)
    assert seen.metrics["spl"] > 0.9


def test_a_short_walk_has_fewer_views(env):
    steps = len(walk(env, 3, 2).trail)
    assert len(walk(env, 3, 10 * steps).rgb) == steps
    assert len(walk(env, 3, 1).rgb) == 1


def test_a_cell_is_a_map_as_high_as_its_two_rows_of_views(env):
    triangles = env.simulator.pathfinder.triangles()
    pictures = [cell(walk(env, 3, views), triangles) for views in (1, 2, 5)]
    widths = np.array([picture.shape[1] for picture in pictures])
    per_view = (widths[2] - widths[0]) // 4
    assert 64 <= per_view < 80 and widths[1] == widths[0] + per_view
    assert 2 * 48 < widths[0] - per_view < 3 * 48  # the map


def test_new_flats_take_turns_in_size(tmp_path):
    few = GalleryPointnavConfig(
        output=str(tmp_path / "a" / "flats.png"), count=3, pixels=24, columns=2
    )
    path = gallery(replace(few, sizes=["small", "medium"]))
    with Image.open(path) as picture:
        assert picture.width > 2 * (48 + 4 * 24) and picture.height > 2 * 48
        first = np.asarray(picture).copy()
    assert gallery(replace(few, sizes=["small", "medium"])) == path
    with Image.open(path) as picture:
        np.testing.assert_array_equal(np.asarray(picture), first)


def test_episodes_of_a_file_are_drawn_in_their_order(tmp_path, scenes_dir):
    episodes = GOLDEN / "pointnav" / "two_rooms" / "v1" / "val" / "val.json.gz"
    cfg = GalleryPointnavConfig(
        output=str(tmp_path / "x.png"),
        episodes=str(episodes),
        scenes_dir=str(scenes_dir),
        count=2,
        pixels=24,
        seed=FIRST_EVALUATION_SEED,
    )
    with Image.open(gallery(cfg)) as picture:
        assert picture.height < picture.width  # side by side
    with pytest.raises(BadEpisode):
        gallery(replace(cfg, episodes=str(tmp_path / "none.json.gz")))


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"output": "flats.jpg"}, BadSetting, "png"),
        ({"columns": 0}, BadSetting, "columns"),
        ({"count": 0}, BadSetting, "count"),
        ({"views": 0}, BadSetting, "views"),
        ({"pixels": 0}, BadSetting, "pixels"),
        ({"seed": -1}, BadSetting, "seed"),
        ({"sizes": []}, BadSetting, "sizes"),
        ({"sizes": 5}, BadSetting, "sizes is 5, expected one of small, medium, large, or a list"),
        ({"sizes": ["tiny"]}, UnknownName, "tiny"),
        ({"task": "v9"}, UnknownName, "v9"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path, monkeypatch, changes, error, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=told):
        gallery(GalleryPointnavConfig(**{"output": "flats.png", **changes}))
    assert not list(tmp_path.iterdir())
