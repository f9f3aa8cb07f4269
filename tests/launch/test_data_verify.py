"""Corrupted episodes are named, all of them, and the exit status tells."""

import shutil
import sys
from pathlib import Path

import pytest

from uio2_agent.errors import BadEpisode, UnknownName
from uio2_agent.launch.data_verify import VerifyConfig, verify
from uio2_agent.launch.main import main
from uio2_agent.trajectories.store import EpisodeStore, write_shard
from uio2_agent.trajectories.vima import read_vima_episode

GOLDEN = Path(__file__).parents[1] / "golden" / "vima"


@pytest.fixture
def vima(tmp_path):
    return Path(shutil.copytree(GOLDEN, tmp_path / "vima"))


@pytest.fixture
def data(tmp_path):
    for path in sorted(GOLDEN.glob("*/*")):
        episode = read_vima_episode(path)
        write_shard(tmp_path / "data" / path.parent.name, 0, [episode, episode])
    return tmp_path / "data"


def run(monkeypatch, folder, *words) -> str | int | None:
    monkeypatch.setattr(sys, "argv", ["uio2"])
    try:
        main(["data", "verify", f"source={folder}", *words])
    except SystemExit as left:
        return left.code
    return 0


@pytest.mark.parametrize("kind", ["vima", "data"])
def test_a_folder_in_order_has_nothing_to_name(kind, request, monkeypatch, capsys):
    folder = request.getfixturevalue(kind)
    assert run(monkeypatch, folder) == 0
    told = capsys.readouterr().out
    count = {"vima": 2, "data": 4}[kind]
    assert f"{folder}: 0 of {count} corrupted" in told and "corrupted: " not in told


def test_every_corrupted_trajectory_is_named_with_the_reason(vima, monkeypatch, capsys):
    (vima / "rearrange_then_restore" / "000000" / "obs.pkl").write_bytes(b"no pickle")
    (vima / "simple_manipulation" / "000000" / "rgb_front" / "0.jpg").unlink()
    assert run(monkeypatch, vima) == 1
    told = capsys.readouterr().out.replace("\n", " ")
    assert "rearrange_then_restore/000000/obs.pkl: is cut short or damaged" in told
    assert "simple_manipulation/000000/rgb_front/0.jpg: cannot be read" in told
    assert f"{vima}: 2 of 2 corrupted" in told
    assert run(monkeypatch, vima, "view=top") == 1
    assert f"{vima}: 1 of 2 corrupted" in capsys.readouterr().out


def test_what_verify_names_is_what_a_training_would_be_refused(data, capsys):
    path = data / "simple_manipulation" / "episodes-00000000.bin"
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 16
    path.write_bytes(content)
    assert verify(VerifyConfig(str(data))) == 1
    assert "episode 0 fails its checksum" in capsys.readouterr().out
    store = EpisodeStore(path.parent)
    with pytest.raises(BadEpisode, match="episode 0 fails its checksum"):
        store[0]
    assert store[1].info["task"] == "visual_manipulation"
    path.write_bytes(content[:-1])
    assert verify(VerifyConfig(str(data))) == 1
    with pytest.raises(BadEpisode, match="is cut short"):
        EpisodeStore(path.parent)


def test_nothing_to_verify_is_refused(tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, tmp_path / "nowhere") == 1
    assert "nowhere: holds no trajectories" in capsys.readouterr().err
    with pytest.raises(UnknownName, match="Known: both, front, top"):
        verify(VerifyConfig(str(GOLDEN), view="side"))
