"""From VIMA's folders to examples to train on."""

import os
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.errors import BadEpisode, BadSetting, UnknownName
from uio2_agent.launch import data_convert
from uio2_agent.launch.data_convert import ConvertConfig, convert
from uio2_agent.launch.main import main
from uio2_agent.model.config import SIZES
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.policies.objectives.cloning import cloning_example
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.store import EpisodeStore
from uio2_agent.trajectories.unpickling import read_pickle

GOLDEN = Path(__file__).parents[1] / "golden" / "vima"
OLD = "simple_manipulation"


@pytest.fixture
def vima(tmp_path):
    """Both samples, and the one of the old name also under today's."""
    root = Path(shutil.copytree(GOLDEN, tmp_path / "vima"))
    shutil.copytree(root / OLD, root / "visual_manipulation")
    return root


def into(tmp_path, **settings) -> dict[str, list[Episode]]:
    """Convert the samples -> what is in each folder, by view and task."""
    out = tmp_path / "data"
    results = convert(ConvertConfig(str(tmp_path / "vima"), str(out), **settings))
    stores = {str(r.folder.relative_to(out)): EpisodeStore(r.folder) for r in results}
    return {name: [store[i] for i in range(len(store))] for name, store in stores.items()}


def test_each_view_and_task_has_a_folder_under_todays_name(vima, tmp_path):
    found = into(tmp_path, view="both")
    counts = {name: len(episodes) for name, episodes in found.items()}
    assert counts == {
        "front/rearrange_then_restore": 1,
        "front/visual_manipulation": 2,
        "top/rearrange_then_restore": 1,
        "top/visual_manipulation": 2,
    }
    for name, episodes in found.items():
        assert {f"{e.info['view']}/{e.info['task']}" for e in episodes} == {name}


def test_the_other_view_is_added_without_touching_the_first(vima, tmp_path):
    into(tmp_path, view="top")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "data").rglob("*.bin")}
    assert len(into(tmp_path, view="both")) == 4
    assert {p: p.stat().st_mtime_ns for p in before} == before


@pytest.mark.parametrize("name", [OLD, "visual_manipulation"])
def test_tasks_are_chosen_by_their_old_or_new_names(vima, tmp_path, name):
    assert [*into(tmp_path, tasks=[name])] == ["top/visual_manipulation"]


def test_a_limit_is_for_each_task_and_may_be_raised(vima, tmp_path):
    assert [len(e) for e in into(tmp_path, limit=1).values()] == [1, 1]
    assert [len(e) for e in into(tmp_path).values()] == [1, 2]


@pytest.mark.parametrize("here", [".", OLD, f"{OLD}/000000"])
def test_a_folder_of_one_task_is_a_source_too_wherever_one_stands(
    vima, tmp_path, monkeypatch, here
):
    monkeypatch.chdir(vima / here)
    source = os.path.relpath(vima / OLD)
    results = convert(ConvertConfig(source, str(tmp_path / "data")))
    assert [(r.folder.name, r.episodes) for r in results] == [("visual_manipulation", 1)]


def test_what_lies_in_no_tasks_folder_is_corrupted(vima, tmp_path):
    shutil.move(vima / OLD, vima / "else")
    with pytest.raises(BadEpisode, match="lies in 'else', which is no task"):
        into(tmp_path)
    assert [len(e) for e in into(tmp_path, on_bad_episode="skip").values()] == [0, 1, 1]
    assert [*into(tmp_path, tasks=[OLD])] == ["top/visual_manipulation"]


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"view": "side"}, UnknownName, "Known: both, front, top"),
        ({"tasks": ["rotat"]}, UnknownName, "Did you mean 'rotate'"),
        ({"tasks": ["twist"]}, BadSetting, "tasks is twist, expected some of rearrange_then_r"),
        ({"limit": 0}, BadSetting, "limit is 0, expected at least 1"),
        ({"on_bad_episode": "ignore"}, UnknownName, "Known: raise, skip"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(vima, tmp_path, settings, error, told):
    with pytest.raises(error, match=told):
        into(tmp_path, **settings)
    assert not (tmp_path / "data").exists()


@pytest.fixture(scope="module")
def codec():
    tokenizer = Tokenizer.from_file(find_checkpoint("nano") / "tokenizer.model")
    return VimaCodec(tokenizer, SIZES["nano"].text_vocab_size, past_frames=2)


def sweep(vima) -> None:
    """Make a push with the spatula of the sample, in a folder with an old name."""
    folder = vima / "sweep" / "000000"
    shutil.copytree(vima / OLD / "000000", folder)
    seen = read_pickle(folder / "obs.pkl")
    (folder / "obs.pkl").write_bytes(pickle.dumps(seen | {"ee": np.ones_like(seen["ee"])}))
    told = (folder / "trajectory.pkl").read_bytes()
    assert told.count(b"suction") == 1
    (folder / "trajectory.pkl").write_bytes(told.replace(b"suction", b"spatula"))


def test_every_step_of_a_converted_episode_can_be_learnt_from(vima, tmp_path, codec):
    sweep(vima)
    found = into(tmp_path)
    assert len(found) == 3
    for name, episodes in found.items():
        verb = "push from" if name == "top/sweep_without_exceeding" else "pick from"
        for episode in episodes:
            for step in range(episode.n_steps):
                example = cloning_example(episode, codec, step)
                plan = codec.decode({}, example.answer)
                assert codec.tokenizer.decode(example.answer).startswith(f"1: {verb}")
                assert len(plan) == episode.n_steps - step, name
                done = [episode.actions[f"pose{i}_position"][step:] for i in range(2)]
                said = [[a[f"pose{i}_position"] for a in plan] for i in range(2)]
                np.testing.assert_allclose(said, done, atol=1e-3)  # a bin is 0.5 mm by 1 mm
                np.testing.assert_array_equal(example.image, episode.frames[step])
                assert len(example.frames) == len(episode.prompt_pictures) + min(step, 2)


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["uio2"])
    main(["data", "convert", *words])


def test_the_command_names_folders_counts_and_what_it_skipped(vima, tmp_path, monkeypatch, capsys):
    (vima / OLD / "000000" / "rgb_top" / "1.jpg").unlink()
    out = tmp_path / "data"
    run(monkeypatch, f"source={vima}", f"output_dir={out}", "on_bad_episode=skip")
    lines = [line for line in capsys.readouterr().out.splitlines() if "100%" not in line]
    first, second, skipped = lines[-3:]
    assert first == f"{out}/top/rearrange_then_restore: episodes 1"
    assert second == f"{out}/top/visual_manipulation: episodes 1, skipped 1"
    assert f"skipped {OLD}/000000: " in skipped and "1.jpg: cannot be read" in skipped
    assert sorted(p.name for p in out.iterdir()) == ["top"]


def test_ctrl_c_says_how_to_go_on(vima, tmp_path, monkeypatch, capsys):
    def interrupted(*args, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(data_convert, "convert_trajectories", interrupted)
    with pytest.raises(SystemExit) as left:
        run(monkeypatch, f"source={vima}", f"output_dir={tmp_path / 'data'}")
    assert left.value.code == 130
    command = f"uio2 data convert source={vima} output_dir={tmp_path / 'data'}"
    assert capsys.readouterr().err.strip().endswith(command)
