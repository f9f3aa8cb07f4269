"""A folder's episodes, counted."""

import sys
from pathlib import Path

import pytest

from uio2_agent.errors import BadEpisode
from uio2_agent.launch.data_info import InfoConfig, info
from uio2_agent.launch.main import main
from uio2_agent.trajectories.store import write_shard
from uio2_agent.trajectories.vima import read_vima_episode

GOLDEN = Path(__file__).parents[1] / "golden" / "vima"


def told(folder) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in info(InfoConfig(str(folder)))[1:])


def test_vimas_trajectories_are_counted():
    head, *_ = info(InfoConfig(str(GOLDEN)))
    assert head == f"{GOLDEN}: VIMA trajectories, 1.3 MB"
    assert told(GOLDEN) == {
        "episodes": "2",
        "tasks": "rearrange_then_restore: 1, visual_manipulation: 1",
        "levels": "not told: 2",
        "views": "front: 2, top: 2",
        "steps": "1: 1, 4: 1",
    }


def test_shards_are_counted_and_corrupted_episodes_are_not(tmp_path, monkeypatch, capsys):
    simple, restore = (
        read_vima_episode(GOLDEN / name / "000000", view="front")
        for name in ("simple_manipulation", "rearrange_then_restore")
    )
    write_shard(tmp_path / "a", 0, [simple, simple])
    path = write_shard(tmp_path / "b", 0, [simple, restore])
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["uio2"])
    main(["data", "info", f"source={tmp_path}"])
    lines = capsys.readouterr().out.splitlines()
    assert f"{tmp_path}: shards of episodes, 0.2 MB" in lines
    assert {"episodes  3", "views     front: 3", "steps     1: 2, 4: 1"} <= {*lines}
    assert any(line.startswith("corrupted 1, not counted above") for line in lines)


def test_nothing_to_count_is_refused(tmp_path):
    with pytest.raises(BadEpisode, match="holds no trajectories"):
        info(InfoConfig(str(tmp_path)))
