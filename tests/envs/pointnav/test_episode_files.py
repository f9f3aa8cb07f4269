"""Splits on disk: layouts, filters, and files that are broken."""

import gzip
import json
import logging

import pytest

from uio2_agent.envs.pointnav.episode_files import load_episodes, save_episodes
from uio2_agent.envs.pointnav.episodes import Goal, PointNavEpisode, to_json
from uio2_agent.errors import BadEpisode, BadSetting, CannotWrite, UnknownName


def episode(name, scene="a.glb"):
    return PointNavEpisode(
        episode_id=name,
        scene_id=scene,
        start_position=(0.0, 0.0, 0.0),
        start_rotation=(0.0, 0.0, 0.0, 1.0),
        goals=(Goal(position=(1.0, 0.0, 0.0)),),
    )


TWO_SCENES = [episode("0", "x/b.glb"), episode("1", "x/a.basis.glb"), episode("2", "x/b.glb")]


def names(episodes):
    return [e.episode_id for e in episodes]


def written(path, document):
    path.write_text(json.dumps(document))
    return path


def test_the_content_folder_of_the_reference_is_added_to_an_empty_main_file(episodes_file):
    episodes = load_episodes(episodes_file, "scenes")
    assert names(episodes) == ["0", "1", "2", "3", "4", "5"]
    assert {e.scene_id for e in episodes} == {"scenes/two_rooms.glb"}
    assert episodes[1].info["geodesic_distance"] == pytest.approx(8.5295124)


@pytest.mark.parametrize("name", ["val.json", "val.json.gz"])
def test_a_plain_file_is_read_as_it_was_written(tmp_path, name):
    save_episodes(TWO_SCENES, tmp_path / name)
    assert load_episodes(tmp_path / name) == TWO_SCENES


def test_one_file_per_scene_is_read_sorted_by_name(tmp_path):
    save_episodes(TWO_SCENES, tmp_path / "val" / "val.json.gz", content=True)
    files = sorted(p.name for p in (tmp_path / "val" / "content").iterdir())
    assert files == ["a.json.gz", "b.json.gz"]
    assert names(load_episodes(tmp_path / "val" / "val.json.gz")) == ["1", "0", "2"]


def test_the_same_episodes_make_the_same_bytes(tmp_path):
    for name in ("a.json.gz", "b.json.gz"):
        save_episodes(TWO_SCENES, tmp_path / name)
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


@pytest.mark.parametrize("content", [True, False])
def test_content_scenes_choose_among_files_and_within_one(tmp_path, content):
    save_episodes(TWO_SCENES, tmp_path / "val.json", content=content)
    assert names(load_episodes(tmp_path / "val.json", content_scenes=["b"])) == ["0", "2"]
    with pytest.raises(UnknownName, match="Known: a, b"):
        load_episodes(tmp_path / "val.json", content_scenes=["c", "b"])
    with pytest.raises(BadSetting, match="a list"):
        load_episodes(tmp_path / "val.json", content_scenes="b")


def test_a_file_may_say_where_its_scenes_files_are(tmp_path):
    (tmp_path / "parts").mkdir()
    written(tmp_path / "parts" / "a.json", {"episodes": [to_json(episode("9"))]})
    pattern = "{data_path}/parts/{scene}.json"
    main = written(tmp_path / "m.json", {"episodes": [], "content_scenes_path": pattern})
    assert names(load_episodes(main)) == ["9"]
    written(main, {"episodes": [], "content_scenes_path": "parts"})
    with pytest.raises(BadEpisode, match="content_scenes_path"):
        load_episodes(main)


def test_the_published_prefix_of_scenes_leads_to_the_folder_given(tmp_path):
    ids = ["data/scene_datasets/gibson/A.glb", "mp3d/x/x.glb", "/elsewhere/c.glb"]
    save_episodes([episode(str(i), scene) for i, scene in enumerate(ids)], tmp_path / "a.json")
    found = [e.scene_id for e in load_episodes(tmp_path / "a.json", "/d")]
    assert found == ["/d/gibson/A.glb", "/d/mp3d/x/x.glb", "/elsewhere/c.glb"]
    assert [e.scene_id for e in load_episodes(tmp_path / "a.json")] == ids


def test_scenes_inside_the_folder_given_are_written_relative_to_it(tmp_path):
    absolute = [episode("0", str(tmp_path / "s" / "a.glb")), episode("1", "/else/b.glb")]
    save_episodes(absolute, tmp_path / "a.json", scenes_dir=tmp_path / "s")
    assert [e.scene_id for e in load_episodes(tmp_path / "a.json")] == ["a.glb", "/else/b.glb"]
    assert load_episodes(tmp_path / "a.json", tmp_path / "s") == absolute


def test_a_bad_episode_is_an_error_that_names_it_or_skipped_and_logged_when_asked(tmp_path, caplog):
    bad = {**to_json(episode("1")), "colour": "red"}
    plain = [to_json(episode("0")), bad, 3, to_json(episode("2"))]
    path = written(tmp_path / "a.json", {"episodes": plain})
    with pytest.raises(BadEpisode, match="episode 1: has the unknown key 'colour'"):
        load_episodes(path)
    with caplog.at_level(logging.WARNING):
        assert names(load_episodes(path, on_bad_episode="skip")) == ["0", "2"]
    assert "episode 1: has the unknown key" in caplog.text and "episode number 2" in caplog.text
    with pytest.raises(UnknownName, match="Did you mean 'skip'"):
        load_episodes(path, on_bad_episode="skipp")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"episode": []}',
        b'{"episodes": {}}',
        b"\xff\xfe",
        b"\x1f\x8b\x08broken",
        gzip.compress(b'{"episodes": []}')[:-9],
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_a_typed_error_even_when_episodes_may_be_skipped(tmp_path, data):
    path = tmp_path / "a.json.gz"
    path.write_bytes(data)
    with pytest.raises(BadEpisode, match="a.json.gz"):
        load_episodes(path, on_bad_episode="skip")


def test_missing_and_empty_splits_are_said_to_be_so(tmp_path):
    with pytest.raises(BadEpisode, match="cannot be read"):
        load_episodes(tmp_path / "none.json.gz")
    save_episodes([], tmp_path / "a.json")
    with pytest.raises(BadEpisode, match="holds no episode"):
        load_episodes(tmp_path / "a.json")


def test_a_folder_that_cannot_be_is_said_to_be_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="in the way"):
        save_episodes(TWO_SCENES, tmp_path / "file" / "a.json")
