"""The whole model: parity, what must not matter, gradients, size, initial weights."""

import copy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from uio2_agent.errors import BadShape
from uio2_agent.model.checkpoint import cast
from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import FrameLatents, Inputs, Patches, patchify
from uio2_agent.model.official_names import from_official
from uio2_agent.model.targets import (
    Targets,
    TokenTargets,
    shift_right,
    text_targets,
    token_loss,
    total_loss,
)
from uio2_agent.model.unified import UnifiedIO2

TARGETS = torch.tensor([[5, 6, 7, 1], [8, 1, 0, 0], [9, 10, 1, 0]])


def answer(model: UnifiedIO2, inputs: Inputs, targets: torch.Tensor = TARGETS) -> torch.Tensor:
    """Text logits."""
    return model(inputs, text_targets(targets))["text"]


def select(inputs: Inputs, rows: list[int]) -> Inputs:
    def cut(p: Patches) -> Patches:
        return Patches(p.pixels[rows], p.mask[rows], p.pos_ids[rows], p.grid)

    assert inputs.text is not None
    parts = {k: cut(v) for k, v in vars(inputs).items() if isinstance(v, Patches)}
    return Inputs(text=inputs.text[rows], **parts)


def test_logits_of_every_modality_match_the_reference(
    tiny, tiny_inputs, tiny_targets, golden, matches
):
    """From pixels, spectrograms and words to logits, without a recorded value in between."""
    text, whole = golden("out_main")["logits.text"], golden("logits_main")
    logits = tiny(tiny_inputs, tiny_targets)
    matches(logits["text"], text, tiny_targets.text.valid())
    matches(logits["image"][0], whole["image_ex0"], tiny_targets.image.valid()[0])
    matches(logits["audio"][0], whole["audio_ex0"], tiny_targets.audio.valid()[0])


def test_sparse_and_dynamic_masks_match_the_reference(
    official, tiny_inputs, tiny_targets, golden, matches
):
    cfg = replace(SIZES["tiny"], sparse_masks=True, dynamic_masks=True)
    model = UnifiedIO2(cfg).eval()
    model.load_state_dict(from_official(official, cfg).state_dict)
    out = golden("out_pattern")
    with torch.no_grad():
        logits = model(tiny_inputs, tiny_targets)
    matches(logits["text"], out["logits.text"], tiny_targets.text.valid())
    for name in ("image", "audio"):
        where = getattr(tiny_targets, name).valid()[0]
        matches(logits[name][0], out[f"logits.{name}_ex0"], where)
    matches(total_loss(logits, tiny_targets), out["loss_total"])


def test_bfloat16_stays_in_the_band_of_the_reference(tiny, tiny_inputs, tiny_targets, golden):
    model = cast(copy.deepcopy(tiny), torch.bfloat16)
    logits = model(tiny_inputs, tiny_targets)["text"]
    assert logits.dtype == torch.bfloat16
    assert model.vit.position.dtype == torch.float32, "ViTs and quantisers keep their precision"
    where = tiny_targets.text.valid()
    error = (logits.float() - torch.from_numpy(golden("out_main")["logits.text"])).abs()[where]
    print(f"BFLOAT16 max {error.max():.4f} mean {error.mean():.4f}")
    assert error.max() < 0.03 and error.mean() < 0.0045


def test_modalities_may_come_alone_or_together(tiny, tiny_inputs, tiny_targets):
    encoded = tiny.encode(tiny_inputs)
    together = tiny.decode(encoded, tiny_targets)
    for name, part in tiny_targets.present():
        alone = tiny.decode(encoded, Targets(**{name: part}))
        assert list(alone) == [name]
        where = part.valid()
        torch.testing.assert_close(alone[name][where], together[name][where], atol=2e-5, rtol=1e-4)


