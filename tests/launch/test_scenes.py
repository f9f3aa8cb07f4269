"""Flats on disk are the generator's, lie where habitat looks, and can be played in."""

import shutil
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from uio2_agent.envs.pointnav.bake import bake_navmesh
from uio2_agent.envs.pointnav.episode_files import load_episodes
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.envs.pointnav.scenes.apartment import SPLITS, apartment
from uio2_agent.errors import BadSetting, RunMismatch, UnknownName
from uio2_agent.interface import FIRST_EVALUATION_SEED
from uio2_agent.launch import main as console
from uio2_agent.launch import scenes as module
from uio2_agent.launch.scenes import ScenesConfig, write_scenes

V2 = NavMeshSettings(agent_radius=0.18, agent_height=0.88)


def settings(folder: Path, **changes) -> ScenesConfig:
    small = {"count": 2, "sizes": ["small"], "episodes": 3}
    return ScenesConfig(output_dir=str(folder), **{**small, **changes})


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_scenes(settings(folder))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_everything_lies_where_the_datasets_of_habitat_have_it(data):
    flats = [f"apartment-small-{FIRST_EVALUATION_SEED + i}" for i in range(2)]
    scenes, split = "scene_datasets/flats/val", "datasets/pointnav/flats/v1/val"
    assert sorted(content(data)) == sorted(
        [
            *(f"{scenes}/{flat}{ending}" for flat in flats for ending in (".glb", ".navmesh")),
            *(f"{split}/content/{flat}.json.gz" for flat in flats),
            f"{split}/val.json.gz",
            f"{scenes}/flats.json",
            f"{split}/flats.json",
        ]
    )


def test_scene_ids_lead_from_the_folder_of_scenes_to_the_files(data):
    main = data / "datasets/pointnav/flats/v1/val/val.json.gz"
    plain = load_episodes(main)
    assert len({episode.episode_id for episode in plain}) == len(plain) == 6
    for episode in plain:
        assert episode.scene_id.startswith("flats/val/")
        assert (data / "scene_datasets" / episode.scene_id).is_file()


def test_a_scene_on_disk_is_the_generators(data):
    seed = FIRST_EVALUATION_SEED + 1
    read = load_scene(data / f"scene_datasets/flats/val/apartment-small-{seed}.glb")
    made = apartment(seed, "small")
    for name in ("vertices", "uv", "colours"):
        corners = getattr(made, name)[made.faces]
        np.testing.assert_array_equal(getattr(read, name)[read.faces], corners)


@pytest.mark.parametrize(("task", "body"), [("v1", NavMeshSettings()), ("v2", V2)])
def test_a_navmesh_on_disk_is_the_baked_one_for_the_tasks_body(tmp_path, task, body):
    folder = write_scenes(settings(tmp_path, count=1, episodes=0, task=task)).scenes
    read = read_navmesh(folder / f"apartment-small-{FIRST_EVALUATION_SEED}.navmesh")
    baked = bake_navmesh(apartment(FIRST_EVALUATION_SEED, "small"), body)
    assert read.settings is not None
    assert read.settings.agent_radius == pytest.approx(body.agent_radius)
    assert read.settings.agent_height == pytest.approx(body.agent_height)
    np.testing.assert_allclose(read.triangles(), baked.triangles(), atol=1e-6)
    np.testing.assert_array_equal(read.polygons.neighbours, baked.polygons.neighbours)
    assert read.area == pytest.approx(baked.area) and read.num_islands == baked.num_islands


def test_without_episodes_there_are_scenes_alone(tmp_path):
    written = write_scenes(settings(tmp_path, episodes=0))
    assert written.episodes is None
    assert {Path(name).suffix for name in content(tmp_path)} == {".glb", ".navmesh", ".json"}


def test_they_are_a_dataset_that_environments_know(data, monkeypatch):
    folder = data.parent / "here"
    shutil.copytree(data, folder / "data")
    monkeypatch.chdir(folder)
    for env_id in ("uio2/PointNav-v0", "uio2/AudioGoal-v0"):
        env = gym.make(
            f"uio2_agent.envs:{env_id}", dataset="flats/v1", size=8, disable_env_checker=True
        )
        _, info = env.reset(seed=FIRST_EVALUATION_SEED + 3)
        env.close()
        flat = f"apartment-small-{FIRST_EVALUATION_SEED + 1}.glb"
        assert info["scene_id"] == f"data/scene_datasets/flats/val/{flat}"


def test_the_episodes_can_be_played_and_won(data):
    env = gym.make(
        "uio2_agent.envs:uio2/PointNav-v0",
        episodes=data / "datasets/pointnav/flats/v1/val/val.json.gz",
        scenes_dir=data / "scene_datasets",
        size=16,
        oracle=True,
        disable_env_checker=True,
    )
    for i in (0, 3):  # the first of each flat
        _, info = env.reset(seed=FIRST_EVALUATION_SEED + i)
        assert Path(info["scene_id"]).stem == f"apartment-small-{FIRST_EVALUATION_SEED + i // 3}"
        over = False
        while not over:
            _, _, terminated, truncated, info = env.step(info["oracle_action"])
            over = terminated or truncated
        assert info["success"] and info["metrics"]["spl"] > 0.9
    env.close()


