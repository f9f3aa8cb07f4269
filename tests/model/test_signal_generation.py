"""Pictures and sounds token by token: parity, guidance, masks, seeds, progress, long sounds."""

import copy
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.model.config import SIZES, SignalConfig, ViTVQGANConfig, VQGANConfig
from uio2_agent.model.inputs import FrameLatents, Inputs, patchify_sound
from uio2_agent.model.sampling import Sampling, guide
from uio2_agent.model.signal_generation import (
    Generated,
    Guidance,
    generate_audio,
    generate_image,
    generate_long_audio,
    generate_signal,
    join,
)
from uio2_agent.model.targets import Targets, TokenTargets
from uio2_agent.model.transformer import Encoded
from uio2_agent.model.unified import UnifiedIO2

GREEDY = Sampling()
# Where the reference's two best tokens were closer than this, rounding decides the rest.
SMALL_MARGIN = 1e-4
MEL_MEAN, MEL_STD = -5.0945, 3.8312  # of the recorded spectrogram's units


def ban(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """The golden rule: never 0 or 1, nor any of the last twelve tokens."""
    scores[:, :2] = -1e4
    return scores.scatter(1, tokens[:, -12:], -1e4)


def rows_of(encoded: Encoded, *rows: int) -> Encoded:
    index = list(rows)
    return Encoded(encoded.states[index], encoded.mask[index], encoded.rope[index])


@pytest.fixture(scope="module")
def greedy(tiny, tiny_inputs):
    """Modality → what is written by plain choice (rows 0, 1) and under `ban` (rows 2, 3).

    And the scores of the first eight steps, rows 2 and 3.
    """
    four = rows_of(tiny.encode(tiny_inputs), 0, 1, 0, 1)
    made: dict[str, tuple[Generated, torch.Tensor]] = {}

    def write(modality: str) -> tuple[Generated, torch.Tensor]:
        if modality not in made:
            first: list[torch.Tensor] = []

            def rule(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
                scores = torch.cat([scores[:2], ban(scores[2:], tokens[2:])])
                if len(first) < 8:
                    first.append(scores[2:].clone())
                return scores

            written = generate_signal(
                tiny, four, modality, sampling=GREEDY, rule=rule, suppress=False
            )
            made[modality] = written, torch.stack(first, dim=1)
        return made[modality]

    return write


def same_tokens(ours: torch.Tensor, arrays: dict[str, np.ndarray], name: str) -> None:
    """Equal to the recorded ones up to each row's first small margin."""
    want, margin = arrays[f"{name}.sequences"][:, 1:], arrays[f"{name}.margin"]
    assert ours.shape == want.shape
    for row, recorded, gaps in zip(ours.numpy(), want, margin, strict=True):
        small = np.flatnonzero(gaps < SMALL_MARGIN)
        sure = int(small[0]) if len(small) else len(recorded)
        assert sure >= 64
        assert np.array_equal(row[:sure], recorded[:sure])


@pytest.mark.parametrize("modality", ["image", "audio"])
def test_greedy_signals_are_the_recorded_ones(greedy, golden, modality):
    tokens = greedy(modality)[0].tokens
    same_tokens(tokens[:2], golden("gen"), modality)
    same_tokens(tokens[2:], golden("gen"), f"{modality}_ban")


@pytest.mark.parametrize("modality", ["image", "audio"])
def test_the_first_scores_match_the_reference(greedy, golden, matches, modality):
    matches(greedy(modality)[1], golden("gen")[f"{modality}_ban.scores_first8"])


def test_the_written_picture_matches_the_reference(greedy, golden, matches):
    arrays, pictures = golden("gen"), greedy("image")[0].signal
    assert pictures.shape == (4, 3, 256, 256)
    assert pictures.min() >= 0.0 and pictures.max() <= 1.0
    row = pictures[2]  # row 3 has a small margin early on
    matches(row[:, ::4, ::4].permute(1, 2, 0), arrays["image_ban.decoded_stride4"][0], atol=2e-4)
    matches(row.mean(dim=(1, 2)), arrays["image_ban.decoded_mean"][0], atol=2e-5)


def test_the_written_sound_matches_the_reference(greedy, golden, matches):
    log_mel = greedy("audio")[0].signal
    assert log_mel.shape == (4, 256, 128)
    ours = (log_mel[2:] - MEL_MEAN) / MEL_STD
    matches(ours.transpose(1, 2)[..., None], golden("gen")["audio_ban.spectrogram"])


def test_guided_pictures_are_the_recorded_ones(tiny, recorded_states, golden, matches):
    first: list[torch.Tensor] = []

    def rule(scores: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        scores = ban(scores, tokens)
        if len(first) < 8:
            first.append(guide(scores[:2], scores[2:], 3.0))
        return scores

    arrays, nothing = golden("gen"), rows_of(recorded_states, 1)
    written = generate_image(
        tiny,
        recorded_states,
        sampling=GREEDY,
        guidance=Guidance(nothing, alpha=3.0),
        rule=rule,
        suppress=False,
    )
    same_tokens(written.tokens, arrays, "image_cfg3_ban")
    # Guidance of 3 multiplies the error of the scores by up to 7; banned ones are about 1e4.
    recorded = arrays["image_cfg3_ban.scores_first8"]
    matches(torch.stack(first, dim=1), recorded, recorded > -5e3, atol=1e-4)


# --- a model of 64 tokens a picture and 32 a sound ----------------------------------------------


def small(**changes) -> UnifiedIO2:
    cfg = SIZES["tiny"]
    audio = replace(
        cfg.audio,
        size=(64, 32),
        history_size=(64, 32),
        vit=replace(cfg.audio.vit, grid=(4, 2), position_rows=None),
        quantiser=ViTVQGANConfig(**{**asdict(cfg.audio.quantiser), "size": (64, 32)}),
        target_grid=(4, 8),
    )
    image = SignalConfig(
        vit=cfg.image.vit,
        history=cfg.image.history,
        vocab_size=256,
        quantiser=VQGANConfig(**{**asdict(cfg.image.quantiser), "size": 64}),
        target_grid=(8, 8),
    )
    model = UnifiedIO2(replace(cfg, image=image, audio=audio, **changes))
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def model() -> UnifiedIO2:
    return small()


def prompt(rows: int) -> Inputs:
    text = torch.randint(2, 400, (rows, 9), generator=torch.Generator().manual_seed(rows))
    text[0, 6:] = 0
    return Inputs(text=text)


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_the_same_seed_writes_the_same_whatever_the_other_rows_are(model):
    encoded = model.encode(prompt(3))
    together = generate_image(model, encoded, generators=seeded(4, 5, 6)).tokens
    for i in range(3):
        alone = generate_image(model, rows_of(encoded, i), generators=seeded(4 + i)).tokens
        assert torch.equal(alone[0], together[i])
    assert not torch.equal(
        generate_image(model, encoded, generators=seeded(7, 8, 9)).tokens, together
    )


def test_only_tokens_that_stand_for_a_code_are_written(model):
    def tempt(scores: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        scores[0, :2] = scores[1, 252:] = 1e3  # 250 codes follow the first two ids
        return scores

    for guidance in (None, Guidance(prompt(1), alpha=2.0)):
        written = generate_image(
            model, prompt(2), rule=tempt if guidance is None else None, guidance=guidance
        )
        assert written.tokens.min() >= 2 and written.tokens.max() < 252
    free = generate_image(model, prompt(2), rule=tempt, suppress=False)
    assert free.tokens[0].max() < 2 and free.tokens[1].min() >= 252
    assert free.signal.isfinite().all()


@pytest.mark.parametrize("modality", ["image", "audio"])
@pytest.mark.parametrize("sparse", [False, True])
def test_scores_along_the_way_are_the_teacher_forced_ones(modality, sparse):
    model, seen = small(sparse_masks=sparse), []

    def rule(scores: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        seen.append(scores.clone())
        return scores

    inputs = prompt(2)
    tokens = generate_signal(model, inputs, modality, rule=rule).tokens
    logits = model(inputs, Targets(**{modality: TokenTargets(tokens)}))[modality]
    torch.testing.assert_close(torch.stack(seen, dim=1), logits, atol=1e-4, rtol=1e-4)


def test_sparse_masks_make_a_difference():
    written = [generate_image(small(sparse_masks=on), prompt(1)).tokens for on in (False, True)]
    assert not torch.equal(*written)


def test_guidance_follows_its_formula(model):
    """Both halves read the guided tokens; the uninformative prompt is shorter and shared."""
    inputs, words = prompt(2), torch.tensor([[5, 6]])
    nothing = Inputs(text=words)
    tokens = generate_image(
        model, inputs, sampling=GREEDY, guidance=Guidance(nothing, alpha=2.0)
    ).tokens
    targets = Targets(image=TokenTargets(tokens))
    cond = model(inputs, targets)["image"]
    uncond = model(Inputs(text=words.expand(2, -1)), targets)["image"]
    guided = guide(cond, uncond, 2.0)[:, :, 2:252]
    best = guided.topk(2, dim=-1)
    sure = best.values[..., 0] - best.values[..., 1] > 1e-3
    assert sure.float().mean() > 0.9
    assert torch.equal((best.indices[..., 0] + 2)[sure], tokens[sure])
    plain = generate_image(model, inputs, sampling=GREEDY).tokens
    assert not torch.equal(plain, tokens)
    none = generate_image(model, inputs, sampling=GREEDY, guidance=Guidance(nothing, alpha=0.0))
    assert torch.equal(none.tokens, plain)


def test_joined_inputs_are_padded_and_read_as_before(model):
    long, short = model.encode(prompt(2)), model.encode(Inputs(text=torch.tensor([[5, 6]])))
    for a, b in ((long, short), (short, long)):
        both = join(a, b)
        assert both.states.shape[:2] == both.mask.shape == both.rope.shape[:2] == (3, 9)
        tokens = generate_audio(model, both, sampling=GREEDY).tokens
        apart = [generate_audio(model, part, sampling=GREEDY).tokens for part in (a, b)]
        assert torch.equal(tokens, torch.cat(apart))


def test_progress_is_told_after_every_token(model):
    told: list[tuple[int, int]] = []
    generate_audio(model, prompt(1), on_progress=lambda *args: told.append(args))
    assert told == [(i + 1, 32) for i in range(32)]


def test_interrupting_leaves_nothing_behind(model):
    def interrupt(done: int, _: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    whole = generate_audio(model, prompt(2)).tokens
    with pytest.raises(KeyboardInterrupt):
        generate_audio(model, prompt(2), on_progress=interrupt)
    assert torch.equal(generate_audio(model, prompt(2)).tokens, whole)


@pytest.mark.parametrize("modality", ["image", "audio"])
def test_bfloat16_models_write_too(model, modality):
    half = copy.deepcopy(model).bfloat16()
    written = generate_signal(half, prompt(2), modality, guidance=Guidance(prompt(1), alpha=1.0))
    assert written.signal.dtype == torch.float32 and written.signal.isfinite().all()


# --- long sounds --------------------------------------------------------------------------------


def test_each_segment_hears_the_ones_before_it(model):
    inputs, told = prompt(2), []
    written = generate_long_audio(
        model, inputs, 3, generators=seeded(1, 2), on_progress=lambda *args: told.append(args)
    )
    assert written.tokens.shape == (2, 96) and written.signal.shape == (2, 192, 32)
    assert told == [(i + 1, 96) for i in range(96)]
    generators, heard = seeded(1, 2), list[torch.Tensor]()
    for index in range(3):
        history = patchify_sound(torch.stack(heard, dim=1)) if heard else None
        step = generate_audio(model, replace(inputs, audio_history=history), generators=generators)
        assert torch.equal(step.tokens, written.tokens[:, 32 * index : 32 * (index + 1)])
        heard.append(step.signal)


def hearing(model: UnifiedIO2) -> list[FrameLatents]:
    """Fills with what the model is given as audio history."""
    heard: list[FrameLatents] = []
    model.inputs["audio_history"].register_forward_pre_hook(lambda _, args: heard.append(args[0]))
    return heard


def test_the_oldest_segments_are_forgotten():
    model, counts = small(history_slots=2), []
    heard = hearing(model)

    def words(segments: int) -> Inputs:
        counts.append(segments)
        return prompt(1)

    written = generate_long_audio(model, words, 4)
    assert counts == [0, 1, 2, 3]
    assert [frames.mask.tolist() for frames in heard] == [[[True]], [[True] * 2], [[True] * 2]]
    last_two = written.signal[0, 64:192].unflatten(0, (2, 64))
    want = model.encode_frames(patchify_sound(last_two), "audio_history")
    torch.testing.assert_close(heard[-1].latents[0], want)


def test_what_was_heard_before_comes_first_without_gaps():
    model = small(history_slots=3)
    heard = hearing(model)
    sound = torch.randn(2, 2, 64, 32, generator=torch.Generator().manual_seed(0)) - 4
    there = torch.tensor([[True, False], [True, True]])
    history = patchify_sound(sound, there[..., None, None].expand_as(sound))
    generate_long_audio(model, replace(prompt(2), audio_history=history), 3)
    assert heard[1].mask.tolist() == [[True, True, False], [True, True, True]]
    assert heard[2].mask.tolist() == [[True, True, True], [True, True, True]]
    before = model.encode_frames(patchify_sound(sound.flatten(0, 1)), "audio_history")
    first, second = heard[1].latents, heard[2].latents
    torch.testing.assert_close(first[0, 0], before[0])
    torch.testing.assert_close(first[1, :2], before[2:])
    assert torch.equal(second[0, :2], first[0, :2])  # row 0 has room for all
    assert torch.equal(second[1, :2], first[1, 1:])  # row 1 forgets its oldest


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [-0.5, float("nan"), float("inf")])
def test_impossible_guidance_is_refused(alpha):
    with pytest.raises(BadSetting, match="alpha"):
        Guidance(prompt(1), alpha=alpha)


def test_what_does_not_fit_the_batch_is_refused(model):
    with pytest.raises(BadShape, match="of 2 rows, expected of 1 or 3"):
        generate_image(model, prompt(3), guidance=Guidance(prompt(2)))
    with pytest.raises(BadSetting, match="one per row, 3"):
        generate_image(model, prompt(3), generators=seeded(1))
    with pytest.raises(BadShape, match="rule"):
        generate_image(model, prompt(3), rule=lambda scores, _: scores[:1])
    with pytest.raises(BadSetting, match="segments"):
        generate_long_audio(model, prompt(1), 0)


def test_a_modality_the_model_does_not_have_is_refused(model, nano, nano_inputs):
    with pytest.raises(BadInput, match="asked for image.*this one writes text"):
        generate_image(nano, nano_inputs)
    with pytest.raises(BadInput, match="asked for text"):
        generate_signal(model, prompt(1), "text")
    deaf = small(inputs=("text",), targets=("audio",))
    assert generate_long_audio(deaf, prompt(1), 1).tokens.shape == (1, 32)
    with pytest.raises(BadSetting, match="no audio history"):
        generate_long_audio(deaf, prompt(1), 2)


def test_packed_inputs_are_refused(model):
    encoded = model.encode(prompt(2))
    packed = replace(encoded, examples=torch.zeros_like(encoded.mask, dtype=torch.int64))
    with pytest.raises(BadInput, match="one example per row"):
        join(packed, encoded)
