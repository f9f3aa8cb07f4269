"""The vision transformer: parity, grids of any size, what must not matter."""

from dataclasses import replace

import pytest
import torch

from uio2_agent.errors import BadShape
from uio2_agent.model.config import SIZES, ViTConfig
from uio2_agent.model.vit import ViT

SMALL = ViTConfig(width=16, heads=2, layers=3, mlp_width=24, patch_width=12, grid=(3, 4))


def small(**changes) -> ViT:
    vit = ViT(replace(SMALL, **changes)).eval()
    generator = torch.Generator().manual_seed(1)
    for tensor in vit.parameters():
        tensor.data = 0.3 * torch.randn(tensor.shape, generator=generator)
    return vit


@pytest.fixture(scope="module")
def sound_vit(official) -> ViT:
    """The recorded audio encoder, whose two special tokens have names of their own."""
    prefix = "input_embedders.audio.image_encoder.vision_transformer."
    theirs = {k.removeprefix(prefix): v for k, v in official.items() if k.startswith(prefix)}
    tensors = {
        "special": torch.stack([theirs["cls_token"], theirs["dist_token"]]),
        "position": theirs["positional_embedding"],
        "patch.weight": theirs["embedding.weight"],
        "patch.bias": theirs["embedding.bias"],
    }
    for index in range(SIZES["tiny"].audio.vit.layers):
        block, old = f"blocks.{index}.", f"transformer.resblocks.{index}."
        for end in ("weight", "bias"):
            q, k, v = (theirs[f"{old}attn.{x}_in_proj_{end}"] for x in ("query", "key", "value"))
            tensors[f"{block}attention.q.{end}"] = q
            tensors[f"{block}attention.kv.{end}"] = torch.cat([k, v])
            tensors[f"{block}attention.out.{end}"] = theirs[f"{old}attn.out_proj.{end}"]
            for ours, name in {"norm1": "ln_1", "norm2": "ln_2"}.items():
                tensors[f"{block}{ours}.{end}"] = theirs[f"{old}{name}.{end}"]
            for ours, name in {"up": "fc1", "down": "fc2"}.items():
                tensors[f"{block}mlp.{ours}.{end}"] = theirs[f"{old}mlp.{name}.{end}"]
    vit = ViT(SIZES["tiny"].audio.vit).eval().requires_grad_(False)
    vit.load_state_dict(tensors)
    return vit


def patches(rows: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    pixels = torch.randn(rows, count, 12, generator=torch.Generator().manual_seed(2))
    return pixels, torch.ones(rows, count, dtype=torch.bool), torch.arange(count).expand(rows, -1)


def test_features_of_the_image_input_match_the_reference(tiny, tiny_inputs, golden, matches):
    image, out = tiny_inputs.image, golden("out_main")
    last, second = tiny.vit(image.pixels, image.mask, image.pos_ids, image.grid)
    matches(last, out["vit.image"], image.mask)
    matches(second, out["vit.image.second_layer"], image.mask)


def test_features_of_history_frames_match_the_reference(tiny, tiny_inputs, golden, matches):
    frames, out = tiny_inputs.image_history, golden("out_main")
    pixels, mask, pos_ids = (t.flatten(0, 1) for t in (frames.pixels, frames.mask, frames.pos_ids))
    last, second = tiny.vit(pixels, mask, pos_ids, frames.grid)
    matches(last, out["vit.image_history"], mask)
    matches(second, out["vit.image_history.second_layer"], mask)


@pytest.mark.parametrize("modality", ["audio", "audio_history"])
def test_features_of_sound_match_the_reference(sound_vit, batch, golden, matches, modality):
    names = (f"inputs.{modality}.{part}" for part in ("input", "mask", "pos_ids"))
    pixels, mask, pos_ids = (batch[name] for name in names)
    if modality == "audio_history":
        pixels, mask, pos_ids = (t.flatten(0, 1) for t in (pixels, mask, pos_ids))
    last, second = sound_vit(pixels, mask, pos_ids, (16, 8))
    matches(last, golden("out_main")[f"vit.{modality}"], mask)
    matches(second, golden("out_main")[f"vit.{modality}.second_layer"], mask)


@pytest.mark.parametrize("side", [16, 24])
def test_positions_are_resampled_as_the_reference_does(golden, matches, side):
    rope = golden("rope")
    vit = ViT(ViTConfig(width=8, heads=1, layers=2, mlp_width=8))
    with torch.no_grad():
        vit.position[1:] = torch.from_numpy(rope["posemb_bicubic_in"]).reshape(196, 8)
    ours = vit.positions((side, side)).reshape(side, side, 8)
    matches(ours.detach(), rope[f"posemb_bicubic_14to{side}"], atol=3e-6)


def test_the_stored_grid_is_used_as_it_is():
    vit = small()
    assert torch.equal(vit.positions((3, 4)), vit.position[1:])


def test_a_table_with_rows_to_spare_gives_its_first_ones_in_its_own_order():
    tall = small(position_rows=20)
    assert tall.position.shape == (21, 16)
    assert torch.equal(tall.positions((3, 4)), tall.position[1:13])
    vit = small(position_rows=20, column_major=True)
    expected = [1 + col * 3 + row for row in range(3) for col in range(4)]
    assert torch.equal(vit.positions((3, 4)), vit.position[expected])


def test_a_column_major_table_serves_no_other_grid():
    with pytest.raises(BadShape, match=r"\(3, 4\)"):
        small(column_major=True).positions((4, 3))


def test_a_cached_grid_follows_the_weights():
    vit = small()
    with torch.no_grad():
        before = vit.positions((6, 2))
        assert vit.positions((6, 2)) is before
        vit.position.mul_(2.0)
        torch.testing.assert_close(vit.positions((6, 2)), 2 * before)
    assert vit.positions((6, 2)).requires_grad, "training never reads the cache"


def test_masked_patches_do_not_matter():
    vit, (pixels, mask, pos_ids) = small(), patches(2, 12)
    mask = mask.clone()
    mask[:, 9:] = False
    changed = pixels.clone()
    changed[:, 9:] = 7.0
    for a, b in zip(
        vit(pixels, mask, pos_ids, (3, 4)), vit(changed, mask, pos_ids, (3, 4)), strict=True
    ):
        torch.testing.assert_close(a[:, :9], b[:, :9], atol=0, rtol=0)


def test_the_order_of_patches_does_not_matter():
    vit, (pixels, mask, pos_ids) = small(), patches(1, 12)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(3))
    straight, _ = vit(pixels, mask, pos_ids, (3, 4))
    shuffled, _ = vit(pixels[:, order], mask, pos_ids[:, order], (3, 4))
    torch.testing.assert_close(shuffled, straight[:, order])


@pytest.mark.parametrize(
    "changes",
    [
        {"special_tokens": 2, "patch_bias": True, "pre_norm": False},
        {"activation": "gelu_tanh", "eps": 1e-6},
        {"position_rows": 20, "column_major": True},
    ],
)
def test_the_spectrogram_variant_builds_and_runs(changes):
    last, second = small(**changes)(*patches(2, 12), (3, 4))
    assert last.shape == second.shape == (2, 12, 16)
    assert not torch.equal(last, small()(*patches(2, 12), (3, 4))[0])


def test_patches_of_another_width_are_refused():
    with pytest.raises(BadShape, match="12"):
        small()(torch.zeros(1, 4, 11), torch.ones(1, 4), torch.zeros(1, 4).long(), (3, 4))