def test_the_same_settings_make_the_same_bytes(data, tmp_path):
    write_scenes(settings(tmp_path))
    assert content(tmp_path) == content(data)


def test_what_is_missing_is_written_again_and_nothing_else(tmp_path, monkeypatch):
    write_scenes(settings(tmp_path))
    before = content(tmp_path)
    seeds: list[int] = []

    def counted(seed: int, size: str) -> Scene:
        seeds.append(seed)
        return apartment(seed, size)

    monkeypatch.setattr(module, "apartment", counted)
    write_scenes(settings(tmp_path))
    assert seeds == []
    lost = f"apartment-small-{FIRST_EVALUATION_SEED + 1}"
    (tmp_path / f"datasets/pointnav/flats/v1/val/content/{lost}.json.gz").unlink()
    (tmp_path / f"scene_datasets/flats/val/{lost}.glb").write_bytes(b"half of i")
    write_scenes(settings(tmp_path))
    assert seeds == [FIRST_EVALUATION_SEED + 1]
    assert content(tmp_path) == before
    (tmp_path / f"scene_datasets/flats/val/{lost}.glb").unlink()
    (tmp_path / "datasets/pointnav/flats/v1/val/val.json.gz").unlink()
    write_scenes(settings(tmp_path))
    assert content(tmp_path) == before


def test_flats_may_be_added_in_turn_of_their_sizes(tmp_path):
    mixed = settings(tmp_path, count=1, sizes=["small", "medium"], episodes=0)
    write_scenes(mixed)
    folder = write_scenes(replace(mixed, count=1, first=1)).scenes
    names = [path.stem for path in sorted(folder.glob("*.glb"))]
    first = FIRST_EVALUATION_SEED
    assert names == [f"apartment-medium-{first + 1}", f"apartment-small-{first}"]


def test_splits_and_episodes_do_not_overlap(tmp_path):
    stems, starts = set(), set()
    for split in SPLITS:
        written = write_scenes(settings(tmp_path, count=1, split=split))
        stems |= {path.stem for path in written.scenes.glob("*.glb")}
        starts |= {episode.start_position for episode in load_episodes(str(written.episodes))}
    assert len(stems) == 3 and len(starts) == 9


def test_episodes_of_scenes_that_were_deleted_are_not_mixed_with_new_ones(tmp_path):
    few = settings(tmp_path, count=1)
    before = content(write_scenes(few).scenes)
    shutil.rmtree(tmp_path / "scene_datasets")
    with pytest.raises(RunMismatch, match="sizes"):
        write_scenes(replace(few, sizes=["medium"]))
    assert not (tmp_path / "scene_datasets").exists()
    assert content(write_scenes(few).scenes) == before


@pytest.mark.parametrize("text", ["{half", "[]"])
def test_damaged_settings_are_not_taken_for_the_same(tmp_path, text):
    folder = write_scenes(settings(tmp_path, count=1, episodes=0)).scenes
    (folder / "flats.json").write_text(text)
    with pytest.raises(RunMismatch, match="flats.json there is damaged"):
        write_scenes(settings(tmp_path, count=1, episodes=0))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"episodes": 4}, "episodes: 3 then, 4 now"),
        ({"sizes": ["large"]}, "sizes: .*small.* then, .*large.* now"),
        ({"task": "v2"}, "task: v1 then, v2 now"),
    ],
)
def test_a_folder_of_other_settings_is_refused_and_left_alone(data, changes, told):
    before = content(data)
    with pytest.raises(RunMismatch, match=told):
        write_scenes(settings(data, **changes))
    assert content(data) == before


@pytest.mark.parametrize("sizes", ["small", "[small]"])
def test_one_size_needs_no_list_on_the_command_line(sizes, tmp_path, capsys):
    options = ["count=1", "episodes=0", f"output_dir={tmp_path}"]
    console.main(["scenes", f"sizes={sizes}", *options])
    folder = tmp_path / "scene_datasets" / "flats" / "val"
    assert (folder / f"apartment-small-{FIRST_EVALUATION_SEED}.glb").exists()
    with pytest.raises(SystemExit):
        console.main(["scenes", "sizes=5", *options])
    assert "sizes is 5, expected one of small, medium, large, or a list" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"split": "vall"}, UnknownName, "Did you mean 'val'"),
        ({"sizes": ["tiny"]}, UnknownName, "large, medium, small"),
        ({"sizes": []}, BadSetting, "sizes"),
        ({"task": "v3"}, UnknownName, "v1"),
        ({"count": 0}, BadSetting, "count"),
        ({"episodes": -1}, BadSetting, "episodes"),
        ({"first": 49_999}, BadSetting, "val has 50000 flats"),
        ({"name": "../flats"}, BadSetting, "name"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(
    tmp_path, changes, error, told
):
    with pytest.raises(error, match=told):
        write_scenes(settings(tmp_path / "data", **changes))
    assert not (tmp_path / "data").exists()
