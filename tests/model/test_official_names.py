"""Official names both ways, for every size and every choice of modalities."""

import gzip
import json
from dataclasses import replace

import pytest
import torch

from uio2_agent.errors import CheckpointMismatch, UnknownName
from uio2_agent.model.checkpoint import build_on_meta, shapes_of
from uio2_agent.model.config import SIZES
from uio2_agent.model.official_names import from_official, official_names, to_official
from uio2_agent.model.unified import UnifiedIO2

HOME = "input_embedders.{}_history.vit_image_encoder.vision_transformer.positional_embedding"


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and torch.equal(a[k], b[k]) for k in a
    )


def official_shapes(size: str) -> dict[str, tuple[int, ...]]:
    return shapes_of(to_official(build_on_meta(SIZES[size]).state_dict()))


def test_large_has_every_official_tensor(golden_folder):
    with gzip.open(golden_folder / "uio2_large_state_dict.json.gz") as file:
        official = {name: tuple(shape) for name, shape in json.load(file).items()}
    assert len(official) == 1625
    assert official_shapes("large") == official


@pytest.mark.parametrize(
    ("size", "tensors", "numbers"),
    [("large", 1625, 1_080_595_919), ("xl", 1625, 3_175_415_247), ("xxl", 1621, 6_864_176_143)],
)
def test_every_size_has_the_released_number_of_tensors_and_parameters(size, tensors, numbers):
    shapes = official_shapes(size)
    assert len(shapes) == tensors
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == numbers


def test_xxl_learns_its_own_logit_scale():
    shapes = official_shapes("xxl")
    for signal in ("image", "audio"):
        prefix = f"input_embedders.{signal}_history.resampler.perceiver.layers_0.xattention."
        assert shapes[prefix + "logit_scale"] == (16,)
        assert prefix + "query_norm.scale" not in shapes


def test_official_weights_go_there_and_back_exactly(official):
    placement = from_official(official, SIZES["tiny"])
    assert placement.out_of_scope == []
    assert equal(to_official(placement.state_dict), official)


def test_our_weights_go_there_and_back_exactly():
    for size in ("tiny", "nano"):
        state = UnifiedIO2(SIZES[size]).state_dict()
        assert equal(from_official(to_official(state), SIZES[size]).state_dict, state)


def test_what_a_choice_of_modalities_leaves_out_is_listed(official):
    cfg = replace(SIZES["tiny"], inputs=("text", "image"), targets=("text", "audio"))
    placement = from_official(official, cfg)
    left = {name.split(".")[1] for name in placement.out_of_scope if "embedders." in name}
    assert left == {"image_history", "audio", "audio_history", "image"}
    assert "image_token_embedder.weight" in placement.out_of_scope
    kept = {k: v for k, v in official.items() if k not in placement.out_of_scope}
    assert equal(to_official(placement.state_dict), kept)


@pytest.mark.parametrize("signal", ["image", "audio"])
def test_without_the_single_input_the_vit_moves_to_the_history(official, signal):
    cfg = replace(SIZES["tiny"], inputs=("text", f"{signal}_history"), targets=("text",))
    placement = from_official(official, cfg)  # of a full checkpoint, whose ViT lives elsewhere
    assert f"input_embedders.{signal}.projection.weight" in placement.out_of_scope
    alone = to_official(placement.state_dict)
    assert HOME.format(signal) in alone
    assert not any(f"input_embedders.{signal}." in name for name in alone)
    again = from_official(alone, cfg)
    assert equal(again.state_dict, placement.state_dict) and again.out_of_scope == []


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


@pytest.mark.parametrize(
    "name",
    ["encoder.layers.0.norm9.scale", "vit.blocks.0.mlp.q", "targets.image.quantiser.x.weight", "x"],
)
def test_a_name_that_is_not_ours_is_refused(name):
    with pytest.raises(UnknownName, match="tensor"):
        official_names(name)
