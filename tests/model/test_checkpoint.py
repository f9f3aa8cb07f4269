"""Saving, loading, refusing; official names both ways."""

import gzip
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from uio2_agent.errors import BadCheckpoint, CannotWrite, CheckpointMismatch, UnknownName
from uio2_agent.model.checkpoint import (
    CONFIG,
    WEIGHTS,
    build_on_meta,
    from_official,
    load,
    official_names,
    read_tensors,
    save,
    to_official,
)
from uio2_agent.model.config import SIZES
from uio2_agent.model.unified import UnifiedIO2

AUDIO_OR_TARGETS = (
    "audio_token_embedder.",
    "image_token_embedder.",
    "input_embedders.audio.",
    "input_embedders.audio_history.",
    "target_embedders.audio.",
    "target_embedders.image.",
)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and torch.equal(a[k], b[k]) for k in a
    )


@pytest.fixture
def folder(tmp_path):
    return save(UnifiedIO2(SIZES["tiny"]), tmp_path / "checkpoint")


def test_large_has_every_official_tensor_in_scope(golden_folder):
    with gzip.open(golden_folder / "uio2_large_state_dict.json.gz") as file:
        official = {name: tuple(shape) for name, shape in json.load(file).items()}
    wanted = {k: v for k, v in official.items() if not k.startswith(AUDIO_OR_TARGETS)}
    ours = to_official(build_on_meta(SIZES["large"]).state_dict())
    assert {name: tuple(tensor.shape) for name, tensor in ours.items()} == wanted
    tensors = {k: torch.empty(v, device="meta") for k, v in official.items()}
    placement = from_official(tensors, SIZES["large"])
    assert placement.out_of_scope == sorted(official.keys() - wanted.keys())
    assert len(wanted) + len(placement.out_of_scope) == 1625


def test_xxl_learns_its_own_logit_scale():
    official = to_official(build_on_meta(SIZES["xxl"]).state_dict())
    prefix = "input_embedders.image_history.resampler.perceiver.layers_0.xattention."
    assert official[prefix + "logit_scale"].shape == (16,)
    assert prefix + "query_norm.scale" not in official


def test_official_weights_go_there_and_back_exactly(official):
    placement = from_official(official, SIZES["tiny"])
    placed = {k: v for k, v in official.items() if k not in placement.out_of_scope}
    assert equal(to_official(placement.state_dict), placed)
    assert all(name.startswith(AUDIO_OR_TARGETS) for name in placement.out_of_scope)
    assert len(placed) + len(placement.out_of_scope) == len(official)


def test_our_weights_go_there_and_back_exactly():
    for size in ("tiny", "nano"):
        state = UnifiedIO2(SIZES[size]).state_dict()
        assert equal(from_official(to_official(state), SIZES[size]).state_dict, state)


def test_without_image_input_the_vit_moves_to_the_history(official):
    cfg = replace(SIZES["tiny"], inputs=("text", "image_history"))
    placement = from_official(official, cfg)  # of a full checkpoint, whose ViT lives elsewhere
    assert "input_embedders.image.projection.weight" in placement.out_of_scope
    alone = to_official(placement.state_dict)
    home = "input_embedders.image_history.vit_image_encoder.vision_transformer."
    assert home + "positional_embedding" in alone
    assert not any("input_embedders.image." in name for name in alone)
    assert equal(from_official(alone, cfg).state_dict, placement.state_dict)


def test_official_tensors_that_fit_nowhere_are_named(official):
    spoilt = dict(official)
    lost = "encoder.layers_1.attention.key.weight"
    bent = "decoder.decoder_norm.scale"
    spoilt.pop(lost)
    spoilt[bent] = torch.zeros(63)
    spoilt["encoder.layers_7.surprise"] = torch.zeros(1)
    with pytest.raises(CheckpointMismatch) as caught:
        from_official(spoilt, SIZES["tiny"])
    assert caught.value.missing == [lost]
    assert caught.value.unexpected == ["encoder.layers_7.surprise"]
    assert caught.value.misshapen == [f"{bent}: (63,) != (64,)"]


@pytest.mark.parametrize("name", ["encoder.layers.0.norm9.scale", "vit.blocks.0.mlp.q", "x"])
def test_a_name_that_is_not_ours_is_refused(name):
    with pytest.raises(UnknownName, match="tensor"):
        official_names(name)


def test_a_saved_model_comes_back_the_same(folder):
    model = load(folder)
    assert model.cfg == SIZES["tiny"] and not model.training
    assert equal(model.state_dict(), UnifiedIO2(SIZES["tiny"]).state_dict())
    assert all(p.requires_grad for p in model.parameters())
    assert sorted(path.name for path in folder.iterdir()) == sorted([WEIGHTS, CONFIG])


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path, folder):
    half = save(load(folder), tmp_path / "half", dtype=torch.float16)
    assert (half / WEIGHTS).stat().st_size < 0.55 * (folder / WEIGHTS).stat().st_size
    for name, tensor in load(half).state_dict().items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, load(folder).state_dict()[name], atol=1e-3, rtol=1e-3)


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
