"""The quantiser of sounds: parity, the order of codes, and that it stays frozen."""

import pytest
import torch

from uio2_agent.errors import BadInput, BadShape
from uio2_agent.model import vit_vqgan as source
from uio2_agent.model.config import SIZES, ViTVQGANConfig
from uio2_agent.model.vit_vqgan import DEVIATION, MEAN, ViTVQGAN, sincos_table

PREFIX = "target_embedders.audio.vqgan."
RENAMED = {
    "transformer.encoderblock_": "blocks.",
    "transformer.encoder_norm": "norm",
    "encoder.encoder_norm.bias": "encoder.shift",
    "encoder_proj": "project",
    "decoder_proj": "project",
    "conv_transpose": "unpatch",
    "quantize.embedding": "codebook",
    "encoder.embedding": "encoder.patch",
    "ln_": "norm",
    ".attn.": ".attention.",
    "query": "q",
    "fc1": "up",
    "fc2": "down",
}
SMALL = ViTVQGANConfig(
    width=16, heads=2, head_dim=4, layers=1, mlp_width=24, codes=30, code_width=4, size=(32, 16)
)


def of_size(name: str) -> ViTVQGAN:
    cfg = SIZES[name].audio.quantiser
    assert isinstance(cfg, ViTVQGANConfig)
    return ViTVQGAN(cfg)


@pytest.fixture(scope="module")
def quantiser(official) -> ViTVQGAN:
    tensors = {}
    for name, tensor in official.items():
        if name.startswith(PREFIX) and "value" not in name:
            if "key" in name:
                tensor = torch.cat([tensor, official[name.replace("key", "value")]])
            ours = name.removeprefix(PREFIX).replace("key", "kv")
            for theirs, mine in RENAMED.items():
                ours = ours.replace(theirs, mine)
            tensors[ours] = tensor
    vqgan = of_size("tiny").eval()
    vqgan.load_state_dict(tensors)
    return vqgan


@pytest.fixture
def small() -> ViTVQGAN:
    vqgan, generator = ViTVQGAN(SMALL), torch.Generator().manual_seed(1)
    for tensor in vqgan.parameters():
        tensor.copy_(0.5 * torch.randn(tensor.shape, generator=generator))
    return vqgan


def sounds(count: int) -> torch.Tensor:
    return 3 * torch.randn(count, 32, 16, generator=torch.Generator().manual_seed(2)) - 5


def test_positions_match_the_reference(golden, matches):
    ours = sincos_table(16, 32, 32, torch.device("cpu"))
    matches(ours, golden("rope")["sincos_vitvqgan_16x32_d32"], atol=3e-6)


def test_features_and_every_code_match_the_reference(quantiser, golden, matches):
    recorded = golden("vitvqgan")
    normalised = torch.from_numpy(recorded["target_time_mel"])[None]
    features = quantiser.features(normalised)
    matches(features[0], recorded["encoder_out"], atol=1e-5)
    by_mel = quantiser.codebook.nearest(features)[0]
    assert by_mel.tolist() == recorded["raw_ids_melmajor"].tolist()
    by_time = quantiser.encode(normalised * DEVIATION + MEAN)[0]
    assert (by_time + 2).tolist() == recorded["target_tokens"].tolist()


def test_a_decoded_sound_matches_the_reference(quantiser, golden, matches):
    recorded = golden("vitvqgan")
    codes = torch.from_numpy(recorded["target_tokens"]).long()[None] - 2
    log_mel = quantiser.decode(codes)[0]
    matches((log_mel - MEAN) / DEVIATION, recorded["decoded_mel_time"].T, atol=1e-5)


def test_the_full_size_has_the_published_number_of_parameters():
    with torch.device("meta"):
        full = of_size("large")
    assert sum(p.numel() for p in full.parameters()) == 50_768_416


def test_a_code_stands_for_eight_mels_of_eight_frames(small):
    small.decoder.blocks = torch.nn.ModuleList()  # without attention a patch is its code's alone
    codes = torch.randint(0, 30, (1, 8), generator=torch.Generator().manual_seed(3))
    changed = codes.clone()
    changed[0, 5] = (codes[0, 5] + 1) % 30  # 2 mel patches a step: frames 16 to 23, upper mels
    difference = (small.decode(changed) != small.decode(codes))[0].nonzero()
    assert difference.amin(0).tolist() == [16, 8]
    assert difference.amax(0).tolist() == [23, 15]


def test_sounds_of_a_batch_are_independent_of_each_other_and_of_the_chunk(small, monkeypatch):
    log_mel = sounds(5)
    codes = small.encode(log_mel)
    assert codes.shape == (5, 8) and codes.dtype == torch.int64 and len(codes.unique()) > 3
    decoded = small.decode(codes)
    assert decoded.shape == (5, 32, 16)
    monkeypatch.setattr(source, "_CHUNK", 2)
    assert torch.equal(small.encode(log_mel), codes)
    torch.testing.assert_close(small.decode(codes), decoded)
    torch.testing.assert_close(small.decode(codes[3:4]), decoded[3:4])


def test_nothing_leaves_a_gradient(small):
    assert not any(p.requires_grad for p in small.parameters())
    small.requires_grad_(True)
    log_mel = sounds(1).requires_grad_()
    assert not small.decode(small.encode(log_mel)).requires_grad
    assert not small.features(log_mel).requires_grad


def test_autocast_changes_nothing_and_half_weights_work(small):
    log_mel = sounds(2)
    codes, decoded = small.encode(log_mel), small.decode(small.encode(log_mel))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(small.encode(log_mel), codes)
        assert torch.equal(small.decode(codes), decoded)
    assert torch.equal(small.encode(log_mel.double()), codes), "input takes the weights' dtype"
    half = small.bfloat16()
    assert half.decode(half.encode(log_mel)).dtype == torch.bfloat16


@pytest.mark.parametrize("shape", [(32, 16), (1, 16, 32), (1, 1, 32, 16)])
def test_spectrograms_of_another_shape_are_refused(small, shape):
    with pytest.raises(BadShape, match="32, 16"):
        small.encode(torch.zeros(shape))


def test_codes_that_are_not_of_this_book_are_refused(small):
    with pytest.raises(BadInput, match="from 0 to 29"):
        small.decode(torch.full((1, 8), 30))
    with pytest.raises(BadShape, match="8"):
        small.decode(torch.zeros(1, 9).long())
