"""Pictures to patches, every modality to tokens."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadShape
from uio2_agent.model.config import INPUT_MODALITIES
from uio2_agent.model.inputs import (
    MEAN,
    STD,
    FrameLatents,
    Inputs,
    patchify,
    patchify_sound,
)


@pytest.mark.parametrize("name", INPUT_MODALITIES)
def test_tokens_of_each_modality_match_the_reference(tiny, tiny_inputs, golden, matches, name):
    tokens = tiny.embed(Inputs(**{name: getattr(tiny_inputs, name)}))
    out = golden("out_main")
    assert torch.equal(tokens.mask, torch.from_numpy(out[f"in.{name}.mask"]).bool())
    matches(tokens.embeddings, out[f"in.{name}.embed"], tokens.mask)


def test_a_patch_lists_its_pixels_by_row_column_channel():
    picture = torch.arange(3 * 32 * 48, dtype=torch.float32).reshape(3, 32, 48) / 5000
    patches = patchify(picture)
    assert patches.grid == (2, 3) and patches.pos_ids.tolist() == list(range(6))
    row, col, channel, patch = 5, 9, 2, 4  # patch 4 starts at pixel (16, 16)
    want = (picture[channel, 16 + row, 16 + col] - MEAN[channel]) / STD[channel]
    assert patches.pixels[patch, (row * 16 + col) * 3 + channel] == pytest.approx(want.item())


def test_bytes_and_floats_of_a_picture_give_the_same_patches():
    picture = torch.randint(0, 256, (2, 2, 3, 16, 32), dtype=torch.uint8)
    a, b = patchify(picture), patchify(picture.float() / 255)
    assert a.pixels.shape == (2, 2, 2, 768)
    torch.testing.assert_close(a.pixels, b.pixels)


def test_a_patch_counts_where_its_middle_pixel_is_real(golden):
    arrays = golden("image_pre")
    bits = np.unpackbits(arrays["odd_333x517.input384.mask_bits"], axis=1)
    mask = torch.from_numpy(bits).bool()
    ours = patchify(torch.zeros(3, 384, 384), mask).mask
    assert torch.equal(ours, torch.from_numpy(arrays["odd_333x517.input384.patch_mask"]).bool())


def test_a_patch_of_a_spectrogram_lists_its_cells_by_time_then_mel(golden):
    log_mel = torch.from_numpy(golden("mel")["log_mel_masked"]).T  # (256 time, 128 mel)
    patches = patchify_sound(log_mel)
    assert patches.grid == (16, 8) and patches.pixels.shape == (128, 256)
    recorded = torch.from_numpy(golden("mel")["vit_input_time_mel"])
    torch.testing.assert_close(patches.pixels[11].view(16, 16), recorded[16:32, 48:64])


@pytest.mark.parametrize(
    "log_mel", [torch.zeros(250, 128), torch.zeros(16), torch.zeros(16, 16, dtype=torch.int64)]
)
def test_spectrograms_that_are_none_are_refused(log_mel):
    with pytest.raises(BadShape, match="log_mel"):
        patchify_sound(log_mel)


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(1, 32, 32),
        torch.zeros(3, 30, 32),
        torch.zeros(3, 0, 32),
        torch.zeros(32, 32),
        torch.zeros(3, 32, 32, dtype=torch.int64),
    ],
)
def test_pictures_that_are_no_pictures_are_refused(images):
    with pytest.raises(BadShape):
        patchify(images)


def test_a_pixel_mask_of_another_size_is_refused():
    with pytest.raises(BadShape, match="mask"):
        patchify(torch.zeros(3, 32, 32), torch.ones(16, 32))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda i: Inputs(),
        lambda i: replace(i, text=i.text.float()),
        lambda i: replace(i, text=i.text[0]),
        lambda i: replace(i, text=torch.ones(3, 513, dtype=torch.int64)),
        lambda i: replace(i, text=i.text[:2]),
        lambda i: replace(i, image=i.image_history),
        lambda i: replace(i, image_history=i.image),
        lambda i: replace(i, image=replace(i.image, mask=i.image.mask[:, :5])),
        lambda i: replace(i, image=replace(i.image, pixels=i.image.pixels[..., :700])),
        lambda i: replace(
            i, image_history=FrameLatents(torch.zeros(3, 9, 16, 192), torch.ones(3, 9))
        ),
        lambda i: replace(
            i, image_history=FrameLatents(torch.zeros(3, 2, 15, 192), torch.ones(3, 2))
        ),
        lambda i: replace(
            i, image_history=FrameLatents(torch.zeros(3, 2, 16, 192), torch.ones(3, 1))
        ),
    ],
)
def test_inputs_of_the_wrong_shape_are_refused(nano, nano_inputs, spoil):
    with pytest.raises(BadShape):
        nano.encode(spoil(nano_inputs))


def test_frames_that_do_not_exist_become_masked_tokens(nano, nano_inputs):
    tokens = nano.embed(Inputs(image_history=nano_inputs.image_history))
    assert tokens.mask.sum(dim=1).tolist() == [32, 16, 0]


def test_a_batch_without_any_frame_still_has_its_slots(nano, nano_inputs):
    history = nano_inputs.image_history
    empty = replace(history, mask=torch.zeros_like(history.mask))
    encoded = nano.encode(replace(nano_inputs, image_history=empty))
    assert encoded.states.isfinite().all()


def test_frames_encoded_before_give_the_same_tokens_as_their_pixels(nano, nano_inputs):
    history = nano_inputs.image_history
    calls = []
    handle = nano.vit.register_forward_pre_hook(lambda _, args: calls.append(args[0].shape[0]))
    try:
        from_pixels = nano.embed(Inputs(image_history=history))
        assert calls == [3], "only the three frames that exist are looked at"
        frames = [patchify(torch.zeros(1, 3, 128, 256))] * 2  # a slot's picture, seen one by one
        latents = torch.zeros(3, 2, 16, 192)
        for row, slot in ((0, 0), (0, 1), (1, 0)):
            frame = replace(
                frames[0],
                pixels=history.pixels[row, slot][None],
                mask=history.mask[row, slot][None],
            )
            latents[row, slot] = nano.encode_frames(frame)[0]
        assert calls == [3, 1, 1, 1]
        seen = FrameLatents(latents, history.mask.any(dim=-1))
        streamed = nano.embed(Inputs(image_history=seen))
        assert calls == [3, 1, 1, 1], "latents never reach the ViT again"
    finally:
        handle.remove()
    assert torch.equal(streamed.mask, from_pixels.mask)
    assert torch.equal(streamed.rope, from_pixels.rope)
    where = streamed.mask
    torch.testing.assert_close(
        streamed.embeddings[where], from_pixels.embeddings[where], atol=1e-5, rtol=1e-5
    )


def test_moving_inputs_moves_every_part(nano_inputs):
    moved = nano_inputs.to("meta")
    assert moved.text.is_meta and moved.image.pixels.is_meta and moved.image_history.mask.is_meta
    assert FrameLatents(torch.zeros(1), torch.ones(1)).to("meta").latents.is_meta
    assert Inputs(text=torch.zeros(1)).to("meta").image is None
