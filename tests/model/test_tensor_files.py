"""Tensors of files on disk, one at a time."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from uio2_agent.errors import BadCheckpoint
from uio2_agent.model import tensor_files
from uio2_agent.model.tensor_files import SafetensorsFile, Shards, TorchFile, open_weights

TENSORS = {f"t{i}": torch.full((3, i + 1), float(i)) for i in range(6)}


@pytest.fixture(params=["safetensors", "bin"])
def sharded(request, tmp_path) -> Path:
    index: dict[str, str] = {}
    stem = {"safetensors": "model", "bin": "pytorch_model"}[request.param]
    for i in range(2):
        part = {name: TENSORS[name] for name in list(TENSORS)[i::2]}
        file = f"{stem}-{i}.{request.param}"
        if request.param == "bin":
            torch.save(part, tmp_path / file)
        else:
            save_file(part, tmp_path / file)
        index.update(dict.fromkeys(part, file))
    path = tmp_path / f"{stem}.{request.param}.index.json"
    path.write_text(json.dumps({"weight_map": index}))
    return tmp_path


def test_tensors_read_earlier_stay_good_when_their_file_is_let_go(sharded, monkeypatch):
    monkeypatch.setattr(tensor_files, "_HELD", 20)  # bytes: after about every second tensor
    source = open_weights(sharded)
    assert isinstance(source, Shards)
    assert source.shapes == {name: tuple(tensor.shape) for name, tensor in TENSORS.items()}
    read = {name: source.read(name) for name in [*TENSORS, *TENSORS]}
    assert all(torch.equal(read[name], TENSORS[name]) for name in TENSORS)


def test_safetensors_come_before_torch_files(tmp_path):
    torch.save({"old": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    assert isinstance(open_weights(tmp_path), TorchFile)
    save_file({"new": torch.zeros(1)}, tmp_path / "model.safetensors")
    assert open_weights(tmp_path).shapes == {"new": (1,)}


def test_a_file_says_which_tensors_are_int8(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(2, dtype=torch.int8), "b": torch.zeros(2)}, path)
    assert SafetensorsFile(path).int8 == {"a"}


def test_a_file_that_goes_away_while_it_is_read_is_called_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_files, "_HELD", 0)
    path = tmp_path / "x.safetensors"
    save_file(TENSORS, path)
    source = SafetensorsFile(path)
    source.read("t0")
    path.unlink()
    with pytest.raises(BadCheckpoint, match="x.safetensors: cannot be read"):
        for name in TENSORS:
            source.read(name)
