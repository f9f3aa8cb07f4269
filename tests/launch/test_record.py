"""Recorded episodes are what the environment would have shown and the oracle would have done."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.tabletop.env import Tabletop
from uio2_agent.errors import BadEpisode, BadSetting, CannotWrite, RunMismatch, UnknownName
from uio2_agent.launch import record as recording
from uio2_agent.launch.record import AUDIOGOAL, RecordConfig, Recorder, SourceConfig, record
from uio2_agent.model.config import SIZES
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.trajectories.store import EpisodeStore

GOLDEN = Path(__file__).parents[1] / "golden" / "pointnav"
LEVEL = "placement_generalization"
TASKS = ("visual_manipulation", "rotate", "rearrange", "follow_order", "sweep_without_exceeding")
STREWN = SourceConfig(task="scatter", objects=[2, 4], episodes=7, first_seed=30)


@pytest.fixture(scope="module")
def recorder():
    return Recorder(LEVEL, "top")


@pytest.fixture(autouse=True)
def short_shards(monkeypatch):
    monkeypatch.setattr(recording, "SHARD", 3)


def fill(folder, view="top", **sources):
    return record(RecordConfig(output_dir=str(folder), view=view, sources=sources))


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("view", ["front", "top"])
def test_past_frames_show_what_the_environment_shows_after_the_oracles_moves(task, view):
    episode = Recorder(LEVEL, view).demonstration(task, "pictures", seed=12)
    env = Tabletop(task, oracle=True)
    seen, info = env.reset(seed=12)
    for action, frame in zip(episode.plan(), episode.frames[:-1], strict=True):
        np.testing.assert_array_equal(frame, seen["rgb"][view])
        for name, value in info["oracle_action"].items():
            np.testing.assert_array_equal(action[name], value)
        seen, _, _, _, info = env.step(action)
    np.testing.assert_array_equal(episode.frames[-1], seen["rgb"][view])
    assert episode.info["success"] == info["success"]


@pytest.mark.parametrize("task", TASKS)
def test_a_demonstration_solves_its_task_also_after_passing_through_the_codec(recorder, task):
    tokenizer = Tokenizer.from_file(find_checkpoint("nano") / "tokenizer.model")
    codec = VimaCodec(tokenizer, SIZES["nano"].text_vocab_size)
    env = Tabletop(task)
    for seed in range(5):
        episode = recorder.demonstration(task, "words", seed)
        observation, _ = env.reset(seed=seed)
        plan = codec.decode(
            observation, codec.encode(episode.plan(), effector=episode.info["effector"])
        )
        assert len(plan) == episode.n_steps == len(episode.frames) - 1
        for action in plan:
            *_, info = env.step(action)
        assert info["success"]


def test_the_prompt_is_the_environments(recorder):
    for prompt in ("pictures", "words"):
        episode = recorder.demonstration("rotate", prompt, seed=3)
        seen, _ = Tabletop("rotate", prompt=prompt).reset(seed=3)
        valid = seen["prompt_mask"].astype(bool)
        assert episode.prompt_text == seen["prompt_text"]
        np.testing.assert_array_equal(episode.prompt_pictures, seen["prompt_rgb"][valid][:, 1])


def test_strewn_objects_are_labelled_where_they_show(recorder):
    episode = recorder.strewn(5, seed=2)
    labels = episode.labels
    count = len(labels["ids"])
    assert len(episode.prompt_pictures) == len(episode.info["objects"]) == count > 2
    assert set(labels["ids"].tolist()) <= set(np.unique(labels["segm"]).tolist())
    for obj_id, (row, column) in zip(labels["ids"], labels["pixels"][0], strict=True):
        rows, columns = np.nonzero(labels["segm"][0] == obj_id)
        # Hollow shapes have no material at their centre, but it lies amid what shows of them.
        assert rows.min() <= row <= rows.max() and columns.min() <= column <= columns.max()


def test_a_source_takes_its_settings_in_turn_and_as_many_as_asked(tmp_path):
    folders = fill(tmp_path, strewn=STREWN, tasks=SourceConfig(task="rotate", episodes=4))
    strewn, tasks = (EpisodeStore(folders[name]) for name in ("strewn", "tasks"))
    assert (len(strewn), len(tasks)) == (7, 4)
    assert [len(e.prompt_pictures) for e in map(strewn.__getitem__, range(4))] == [2, 4, 2, 4]
    assert [strewn[i].info["seed"] for i in range(7)] == list(range(30, 37))
    prompts = [tasks[i].info["prompt"] for i in range(4)]
    assert prompts == ["pictures", "words", "pictures", "words"]


def test_the_same_seeds_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name, strewn=STREWN, tasks=SourceConfig(task="rearrange", episodes=3))
    for source in ("strewn", "tasks"):
        assert content(tmp_path / "a" / source) == content(tmp_path / "b" / source)
        assert len(content(tmp_path / "a" / source)) > 1


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_recording_keeps_whole_shards_and_goes_on(tmp_path, monkeypatch, failure):
    (whole,) = fill(tmp_path / "whole", strewn=STREWN).values()
    drawn = []

    def strewn(self, objects, seed, inner=Recorder.strewn):
        drawn.append(seed)
        if seed == 34:
            raise failure
        return inner(self, objects, seed)

    with monkeypatch.context() as m:
        m.setattr(Recorder, "strewn", strewn)
        expected = KeyboardInterrupt if failure is KeyboardInterrupt else CannotWrite
        with pytest.raises(expected):
            fill(tmp_path / "broken", strewn=STREWN)
    broken = tmp_path / "broken" / "strewn"
    assert sorted(content(broken)) == ["episodes-00000000.bin", "source.json"]
    failure, drawn[:] = None, []
    fill(tmp_path / "broken", strewn=STREWN)
    assert content(broken) == content(whole)


def test_a_full_disk_says_so_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    fill(tmp_path, strewn=replace(STREWN, episodes=3))
    before = content(tmp_path / "strewn")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(os, "fsync", full)
        with pytest.raises(CannotWrite, match="the disk is full"):
            fill(tmp_path, strewn=STREWN)
    assert content(tmp_path / "strewn") == before


def test_more_episodes_of_the_same_may_be_added(tmp_path):
    (at_once,) = fill(tmp_path / "at_once", strewn=STREWN).values()
    for episodes in (2, 4, 7, 5):  # fewer than there are changes nothing
        (grown,) = fill(tmp_path / "grown", strewn=replace(STREWN, episodes=episodes)).values()
    assert content(grown) == content(at_once)


@pytest.mark.parametrize(
    ("change", "view", "told"),
    [
        ({"first_seed": 31}, "top", "first_seed: 30 then, 31 now"),
        ({"objects": [3]}, "top", r"objects: \[2, 4\] then, \[3\] now"),
        ({}, "front", "view: top then, front now"),
    ],
)
def test_a_folder_of_other_settings_is_not_added_to(tmp_path, change, view, told):
    fill(tmp_path, strewn=STREWN)
    before = content(tmp_path / "strewn")
    with pytest.raises(RunMismatch, match=told):
        fill(tmp_path, view, strewn=replace(STREWN, **change, episodes=9))
    assert content(tmp_path / "strewn") == before


def test_a_shard_that_was_cut_short_is_named(tmp_path):
    fill(tmp_path, strewn=STREWN)
    path = tmp_path / "strewn" / "episodes-00000003.bin"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadEpisode, match=r"episodes-00000003\.bin: is cut short"):
        fill(tmp_path, strewn=STREWN)


def test_evaluation_seeds_are_never_recorded(tmp_path):
    fill(tmp_path, edge=replace(STREWN, first_seed=899_999, episodes=1))
    with pytest.raises(BadSetting, match="last seed is 900000, expected below 900000"):
        fill(tmp_path, beyond=replace(STREWN, first_seed=899_999, episodes=2))
    assert not (tmp_path / "beyond").exists()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (SourceConfig(task="scatter"), "sources.odd.objects is empty"),
        (SourceConfig(task="rotate", prompts=[]), "sources.odd.prompts is empty"),
    ],
)
def test_a_source_with_nothing_to_draw_from_is_refused(tmp_path, source, told):
    with pytest.raises(BadSetting, match=told):
        fill(tmp_path, odd=source)


@pytest.mark.parametrize(
    ("settings", "view", "known"),
    [
        ({"task": "rotat"}, "top", "Did you mean 'rotate'"),
        ({"task": "rotate", "prompts": ["speech"]}, "top", "pictures, words"),
        ({"task": "rotate"}, "side", "front, top"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path, settings, view, known):
    with pytest.raises(UnknownName, match=known):
        fill(tmp_path, view, odd=SourceConfig(**settings, episodes=1))


def test_a_source_can_be_played_in_any_environment_with_an_oracle(tmp_path, recorder):
    prompts = ["pictures", "words", "words"]
    played = SourceConfig(task="rotate", prompts=prompts, episodes=3, env="uio2/Tabletop-v0")
    (folder,) = fill(tmp_path, played=played).values()
    for i, episode in enumerate(map(EpisodeStore(folder).__getitem__, range(3))):
        drawn = recorder.demonstration("rotate", prompts[i], seed=i)
        assert episode.prompt_text == drawn.prompt_text
        np.testing.assert_array_equal(episode.frames, drawn.frames)


@pytest.fixture
def two_rooms(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("scene")
    shutil.copy(GOLDEN / "two_rooms_v1.navmesh", folder / "two_rooms.navmesh")
    return str(shutil.copy(GOLDEN / "two_rooms.glb", folder))


def test_walks_are_recorded_with_all_that_a_policy_could_ask_for(tmp_path, two_rooms):
    settings = {"scene": two_rooms, "size": 16, "task": "v1"}
    source = SourceConfig(task="pointnav", episodes=2, first_seed=3, settings=settings)
    (folder,) = fill(tmp_path, rooms=source).values()
    store = EpisodeStore(folder)
    assert [store[i].info["seed"] for i in range(2)] == [3, 4]
    for episode in (store[0], store[1]):
        assert episode.info["success"] and episode.info["task"] == "pointnav-v1"
        assert {"depth", "gps", "compass", "pointgoal_with_gps_compass"} <= {*episode.labels}
        assert len(episode.frames) == len(episode.labels["depth"]) == episode.n_steps + 1
    before = content(folder)
    fill(tmp_path, rooms=source)  # nothing is missing, so nothing is played
    assert content(folder) == before
    with pytest.raises(RunMismatch, match="settings: .*'size': 16.* then"):
        fill(tmp_path, rooms=replace(source, settings=settings | {"size": 8}))


def test_an_unknown_setting_of_pointnav_is_answered_with_the_known_ones(tmp_path):
    source = SourceConfig(task="pointnav", episodes=1, settings={"aparment": "small"})
    with pytest.raises(UnknownName, match="Did you mean 'apartment'"):
        fill(tmp_path, rooms=source)


def test_a_walk_with_detours_is_another_one(tmp_path, two_rooms):
    settings = {"scene": two_rooms, "size": 16, "task": "v1"}
    source = SourceConfig(task="pointnav", episodes=1, first_seed=3, settings=settings)
    folders = fill(tmp_path, straight=source, astray=replace(source, wander=0.3))
    straight, astray = (EpisodeStore(folder)[0] for folder in folders.values())
    assert astray.info["success"]
    assert astray.n_steps > straight.n_steps
    assert (astray.labels["oracle_action"][:-1] != astray.actions["action"]).any()


def test_a_walk_by_ear_is_recorded_with_what_is_seen_and_heard_there(tmp_path, two_rooms):
    settings = {"scene": two_rooms, "size": 16, "sound": "telephone"}
    source = SourceConfig(task="pointnav", env=AUDIOGOAL, episodes=1, settings=settings)
    told = {**settings, "sensors": ["rgb", "depth", "gps"]}
    folders = fill(
        tmp_path,
        deaf=replace(source, env=None, settings={"scene": two_rooms, "size": 16}),
        ears=source,
        astray=replace(source, wander=0.3),
        sure=replace(source, settings=told),
    )
    deaf, ears, astray, sure = (EpisodeStore(folder)[0] for folder in folders.values())
    assert ears.info["success"] and astray.n_steps > ears.n_steps
    assert ears.prompt_text == "go to the telephone you hear"
    # Nothing that a policy there would not be shown, unless asked for.
    senses = {*ears.labels} - {"position", "rotation", "collided", "oracle_action"}
    assert senses == {"depth", "audio"}
    assert {*sure.labels} - {*ears.labels} == {"gps"}
    assert "gps" in deaf.labels and "audio" not in deaf.labels
    odd = replace(source, settings={"sonud": "telephone"})
    with pytest.raises(UnknownName, match="Did you mean 'sound'"):
        fill(tmp_path, odd=odd)


@pytest.mark.parametrize("setting", [{"wander": 0.1}, {"agent": "nano"}])
def test_walkers_of_what_is_not_walked_are_refused(tmp_path, setting):
    with pytest.raises(BadSetting, match=f"sources.odd.{next(iter(setting))}"):
        fill(tmp_path, odd=SourceConfig(task="rotate", **setting))


def test_settings_of_what_is_not_made_with_them_are_refused(tmp_path):
    with pytest.raises(BadSetting, match="sources.odd.settings"):
        fill(tmp_path, odd=SourceConfig(task="rotate", settings={"size": 16}))


def test_episodes_that_are_there_already_are_used_where_they_are(tmp_path):
    (there,) = fill(tmp_path / "there", strewn=STREWN).values()
    folders = fill(tmp_path / "here", other=SourceConfig(path=str(there)))
    assert folders == {"other": there}
    assert not (tmp_path / "here").exists()


def test_walks_that_are_there_already_are_used_too(tmp_path, two_rooms):
    settings = {"scene": two_rooms, "size": 16}
    (there,) = fill(
        tmp_path / "there", walks=SourceConfig(task="pointnav", episodes=1, settings=settings)
    ).values()
    folders = fill(tmp_path / "here", walks=SourceConfig(task="pointnav", path=str(there)))
    assert folders == {"walks": there}


def test_existing_episodes_must_be_some_and_show_the_view_that_is_wanted(tmp_path):
    (there,) = fill(tmp_path / "there", strewn=STREWN).values()
    with pytest.raises(BadSetting, match="sources.other.path is top, expected front"):
        fill(tmp_path / "here", view="front", other=SourceConfig(path=str(there)))
    with pytest.raises(BadEpisode, match="holds no episodes"):
        fill(tmp_path / "here", other=SourceConfig(path=str(tmp_path / "nowhere")))
