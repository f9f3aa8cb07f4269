"""Standard datasets are found where they lie, and what is missing is named with its path."""

import logging
import shutil
from dataclasses import replace

import pytest

from uio2_agent.envs.pointnav.datasets import DATASETS, find_scene, split_file, with_scenes
from uio2_agent.envs.pointnav.episode_files import load_episodes, save_episodes
from uio2_agent.errors import BadEpisode, BadScene, UnknownName

# What published episodes say, and where it leads.
PUBLISHED = [
    "data/scene_datasets/habitat-test-scenes/apartment_1.glb",
    "data/scene_datasets/gibson/Adrian.glb",
    "gibson/Adrian.glb",
    "data/scene_datasets/mp3d/17DRP5sb8fy/17DRP5sb8fy.glb",
    "hm3d/val/00800-TEEsavR23oF/TEEsavR23oF.basis.glb",
    "./data/scene_datasets/hm3d/val/00800-TEEsavR23oF/TEEsavR23oF.basis.glb",
]


@pytest.fixture
def scenes_dir(tmp_path, scenes):
    """Called with scene ids, a folder in which they all lie."""

    def make(*scene_ids):
        for scene_id in scene_ids:
            path = tmp_path / scene_id.removeprefix("./").removeprefix("data/scene_datasets/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(scenes("v1") / "two_rooms.glb", path)
        return tmp_path

    return make


@pytest.mark.parametrize("scene_id", PUBLISHED)
def test_published_scene_ids_lead_into_the_scenes_folder(scenes_dir, scene_id):
    folder = scenes_dir(scene_id)
    relative = scene_id.removeprefix("./").removeprefix("data/scene_datasets/")
    assert find_scene(scene_id, folder) == str(folder / relative)


@pytest.mark.parametrize("scene_id", PUBLISHED)
def test_a_missing_scene_is_named_with_its_place_and_how_to_get_it(tmp_path, scene_id):
    relative = scene_id.removeprefix("./").removeprefix("data/scene_datasets/")
    with pytest.raises(BadScene) as told:
        find_scene(scene_id, tmp_path)
    assert str(tmp_path / relative) in str(told.value)
    word = "terms" if relative.startswith(("gibson", "mp3d")) else "datasets_download"
    assert word in str(told.value) and "content_scenes" in str(told.value)


def test_a_scene_of_no_known_dataset_names_the_folder_to_change(tmp_path):
    with pytest.raises(BadScene, match=f"scenes_dir, which is {tmp_path}"):
        find_scene("flat.glb", tmp_path)


def test_without_a_folder_the_usual_one_is_meant():
    with pytest.raises(BadScene, match="data/scene_datasets/gibson/Adrian.glb"):
        find_scene("gibson/Adrian.glb")


def test_a_file_is_taken_as_it_is_named_and_flats_keep_their_names(scenes, tmp_path):
    path = scenes("v1") / "two_rooms.glb"
    assert find_scene(path, tmp_path) == str(path)
    assert find_scene("apartment-small-5") == "apartment-small-5"


@pytest.mark.parametrize(
    ("keep", "problem"), [(0, "only 0 bytes"), (1000, "cut short: 1000 of"), (-1, "no binary glTF")]
)
def test_a_broken_download_is_refused_before_it_ends_the_process(tmp_path, scenes, keep, problem):
    data = (scenes("v1") / "two_rooms.glb").read_bytes()
    path = tmp_path / "flat.glb"
    path.write_bytes(data[:keep] if keep >= 0 else b"<html>not found</html>")
    with pytest.raises(BadScene, match=problem):
        find_scene(path)


@pytest.mark.parametrize("dataset", DATASETS)
def test_splits_lie_where_habitat_lab_has_them(tmp_path, dataset):
    path = tmp_path / dataset / "val" / "val.json.gz"
    with pytest.raises(BadEpisode, match="is not there. Get the episodes: ") as told:
        split_file(dataset, "val", tmp_path)
    assert str(path) in str(told.value)
    path.parent.mkdir(parents=True)
    path.touch()
    assert split_file(dataset, "val", tmp_path) == path
    with pytest.raises(UnknownName, match="'vall'. Did you mean 'val'"):
        split_file(dataset, "vall", tmp_path)


def test_an_unknown_dataset_is_named():
    with pytest.raises(UnknownName, match="Did you mean 'gibson/v2'"):
        split_file("gibson/v3")


def test_a_dataset_of_ones_own_is_found_by_its_folder(tmp_path):
    path = tmp_path / "mine" / "v1" / "val" / "val.json.gz"
    path.parent.mkdir(parents=True)
    path.touch()
    assert split_file("mine/v1", "val", tmp_path) == path
    with pytest.raises(UnknownName, match="split of .*mine/v1 'test'. Known: val"):
        split_file("mine/v1", "test", tmp_path)


def test_episodes_of_missing_scenes_are_an_error_or_left_out(
    episodes_file, tmp_path, scenes, caplog
):
    six = load_episodes(episodes_file)
    mixed = [replace(six[0], scene_id="gibson/Adrian.glb"), *six[:2]]
    with pytest.raises(BadScene, match="Adrian"):
        with_scenes(mixed, scenes("v1"))
    with caplog.at_level(logging.WARNING):
        left = with_scenes(mixed, scenes("v1"), "skip")
    assert [e.episode_id for e in left] == ["0", "1"] and "Adrian.glb" in caplog.text
    assert {e.scene_id for e in left} == {str(scenes("v1") / "two_rooms.glb")}
    with pytest.raises(BadScene, match="Adrian"):
        with_scenes(mixed[:1], scenes("v1"), "skip")


def test_a_training_split_in_a_file_per_scene_is_read(episodes_file, tmp_path, scenes):
    """As Gibson, MP3D and HM3D have it: an empty main file, and the folder `content`."""
    home = tmp_path / "gibson" / "v1" / "train"
    save_episodes(load_episodes(episodes_file), home / "train.json.gz", content=True)
    found = load_episodes(split_file("gibson/v1", "train", tmp_path))
    assert len(with_scenes(found, scenes("v1"))) == 6