def test_several_answers_in_a_row_are_those_of_rows_of_their_own(tiny, tiny_inputs):
    encoded = tiny.encode(select(tiny_inputs, [0]))
    answers = [[7, 8, 1], [9, 10, 11, 1]]
    alone = [tiny.decode(encoded, text_targets(torch.tensor([a])))["text"][0] for a in answers]
    ids = torch.tensor([[0] * 3 + [1] * 4])
    part = TokenTargets(torch.tensor([answers[0] + answers[1]]), answers=ids)
    together = tiny.decode(encoded, Targets(text=part))["text"][0]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_picture_written_token_by_token_has_the_teacher_forced_logits(
    official, tiny_inputs, tiny_targets, sparse
):
    cfg = replace(SIZES["tiny"], sparse_masks=sparse)
    model = UnifiedIO2(cfg).eval()
    model.load_state_dict(from_official(official, cfg).state_dict)
    with torch.no_grad():
        encoded = model.encode(tiny_inputs)
        tokens = tiny_targets.image.tokens
        part = TokenTargets(tokens, mask=torch.ones_like(tokens, dtype=torch.bool))
        whole = model.logits(model.decode(encoded, Targets(image=part))["image"], "image")
        cache = model.start(encoded, 1024, "image")
        for end, begin in ((300, 0), (301, 300), (340, 301)):
            last = model.step(shift_right(tokens)[:, begin:end], cache)
            torch.testing.assert_close(last, whole[:, end - 1], atol=2e-5, rtol=1e-4)


def test_the_order_of_rows_is_irrelevant(nano, nano_inputs):
    order = [2, 0, 1]
    straight = answer(nano, nano_inputs)
    shuffled = answer(nano, select(nano_inputs, order), TARGETS[order])
    torch.testing.assert_close(shuffled, straight[order], atol=2e-5, rtol=1e-4)


def test_padding_changes_nothing(nano, nano_inputs):
    plain = answer(nano, nano_inputs)
    history = nano_inputs.image_history
    wider = Patches(  # two more slots and 20 more patches a frame, all masked
        F.pad(history.pixels, (0, 0, 0, 20, 0, 2), value=1.0),
        F.pad(history.mask, (0, 20, 0, 2)),
        F.pad(history.pos_ids, (0, 20, 0, 2)),
        history.grid,
    )
    padded = replace(nano_inputs, text=F.pad(nano_inputs.text, (0, 9)), image_history=wider)
    longer = answer(nano, padded, F.pad(TARGETS, (0, 5)))
    where = TARGETS != 0
    torch.testing.assert_close(longer[:, :4][where], plain[where], atol=2e-5, rtol=1e-4)


def test_a_row_with_nothing_to_read_stays_finite(nano, nano_inputs):
    empty = replace(nano_inputs, text=torch.zeros_like(nano_inputs.text), image=None)
    logits = answer(nano, empty)  # row 2 has no history either
    assert logits.isfinite().all()


def test_streamed_history_gives_the_answer_of_recomputed_history(nano, nano_inputs):
    history = nano_inputs.image_history
    pixels, mask, pos_ids = (
        t.flatten(0, 1) for t in (history.pixels, history.mask, history.pos_ids)
    )
    flat = Patches(pixels, mask, pos_ids, history.grid)
    latents = nano.encode_frames(flat).unflatten(0, history.mask.shape[:2])
    seen = FrameLatents(latents, history.mask.any(dim=-1))
    streamed = answer(nano, replace(nano_inputs, image_history=seen))
    torch.testing.assert_close(streamed, answer(nano, nano_inputs), atol=2e-5, rtol=1e-4)


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
    token_loss(answer(model, inputs), TokenTargets(TARGETS)).backward()
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
    assert answer(model, few).isfinite().all()
    with pytest.raises(BadShape, match="only"):
        answer(model, nano_inputs)
    if "image_history" not in inputs:
        with pytest.raises(BadShape, match="image_history"):
            model.encode_frames(patchify(torch.zeros(1, 3, 16, 16)))


@pytest.mark.parametrize("shape", [(2, 4), (3, 513)])
def test_targets_of_the_wrong_shape_are_refused(nano, nano_inputs, shape):
    with pytest.raises(BadShape, match="text targets"):
        answer(nano, nano_inputs, torch.ones(shape, dtype=torch.int64))


def test_a_target_the_model_does_not_write_is_refused(nano, nano_inputs):
    part = TokenTargets(torch.ones(3, 4, dtype=torch.int64))
    with pytest.raises(BadShape, match="image"):
        nano(nano_inputs, Targets(text=part, image=part))
    with pytest.raises(BadShape, match="at least one"):
        nano(nano_inputs, Targets())


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
    full = answer(model, nano_inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = answer(model, nano_inputs)
    assert half.isfinite().all()
    assert (half.float() - full).abs().mean() < 0.05
    whole = answer(model.to(torch.bfloat16), nano_inputs)
    assert whole.dtype == torch.bfloat16 and (whole.float() - full).abs().mean() < 0.05
