"""VIMA's trajectory folders become canonical episodes, or are named."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from uio2_agent.envs.tabletop.cameras import project
from uio2_agent.envs.tabletop.partitions import HELD_OUT_TASKS, TRAIN_TASKS
from uio2_agent.errors import BadEpisode, UnknownName
from uio2_agent.trajectories.store import EpisodeStore, write_shard
from uio2_agent.trajectories.unpickling import StandIn, read_pickle
from uio2_agent.trajectories.vima import TASKS, VimaFolder, read_vima_episode

GOLDEN = Path(__file__).parents[2] / "golden" / "vima"
RESTORE = "rearrange_then_restore/000000"
SIMPLE = "simple_manipulation/000000"


@pytest.fixture
def root(tmp_path):
    """The samples, to be spoilt."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "vima"))


def change(path: Path, where: str, value: object) -> None:
    """Write a pickle again with another value at `a/b/c`, or without it where `value` is ...."""
    everything = read_pickle(path)
    for thing in everything.get("obj_id_to_info", {}).values():
        for key in [key for key, part in thing.items() if isinstance(part, StandIn | type)]:
            del thing[key]
    *outer, last = where.split("/")
    part = everything
    for name in outer:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    path.write_bytes(pickle.dumps(everything))


def test_everything_of_a_trajectory_is_there():
    episode = read_vima_episode(GOLDEN / RESTORE)
    assert (episode.n_steps, len(episode.frames)) == (4, 5)
    assert episode.prompt_text == (
        "Rearrange objects to this setup <image_history_1> and then restore."
    )
    assert {name: (a.dtype, a.shape) for name, a in episode.actions.items()} == {
        "pose0_position": (np.float32, (4, 2)),
        "pose0_rotation": (np.float32, (4, 4)),
        "pose1_position": (np.float32, (4, 2)),
        "pose1_rotation": (np.float32, (4, 4)),
    }
    assert episode.labels["ee"].tolist() == [0] * 5
    assert episode.labels["ids"].tolist() == [5, 6]
    np.testing.assert_allclose(episode.labels["action_low"], [0.25, -0.5])
    np.testing.assert_allclose(episode.labels["action_high"], [0.75, 0.5])
    things = [["letter T", "red and yellow polka dot"], ["letter A", "tiger"]]
    assert episode.info == {
        "env": "uio2/VIMABench-v0",
        "task": "rearrange_then_restore",
        "seed": 0,
        "view": "top",
        "prompt": "pictures",
        "effector": 0,
        "success": True,
        "failure": False,
        "objects": ["red and yellow polka dot letter T", "tiger letter A"],
        "kinds": things,
        "placeholders": ["scene"],
        "pictures": [
            {"kind": "scene", "objects": [[i, *thing] for i, thing in enumerate(things, 2)]}
        ],
    }


@pytest.mark.parametrize(
    ("view", "colours", "ids"), [("top", 56.5998, 0.9852), ("front", 109.3808, 0.7169)]
)
def test_each_camera_has_its_own_pictures(view, colours, ids):
    episode = read_vima_episode(GOLDEN / RESTORE, view)
    assert episode.prompt_pictures.mean() == pytest.approx(colours, abs=1e-4)
    assert episode.labels["picture_segm"].mean() == pytest.approx(ids, abs=1e-4)
    drawn = episode.prompt_pictures.transpose(0, 2, 3, 1)[episode.labels["picture_segm"] == 1]
    assert (drawn == 47).all()  # the sheet; frames show it through JPEG
    seen = episode.frames.transpose(0, 2, 3, 1)[episode.labels["segm"] == 1]
    assert np.median(seen, axis=0).tolist() == [47, 47, 47]


def test_the_demonstrator_picks_where_the_segmentation_shows_an_object():
    episode = read_vima_episode(GOLDEN / RESTORE)
    picked = []
    for t, (x, y) in enumerate(episode.actions["pose0_position"]):
        column, row = (round(place) for place in project("top", x, y))
        around = episode.labels["segm"][t, row - 3 : row + 4, column - 3 : column + 4]
        picked.append(set(np.unique(around)) - {1})  # 1 is the table
    assert picked == [{5}, {6}, {5}, {6}]  # two are moved, then restored


