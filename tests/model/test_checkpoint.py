"""Saving, loading, refusing."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from uio2_agent.errors import BadCheckpoint, CannotWrite, CheckpointMismatch
from uio2_agent.model.checkpoint import (
    CONFIG,
    WEIGHTS,
    build_on_meta,
    cast,
    load,
    read_config,
    read_tensors,
    save,
)
from uio2_agent.model.config import SIZES
from uio2_agent.model.int8 import quantise
from uio2_agent.model.unified import UnifiedIO2

# 0.2 GB of weights in tensors of some 10 MB.
MIDDLING = replace(
    SIZES["nano"],
    width=1024,
    heads=16,
    head_dim=64,
    mlp_width=2816,
    encoder_layers=2,
    decoder_layers=1,
)
# What is held of a file at once (made smaller below), and the largest tensor.
OVERHEAD = 40 * 2**20
PEAK = """
import sys
from uio2_agent.model import tensor_files
from uio2_agent.model.checkpoint import build_on_meta, load, read_config
tensor_files._HELD = 1 << 24
build_on_meta(read_config(sys.argv[1]))  # imports a part of torch
def status(key):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))
before = status("VmRSS")
model = load(sys.argv[1])
print(sum(t.nbytes for t in model.state_dict().values()), status("VmHWM") - before)
"""


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and torch.equal(a[k], b[k]) for k in a
    )


@pytest.fixture
def folder(tmp_path):
    return save(UnifiedIO2(SIZES["tiny"]), tmp_path / "checkpoint")


def test_a_saved_model_comes_back_the_same(folder):
    model = load(folder)
    assert model.cfg == SIZES["tiny"] and not model.training
    assert equal(model.state_dict(), UnifiedIO2(SIZES["tiny"]).state_dict())
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen and all(".quantiser." in name for name in frozen)
    assert sorted(path.name for path in folder.iterdir()) == sorted([WEIGHTS, CONFIG])


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path, folder):
    half = save(load(folder), tmp_path / "half", dtype=torch.float16)
    assert (half / WEIGHTS).stat().st_size < 0.55 * (folder / WEIGHTS).stat().st_size
    whole = load(folder).state_dict()
    for name, tensor in load(half).state_dict().items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, whole[name], atol=1e-3, rtol=1e-3)


def test_bfloat16_leaves_vits_and_quantisers_in_float32(folder, tmp_path):
    model = load(folder, dtype=torch.bfloat16)
    assert equal(cast(load(folder), torch.bfloat16).state_dict(), model.state_dict())
    for name, tensor in model.state_dict().items():
        precise = name.startswith(("vit.", "audio_vit.")) or ".quantiser." in name
        assert tensor.dtype == (torch.float32 if precise else torch.bfloat16), name
    again = load(save(model, tmp_path / "again"), dtype=None)
    assert equal(again.state_dict(), model.state_dict())


def test_an_int8_model_comes_back_as_int8(tmp_path):
    model = UnifiedIO2(SIZES["nano"])
    quantise(model)
    folder = save(model, tmp_path / "int8", dtype=torch.float16)
    again = load(folder)
    assert again.state_dict()["encoder.layers.0.attention.q.weight"].dtype == torch.int8
    assert again.text_table.weight.dtype == torch.float32
    for name, tensor in again.state_dict().items():
        torch.testing.assert_close(tensor, model.state_dict()[name], atol=4e-3, rtol=1e-3)
        if name.endswith(".step"):
            assert torch.equal(tensor, model.state_dict()[name]), "steps are not rounded"


def test_int8_numbers_in_other_places_are_refused(folder):
    tensors = read_tensors(folder / WEIGHTS)
    tensors["vit.position"] = tensors["vit.position"].to(torch.int8)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(BadCheckpoint, match=r"vit\.position holds torch\.int8"):
        load(folder)


def test_loading_needs_memory_for_one_copy(tmp_path):
    """In a process of its own, whose peak is read off: a second copy would double it."""
    save(UnifiedIO2(MIDDLING), tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    size, peak = (int(word) for word in done.stdout.split())
    assert peak < 1.15 * size + OVERHEAD, (peak, size)


def test_saving_again_replaces_the_old_weights(folder):
    other = UnifiedIO2(SIZES["tiny"])
    other.init_weights(seed=9)
    save(other, folder)
    assert equal(load(folder).state_dict(), other.state_dict())


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
@pytest.mark.parametrize("damage", ["missing", "truncated", "foreign", "empty"])
def test_a_damaged_file_is_called_by_its_name(folder, name, damage):
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        parts = {"truncated": content[: len(content) // 2], "foreign": b"[1, 2]", "empty": b""}
        path.write_bytes(parts[damage])
    with pytest.raises(BadCheckpoint, match=name):
        load(folder)


def test_a_config_of_another_model_is_refused(folder):
    fields = json.loads((folder / CONFIG).read_text())
    fields["model"]["inputs"] = ["text", "smell"]
    (folder / CONFIG).write_text(json.dumps(fields))
    with pytest.raises(BadCheckpoint, match="smell"):
        load(folder)


def test_a_config_of_the_first_layout_is_told_what_wrote_it(folder):
    fields = json.loads((folder / CONFIG).read_text())
    fields["model"]["vit"] = fields["model"].pop("image")["vit"]
    (folder / CONFIG).write_text(json.dumps(fields))
    with pytest.raises(BadCheckpoint, match=r"version 0\.1.* rewrite its fields"):
        load(folder)


def test_the_shipped_agent_has_the_config_of_its_size():
    folder = Path(str(files("uio2_agent.checkpoints.nano")))
    assert read_config(folder) == SIZES["nano"]
    assert build_on_meta(SIZES["nano"]).parameter_count() == load(folder).parameter_count()


def test_tensors_that_do_not_fit_are_called_by_name(folder):
    tensors = read_tensors(folder / WEIGHTS)
    tensors.pop("vit.position")
    tensors["encoder.norm.scale"] = torch.zeros(3)
    tensors["stranger"] = torch.zeros(1)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(CheckpointMismatch) as caught:
        load(folder)
    assert caught.value.missing == ["vit.position"]
    assert caught.value.unexpected == ["stranger"]
    assert caught.value.misshapen == ["encoder.norm.scale: (3,) != (64,)"]


def test_a_full_disk_leaves_the_old_files_alone(folder, little_room):
    before = (folder / WEIGHTS).read_bytes()
    little_room(10_000)
    with pytest.raises(CannotWrite, match=r"weights\.safetensors: .*too large"):
        save(UnifiedIO2(SIZES["tiny"]), folder)
    little_room(None)
    assert (folder / WEIGHTS).read_bytes() == before
    assert len(list(folder.iterdir())) == 2, "no half-written file stays behind"
