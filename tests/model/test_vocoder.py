"""From log-mels back to sound, against the recorded waveform and against the ear's own measure."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from uio2_agent.errors import BadCheckpoint, BadInput, BadSetting, BadShape, CheckpointMismatch
from uio2_agent.model.sound import as_waveform, log_mel
from uio2_agent.model.vocoder import Vocoder, VocoderConfig, fold_weight_norm, griffin_lim

TINY = VocoderConfig(channels=32)


@pytest.fixture(scope="module")
def weights(golden_folder):
    return golden_folder / "hifigan_tiny.safetensors"


@pytest.fixture(scope="module")
def vocoder(weights):
    return Vocoder.load(weights, TINY)


@pytest.fixture
def torch_file(tmp_path, weights):
    path = tmp_path / "g_00000010"
    torch.save({"generator": load_file(weights)}, path)
    return path


@pytest.fixture(scope="module")
def heard(golden):
    """The recorded sound: tones and noise of 4.08 s."""
    return log_mel(as_waveform(golden("mel")["waveform_int16"], 16_000)[None])


def test_the_waveform_is_the_recorded_one(golden, vocoder, matches):
    arrays = golden("hifigan")
    wave = vocoder(torch.from_numpy(arrays["mel_in"]).mT[None])
    matches(wave[0], arrays["wave"], atol=1e-5)


def test_rows_sound_alike_alone_and_together(vocoder):
    mels = torch.randn(3, 9, 128, generator=torch.Generator().manual_seed(0)) * 2 - 5
    waves = vocoder(mels)
    assert waves.shape == (3, 9 * 256) and waves.abs().max() <= 1 and not waves.requires_grad
    torch.testing.assert_close(waves[1:2], vocoder(mels[1:2]), atol=1e-6, rtol=0)


def test_the_released_size_is_the_default_config():
    with torch.device("meta"):
        sizes = {n: tuple(p.shape) for n, p in Vocoder(VocoderConfig()).named_parameters()}
    assert sizes["conv_pre.weight"] == (256, 128, 7)
    assert [sizes[f"ups.{i}.weight"] for i in range(3)] == [
        (256, 128, 16),
        (128, 64, 16),
        (64, 32, 8),
    ]
    assert sizes["resblocks.8.convs.1.weight"] == (32, 32, 7)
    assert sizes["conv_post.weight"] == (1, 32, 7)


def test_the_official_config_file_is_understood(golden_folder):
    fields = json.loads((golden_folder / "hifigan_tiny_config.json").read_text())
    assert VocoderConfig.from_official(fields) == TINY


@pytest.mark.parametrize(
    "change",
    [
        {"resblock": "1"},
        {"num_mels": 80},
        {"sampling_rate": 22050},
        {"upsample_rates": [8, 8]},
        {"upsample_rates": [8, 8, 2]},
        {"upsample_rates": [-8, -8, 4]},
        {"upsample_rates": 256},
        {"upsample_kernel_sizes": [16, 16, 7]},
        {"upsample_kernel_sizes": [16, 16, 2]},
        {"upsample_initial_channel": 12},
        {"upsample_initial_channel": "many"},
        {"resblock_kernel_sizes": [3, 4, 7]},
        {"resblock_dilation_sizes": [[1, 2]]},
        {"resblock_dilation_sizes": [[1, 0], [2, 6], [3, 12]]},
    ],
)
def test_a_vocoder_of_another_kind_is_refused(golden_folder, change):
    fields = json.loads((golden_folder / "hifigan_tiny_config.json").read_text())
    with pytest.raises(BadSetting):
        VocoderConfig.from_official(fields | change)


def test_a_config_file_that_lacks_a_key_is_refused():
    with pytest.raises(BadSetting, match="upsample_initial_channel"):
        VocoderConfig.from_official({})


@pytest.mark.parametrize("transposed", [False, True])
def test_folded_weights_are_those_of_the_framework(transposed):
    kind = torch.nn.ConvTranspose1d if transposed else torch.nn.Conv1d
    conv = torch.nn.utils.parametrizations.weight_norm(kind(3, 5, 4))
    with torch.no_grad():
        conv.parametrizations.weight.original0.uniform_(0.5, 2)
    g, v = conv.parametrizations.weight.original0, conv.parametrizations.weight.original1
    folded = fold_weight_norm({"ups.weight_g": g, "ups.weight_v": v, "ups.bias": conv.bias})
    assert folded.keys() == {"ups.weight", "ups.bias"}
    torch.testing.assert_close(folded["ups.weight"], conv.weight)


def test_a_torch_file_gives_the_same_vocoder(torch_file, vocoder):
    mel = torch.zeros(1, 4, 128)
    torch.testing.assert_close(Vocoder.load(torch_file, TINY)(mel), vocoder(mel), atol=0, rtol=0)


def test_a_folder_is_read_with_its_config_and_the_latest_step_wins(torch_file, golden_folder):
    folder = torch_file.parent
    (folder / "g_00000002").write_bytes(b"an older one, not looked at")
    config = (golden_folder / "hifigan_tiny_config.json").read_text()
    (folder / "config.json").write_text(config)
    assert Vocoder.load(folder).cfg == TINY


def test_weights_already_folded_are_taken_as_they_are(tmp_path, vocoder):
    save_file(vocoder.state_dict(), tmp_path / "weights.safetensors")
    again = Vocoder.load(tmp_path, TINY)
    assert all(torch.equal(t, vocoder.state_dict()[n]) for n, t in again.state_dict().items())


def test_tensors_that_do_not_fit_are_named(tmp_path, weights):
    with pytest.raises(CheckpointMismatch, match=r"conv_pre\.weight: \(32, 128, 7\) != \(256"):
        Vocoder.load(weights)
    tensors = load_file(weights)
    tensors["conv_pre.weight_g"] = tensors["conv_pre.weight_g"][:5].clone()
    del tensors["conv_post.bias"]
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointMismatch, match="conv_pre.weight_g"):
        Vocoder.load(tmp_path, TINY)
    tensors["conv_pre.weight_g"] = load_file(weights)["conv_pre.weight_g"]
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointMismatch, match=r"1 missing: conv_post\.bias"):
        Vocoder.load(tmp_path, TINY)


def test_weights_that_are_not_finite_are_named(tmp_path, weights):
    tensors = load_file(weights)
    tensors["ups.1.weight_v"][0] = 0  # no direction to fold
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(BadCheckpoint, match=r"not finite: ups\.1\.weight"):
        Vocoder.load(tmp_path, TINY)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated_files_are_refused(torch_file, weights, share):
    safetensors = torch_file.with_suffix(".safetensors")
    for source, path in ((torch_file, torch_file), (weights, safetensors)):
        content = source.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(BadCheckpoint, match="cannot be read"):
            Vocoder.load(path, TINY)


def test_foreign_files_and_folders_are_refused(tmp_path, weights):
    with pytest.raises(BadCheckpoint, match="no such file"):
        Vocoder.load(tmp_path / "missing")
    with pytest.raises(BadCheckpoint, match="no vocoder weights"):
        Vocoder.load(tmp_path)
    contents: list[object] = [[1], {"model": {}}, {"generator": {"conv_pre.bias": 3}}]
    for content in contents:
        torch.save(content, tmp_path / "g_1")
        with pytest.raises(BadCheckpoint, match="no generator"):
            Vocoder.load(tmp_path, TINY)
    for name in ("a.safetensors", "b.safetensors"):
        (tmp_path / name).write_bytes(weights.read_bytes())
    with pytest.raises(BadCheckpoint, match="several"):
        Vocoder.load(tmp_path, TINY)


@pytest.mark.parametrize("config", ["", "[]", '{"model": {}}'])
def test_a_config_beside_the_weights_that_is_none_is_refused(torch_file, config):
    (torch_file.parent / "config.json").write_text(config)
    with pytest.raises(BadCheckpoint, match="describes no vocoder"):
        Vocoder.load(torch_file)


def test_code_in_a_torch_file_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").write_text, ("",))

    torch.save({"generator": Trap()}, tmp_path / "g_1")
    with pytest.raises(BadCheckpoint):
        Vocoder.load(tmp_path)
    assert not (tmp_path / "ran").exists()


def mel_error(wave: torch.Tensor, heard) -> float:
    """Mean difference of the log-mels (nats) of a waveform and of what it was made from."""
    return (log_mel(wave[:, : 256 * 255]).filled() - heard.filled()).abs().mean().item()


def test_griffin_lim_sounds_like_what_it_was_made_from(heard):
    wave = griffin_lim(heard.filled())
    assert wave.shape == (1, 65_536)
    error = mel_error(wave, heard)
    print(f"Griffin-Lim, 32 iterations: {error:.3f} nats")
    assert error < 0.2
    assert error < mel_error(griffin_lim(heard.filled(), iterations=4), heard)


def test_griffin_lim_of_a_tone_has_its_pitch():
    samples = np.sin(2 * np.pi * 1000 * np.arange(65_280) / 16_000) / 2
    wave = griffin_lim(log_mel(as_waveform(samples, 16_000)[None]).filled())
    spectrum = torch.fft.rfft(wave[0]).abs()
    assert abs(spectrum.argmax().item() * 16_000 / 65_536 - 1000) < 16
    assert wave.std().item() == pytest.approx(samples.std(), rel=0.1)


def test_griffin_lim_is_the_same_for_the_same_seed_alone_and_among_others():
    mels = torch.randn(2, 20, 128, generator=torch.Generator().manual_seed(0)) - 4
    once = griffin_lim(mels, iterations=2, seed=7)
    assert torch.equal(once, griffin_lim(mels, iterations=2, seed=7))
    torch.testing.assert_close(once[1:], griffin_lim(mels[1:], 2, 7), atol=1e-4, rtol=0)
    assert not torch.allclose(once, griffin_lim(mels, iterations=2, seed=8), atol=1e-3)


def test_griffin_lim_of_silence_is_quiet():
    silence = log_mel(torch.zeros(1, 65_280)).filled()
    assert griffin_lim(silence, iterations=2).abs().max() < 5e-3


def test_griffin_lim_of_the_wildest_numbers_is_finite():
    for value in (-1e30, 1e30):
        assert torch.isfinite(griffin_lim(torch.full((1, 3, 128), value), iterations=2)).all()


def test_what_is_no_log_mel_is_refused(vocoder):
    for voice in (vocoder, griffin_lim):
        for shape in ((256, 128), (1, 128, 256), (1, 0, 128), (0, 9, 128)):
            with pytest.raises(BadShape, match="log_mel"):
                voice(torch.zeros(shape))
        with pytest.raises(BadShape, match="float"):
            voice(torch.zeros(1, 9, 128, dtype=torch.int64))
        with pytest.raises(BadInput, match="finite"):
            voice(torch.full((1, 9, 128), math.nan))
    with pytest.raises(BadShape, match="3 frames"):
        griffin_lim(torch.zeros(1, 2, 128))
    with pytest.raises(BadSetting, match="iterations"):
        griffin_lim(torch.zeros(1, 9, 128), iterations=-1)