def test_the_published_ways_read_as_todays():
    episode = read_vima_episode(GOLDEN / SIMPLE)
    assert episode.info["task"] == "visual_manipulation"
    np.testing.assert_allclose(episode.actions["pose0_position"], [[0.4125, 0.071875]])
    np.testing.assert_allclose(episode.actions["pose1_position"], [[0.3860407, 0.3474874]])
    assert episode.labels["action_high"].tolist() == [0.75, 0.5]
    assert episode.prompt_text == "Put the <image_history_1> into the <image_history_2>."
    assert [p["objects"][0][1] for p in episode.info["pictures"]] == ["letter M", "container"]


def test_a_picture_named_twice_has_one_slot(root):
    change(root / SIMPLE / "trajectory.pkl", "prompt", "{base_obj} {dragged_obj_1} {base_obj}.")
    first, second = read_vima_episode(GOLDEN / SIMPLE).prompt_pictures
    episode = read_vima_episode(root / SIMPLE)
    assert episode.prompt_text == "<image_history_1> <image_history_2> <image_history_1>."
    np.testing.assert_array_equal(episode.prompt_pictures, [second, first])


def test_words_alone_are_a_prompt_without_pictures(root):
    change(root / SIMPLE / "trajectory.pkl", "prompt", "Put the red ring into the bowl.")
    episode = read_vima_episode(root / SIMPLE)
    assert episode.prompt_pictures.shape == (0, 3, 128, 256)
    assert episode.labels["picture_segm"].shape == (0, 128, 256)
    assert episode.info["prompt"] == "words"


def test_the_spatula_is_told_from_the_suction_cup(root):
    change(root / SIMPLE / "trajectory.pkl", "end_effector_type", "spatula")
    with pytest.raises(BadEpisode, match=r"'spatula' where ee is \[0\]"):
        read_vima_episode(root / SIMPLE)
    change(root / SIMPLE / "obs.pkl", "ee", np.ones(2, np.int64))
    assert read_vima_episode(root / SIMPLE).info["effector"] == 1


def test_a_trajectory_goes_through_the_store_unchanged(tmp_path):
    episode = read_vima_episode(GOLDEN / SIMPLE)
    write_shard(tmp_path, 0, [episode])
    np.testing.assert_equal(vars(EpisodeStore(tmp_path)[0]), vars(episode))


def test_the_tasks_are_those_of_the_suite():
    assert sorted(TASKS) == sorted(TRAIN_TASKS + HELD_OUT_TASKS)


@pytest.mark.parametrize(
    ("file", "where", "value", "problem"),
    [
        ("trajectory.pkl", "steps", ..., "steps is missing"),
        ("obs.pkl", "ee", np.zeros(3, np.int64), r"ee is int64 \(3,\), expected integer \(2,\)"),
        ("trajectory.pkl", "steps", -1, "steps is -1"),
        ("trajectory.pkl", "success", "yes", "success is 'yes', expected a truth value"),
        ("trajectory.pkl", "prompt", "Put {it} there.", "prompt_assets/it is missing"),
        ("trajectory.pkl", "obj_id_to_info", {300: {}}, "obj_id_to_info/300"),
        ("trajectory.pkl", "obj_id_to_info", [], "obj_id_to_info is a list, expected a dict"),
        ("trajectory.pkl", "prompt_assets/base_obj/rgb/top", np.zeros(3), "base_obj/rgb/top is fl"),
        ("trajectory.pkl", "prompt_assets/base_obj/segm/obj_info", [1], "obj_info is a int"),
        (
            "obs.pkl",
            "segm/top",
            np.zeros((2, 64, 64), np.uint8),
            r"segm/top is uint8 \(2, 64, 64\)",
        ),
        ("obs.pkl", "segm", ..., "segm is missing"),
        ("action.pkl", "pose1_position", np.zeros((1, 4)), r"expected floats \(1, 2\)"),
        ("action.pkl", "pose1_rotation", np.zeros((1, 3)), r"expected floats \(1, 4\)"),
        ("action.pkl", "pose0_position", np.full((1, 2), np.nan), "pose0_position is not finite"),
        ("action.pkl", "pose0_position", np.array([[0.5, 0.51]]), r"0.5.*expected from \(0.25, -0"),
        ("action.pkl", "pose1_rotation", np.array([[0.0, 0, 0, 7]]), "pose1_rotation is .*7.0"),
    ],
)
def test_a_part_that_is_wrong_is_named(root, file, where, value, problem):
    change(root / SIMPLE / file, where, value)
    with pytest.raises(BadEpisode, match=f"{SIMPLE}/{file}: .*{problem}.*Fetch"):
        read_vima_episode(root / SIMPLE)


