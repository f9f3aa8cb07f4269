"""The gallery is drawn from episodes that were played."""

import numpy as np
import pytest
from PIL import Image

from uio2_agent.envs.tabletop.tasks import TASKS
from uio2_agent.errors import BadSetting
from uio2_agent.launch import gallery as module
from uio2_agent.launch.gallery import GalleryConfig, cell, episode, gallery


def test_an_episode_comes_with_numbered_pictures_and_ends_differently():
    text, pictures, (first, last) = episode("uio2/Tabletop-v0", "visual_manipulation", 3)
    assert text == "Put the [1] into the [2]."
    assert [picture.shape for picture in pictures] == [(64, 128, 3)] * 2
    assert first.shape == last.shape == (128, 256, 3)
    assert (first != last).any()


def test_a_scene_is_shown_whole_and_an_object_from_near():
    _, (scene,), _ = episode("uio2/Tabletop-v0", "rearrange", 3)
    _, (thing,), _ = episode("uio2/Tabletop-v0", "rotate", 3)
    assert scene.shape == thing.shape == (64, 128, 3)
    assert (thing == 255).mean() > 0.5  # nothing around it
    assert (scene == 255).mean() < 0.5  # a table


def test_a_cell_is_as_wide_as_both_views_whatever_its_prompt():
    views = [np.zeros((128, 256, 3), np.uint8)] * 2
    thumbnail = np.zeros((64, 128, 3), np.uint8)
    widths = {cell("a", "b", [thumbnail] * n, views).shape[1] for n in (1, 3, 8)}
    assert len(widths) == 1


def test_all_tasks_are_in_one_picture(tmp_path, monkeypatch):
    few = dict(list(TASKS.items())[:3])
    monkeypatch.setattr(module, "TASKS", few)
    path = gallery(GalleryConfig(output=str(tmp_path / "a" / "gallery.png"), seed=5, columns=2))
    with Image.open(path) as picture:
        assert picture.width > 2 * 2 * 256 and picture.height > 2 * 128


def test_settings_that_cannot_work_are_refused(tmp_path):
    with pytest.raises(BadSetting, match="columns"):
        gallery(GalleryConfig(output=str(tmp_path / "x.png"), columns=0))
    with pytest.raises(BadSetting, match="seed is -1"):
        gallery(GalleryConfig(output=str(tmp_path / "x.png"), seed=-1))
    with pytest.raises(BadSetting, match="png"):
        gallery(GalleryConfig(output=str(tmp_path / "x.jpg")))
