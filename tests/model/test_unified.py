"""The whole model: what must not matter, gradients, size, initial weights."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from uio2_agent.errors import BadShape
from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import FrameLatents, Inputs, Patches, patchify
from uio2_agent.model.targets import text_loss
from uio2_agent.model.unified import UnifiedIO2

TARGETS = torch.tensor([[5, 6, 7, 1], [8, 1, 0, 0], [9, 10, 1, 0]])


def select(inputs: Inputs, rows: list[int]) -> Inputs:
    def cut(p: Patches) -> Patches:
        return Patches(p.pixels[rows], p.mask[rows], p.pos_ids[rows], p.grid)

    assert inputs.text is not None and inputs.image is not None
    assert isinstance(inputs.image_history, Patches)
    return Inputs(inputs.text[rows], cut(inputs.image), cut(inputs.image_history))


def test_logits_from_pixels_and_text_match_the_reference_row(
    tiny, tiny_inputs, batch, golden, matches
):
    """Row 1 of the recording has no audio, so it can be computed from end to end."""
    targets = batch["targets.text.targets"]
    logits = tiny(tiny_inputs, targets)
    matches(logits[1], golden("out_main")["logits.text"][1], targets[1] != 0)


def test_the_order_of_rows_is_irrelevant(nano, nano_inputs):
    order = [2, 0, 1]
    straight = nano(nano_inputs, TARGETS)
    shuffled = nano(select(nano_inputs, order), TARGETS[order])
    torch.testing.assert_close(shuffled, straight[order], atol=2e-5, rtol=1e-4)


def test_padding_changes_nothing(nano, nano_inputs):
    plain = nano(nano_inputs, TARGETS)
    history = nano_inputs.image_history
    wider = Patches(  # two more slots and 20 more patches a frame, all masked
        F.pad(history.pixels, (0, 0, 0, 20, 0, 2), value=1.0),
        F.pad(history.mask, (0, 20, 0, 2)),
        F.pad(history.pos_ids, (0, 20, 0, 2)),
        history.grid,
    )
    padded = replace(nano_inputs, text=F.pad(nano_inputs.text, (0, 9)), image_history=wider)
    longer = nano(padded, F.pad(TARGETS, (0, 5)))
    where = TARGETS != 0
    torch.testing.assert_close(longer[:, :4][where], plain[where], atol=2e-5, rtol=1e-4)


def test_a_row_with_nothing_to_read_stays_finite(nano, nano_inputs):
    empty = replace(nano_inputs, text=torch.zeros_like(nano_inputs.text), image=None)
    logits = nano(empty, TARGETS)  # row 2 has no history either
    assert logits.isfinite().all()


def test_streamed_history_gives_the_answer_of_recomputed_history(nano, nano_inputs):
    history = nano_inputs.image_history
    pixels, mask, pos_ids = (
        t.flatten(0, 1) for t in (history.pixels, history.mask, history.pos_ids)
    )
    flat = Patches(pixels, mask, pos_ids, history.grid)
    latents = nano.encode_frames(flat).unflatten(0, history.mask.shape[:2])
    seen = FrameLatents(latents, history.mask.any(dim=-1))
    streamed = nano(replace(nano_inputs, image_history=seen), TARGETS)
    torch.testing.assert_close(streamed, nano(nano_inputs, TARGETS), atol=2e-5, rtol=1e-4)


def test_the_slot_of_a_frame_matters(nano, nano_inputs):
    frames = torch.randn(1, 2, 16, 192, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(1, 2, dtype=torch.bool)
    text = nano_inputs.text[:1]
    a = nano.encode(Inputs(text, image_history=FrameLatents(frames, mask))).states
    b = nano.encode(Inputs(text, image_history=FrameLatents(frames.flip(1), mask))).states
    assert not torch.allclose(a[:, :12], b[:, :12], atol=1e-4)


@pytest.mark.parametrize("size", [(64, 64), (128, 256), (16, 320)])
def test_pictures_of_any_multiple_of_sixteen_are_read(nano, nano_inputs, size):
    picture = torch.randint(0, 256, (3, 3, *size), dtype=torch.uint8)
    encoded = nano.encode(Inputs(text=nano_inputs.text, image=patchify(picture)))
    assert encoded.states.shape == (3, 12 + size[0] * size[1] // 256, 192)
    assert encoded.states.isfinite().all()


def train_once(model: UnifiedIO2, inputs: Inputs) -> dict[str, bool]:
    """Which top-level parts got a gradient that is not zero."""
    model.zero_grad()
    text_loss(model(inputs, TARGETS), TARGETS).backward()
    reached = {}
    for name, part in model.named_children():
        grads = [p.grad for p in part.parameters() if p.grad is not None]
        assert all(g.isfinite().all() for g in grads)
        reached[name] = any(g.abs().max() > 0 for g in grads)
    return reached


def test_gradients_reach_the_vit_only_through_an_image_and_only_unless_frozen(nano_inputs):
    model = UnifiedIO2(SIZES["nano"])
    parts = train_once(model, nano_inputs)
    assert all(parts.values())
    assert not train_once(model, replace(nano_inputs, image=None))["vit"]
    for name, p in model.inputs["image_history"].named_parameters():
        assert p.grad is not None and p.grad.abs().max() > 0, name
    frozen = UnifiedIO2(replace(SIZES["nano"], freeze_vit=True))
    parts = train_once(frozen, nano_inputs)
    assert not parts.pop("vit") and all(parts.values())


@pytest.mark.parametrize(
    "inputs", [("text",), ("text", "image"), ("text", "image_history"), ("image_history",)]
)
def test_a_model_with_fewer_inputs_builds_runs_and_refuses_the_others(nano_inputs, inputs):
    model = UnifiedIO2(replace(SIZES["nano"], inputs=inputs)).eval()
    few = Inputs(**{name: getattr(nano_inputs, name) for name in inputs})
    assert model(few, TARGETS).isfinite().all()
    with pytest.raises(BadShape, match="only"):
        model(nano_inputs, TARGETS)
    if "image_history" not in inputs:
        with pytest.raises(BadShape, match="frames"):
            model.encode_frames(patchify(torch.zeros(1, 3, 16, 16)))


@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 0), (3, 513)])
def test_targets_of_the_wrong_shape_are_refused(nano, nano_inputs, shape):
    with pytest.raises(BadShape, match="text_targets"):
        nano(nano_inputs, torch.ones(shape, dtype=torch.int64))


def test_nano_stays_below_eight_million_parameters(nano):
    groups = nano.parameter_groups()
    assert nano.parameter_count() == sum(groups.values()) == 7_668_288
    assert groups["vit"] < 3_000_000


@pytest.mark.parametrize(
    ("name", "encoder", "decoder"),
    [
        ("large", 308_334_592, 409_025_536),
        ("xl", 1_157_734_400, 1_560_442_880),
        ("xxl", 2_718_065_664, 3_624_115_200),
    ],
)
def test_official_sizes_have_the_published_number_of_parameters(name, encoder, decoder):
    with torch.device("meta"):
        groups = UnifiedIO2(SIZES[name]).parameter_groups()
    assert (groups["encoder"], groups["decoder"]) == (encoder, decoder)
    assert groups["vit"] == 78_710_016
    assert groups["text_table"] == 33280 * SIZES[name].width


def test_initial_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    a = UnifiedIO2(SIZES["tiny"]).state_dict()
    torch.manual_seed(2)
    model = UnifiedIO2(SIZES["tiny"])
    assert all(torch.equal(a[k], v) for k, v in model.state_dict().items())
    model.init_weights(seed=1)
    assert not torch.equal(a["text_table.weight"], model.text_table.weight)


def test_initial_weights_follow_their_table():
    model = UnifiedIO2(SIZES["nano"])
    state = model.state_dict()
    for name, want in {
        "text_table.weight": 1.0,
        "inputs.image.modality": 0.02,
        "targets.text.modality": 0.02,
        "encoder.layers.2.attention.kv.weight": 192**-0.5,
        "decoder.layers.1.mlp.down.weight": 512**-0.5,
        "vit.blocks.3.mlp.up.weight": 192**-0.5,
        "vit.position": 192**-0.5,
        "inputs.image_history.resampler.latents": 1.0,
    }.items():
        assert state[name].std().item() == pytest.approx(want, rel=0.15), name
    for name, tensor in state.items():
        if name.endswith("bias"):
            assert not tensor.any(), name
        elif "norm" in name:
            assert (tensor == 1).all(), name


@pytest.mark.parametrize("name", SIZES)
def test_every_named_size_can_be_built_without_memory(name):
    with torch.device("meta"):
        model = UnifiedIO2(SIZES[name])
    assert all(p.is_meta for p in model.parameters())
    assert not list(model.buffers()), "tables are not part of a model"


def test_half_precision_runs(nano_inputs):
    model = UnifiedIO2(SIZES["nano"]).eval()
    full = model(nano_inputs, TARGETS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = model(nano_inputs, TARGETS)
    assert half.isfinite().all()
    assert (half.float() - full).abs().mean() < 0.05
    whole = model.to(torch.bfloat16)(nano_inputs, TARGETS)
    assert whole.dtype == torch.bfloat16 and (whole.float() - full).abs().mean() < 0.05