@pytest.mark.parametrize(
    "file", ["trajectory.pkl", "obs.pkl", "action.pkl", "rgb_top/0.jpg", "rgb_top/1.jpg"]
)
def test_a_file_missing_or_cut_short_is_named(root, file):
    path = root / SIMPLE / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadEpisode, match=f"{SIMPLE}/{file}: "):
        read_vima_episode(root / SIMPLE)
    path.unlink()
    with pytest.raises(BadEpisode, match=f"{SIMPLE}/{file}: cannot be read .*No such file"):
        read_vima_episode(root / SIMPLE)


def test_spoilt_bytes_raise_nothing_but_bad_episode(root):
    path = root / SIMPLE / "trajectory.pkl"
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        data = bytearray(whole)
        # Most of the file is pictures; what steers the reading stands at its start and end.
        place = int(rng.integers(3000)) * (1 if rng.random() < 0.7 else -1)
        data[place] = data[place] ^ (1 << int(rng.integers(8)))
        path.write_bytes(data)
        try:
            read_vima_episode(root / SIMPLE)
        except BadEpisode:
            refused += 1
    assert refused > 50


def test_pictures_of_another_size_or_number_are_refused(root):
    folder = root / SIMPLE / "rgb_top"
    shutil.copy(folder / "1.jpg", folder / "2.jpg")
    with pytest.raises(BadEpisode, match="more pictures than steps = 1"):
        read_vima_episode(root / SIMPLE)
    (folder / "2.jpg").unlink()
    Image.new("RGB", (64, 32)).save(folder / "1.jpg")
    with pytest.raises(BadEpisode, match=r"1.jpg: is a picture \(32, 64\), expected \(128, 256\)"):
        read_vima_episode(root / SIMPLE)


def test_a_folder_of_no_task_is_refused(root):
    shutil.move(root / SIMPLE, root / "else" / "000000")
    with pytest.raises(BadEpisode, match="lies in 'else', which is no task.*named after its task"):
        read_vima_episode(root / "else" / "000000")


def test_an_unknown_view_is_refused():
    with pytest.raises(UnknownName, match="Did you mean 'front'"):
        read_vima_episode(GOLDEN / SIMPLE, "fromt")
    with pytest.raises(UnknownName, match="unknown view"):
        VimaFolder(GOLDEN, "side")


def test_a_folder_lists_its_trajectories_in_order(root):
    for number in ("000010", "000002", "1000000"):
        shutil.copytree(root / SIMPLE, root / "simple_manipulation" / number)
    (root / "simple_manipulation" / "metadata.pkl").touch()
    (root / "simple_manipulation" / "notes").mkdir()
    names = [str(path.relative_to(root)) for path in VimaFolder(root).paths]
    simple = [f"simple_manipulation/{n}" for n in ("000000", "000002", "000010", "1000000")]
    assert names == [RESTORE, *simple]
    assert VimaFolder(root / "simple_manipulation").paths == [root / name for name in simple]


def test_a_folder_is_a_sequence_of_episodes():
    folder = VimaFolder(GOLDEN, "front")
    tasks = ["rearrange_then_restore", "visual_manipulation"]
    assert len(folder) == 2
    assert [episode.info["task"] for episode in folder] == tasks
    assert folder[1].info["view"] == "front"


def test_the_first_corrupted_trajectory_ends_the_reading_and_the_others_still_read(root):
    shutil.copytree(root / SIMPLE, root / "simple_manipulation" / "000001")
    (root / SIMPLE / "obs.pkl").write_bytes(b"not a pickle")
    folder = VimaFolder(root)
    with pytest.raises(BadEpisode, match="obs.pkl"):
        list(folder)
    assert folder[2].info["task"] == "visual_manipulation"


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_root_without_trajectories_is_refused(tmp_path, name):
    with pytest.raises(BadEpisode, match="holds no trajectories. Name a folder"):
        VimaFolder(tmp_path / name)
