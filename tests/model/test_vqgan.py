"""The quantiser of pictures: parity, names, and that it stays frozen and small."""

import pytest
import torch

from uio2_agent.errors import BadInput, BadShape
from uio2_agent.model import vqgan as source
from uio2_agent.model.config import SIZES, VQGANConfig
from uio2_agent.model.vqgan import VQGAN

PREFIX = "target_embedders.image.vqgan."
SMALL = VQGANConfig(
    channels=32, multipliers=(1, 2), blocks=1, attention_sides=(8,), codes=20, size=16
)


def of_size(name: str) -> VQGAN:
    cfg = SIZES[name].image.quantiser
    assert isinstance(cfg, VQGANConfig)
    return VQGAN(cfg)


@pytest.fixture(scope="module")
def quantiser(official) -> VQGAN:
    names = {k: k.removeprefix(PREFIX) for k in official if k.startswith(PREFIX)}
    vqgan = of_size("tiny").eval()
    vqgan.load_state_dict(
        {n.replace("quantize.embedding", "codebook"): official[k] for k, n in names.items()}
    )
    return vqgan


@pytest.fixture
def small() -> VQGAN:
    vqgan, generator = VQGAN(SMALL), torch.Generator().manual_seed(1)
    for tensor in vqgan.parameters():
        tensor.copy_(0.2 * torch.randn(tensor.shape, generator=generator))
    return vqgan


@pytest.fixture(scope="module")
def picture(golden) -> torch.Tensor:
    return torch.from_numpy(golden("vqgan")["image_uint8"]).permute(2, 0, 1)[None] / 255


def pictures(count: int, side: int = 16) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(2))


def test_features_and_every_code_match_the_reference(quantiser, picture, golden, matches):
    recorded = golden("vqgan")
    matches(quantiser.features(picture * 2 - 1)[0], recorded["pre_quant"], atol=2e-4)
    assert quantiser.encode(picture)[0].tolist() == recorded["ids"].tolist()


@pytest.mark.parametrize(
    "codes, image", [("ids", "decoded_stride2"), ("random_ids", "random_decoded_stride2")]
)
def test_decoded_pictures_match_the_reference(quantiser, golden, matches, codes, image):
    ids = torch.from_numpy(golden("vqgan")[codes]).long()[None]
    recorded = torch.from_numpy(golden("vqgan")[image])
    vectors = quantiser.codebook(ids, 1024).transpose(1, 2).unflatten(2, (32, 32))
    matches(quantiser.reconstruct(vectors)[0, :, ::2, ::2], recorded, atol=2e-4)
    shown = ((recorded + 1) / 2).clip(0, 1)
    matches(quantiser.decode(ids)[0, :, ::2, ::2], shown, atol=1e-4)


def test_the_full_size_has_the_published_number_of_parameters():
    with torch.device("meta"):
        full = of_size("large")
    assert sum(p.numel() for p in full.parameters()) == 67_717_295


def test_pictures_of_a_batch_are_independent_of_each_other_and_of_the_chunk(small, monkeypatch):
    images = pictures(5)
    codes = small.encode(images)
    assert codes.shape == (5, 64) and codes.dtype == torch.int64 and len(codes.unique()) > 3
    decoded = small.decode(codes)
    assert decoded.shape == (5, 3, 16, 16) and 0 <= decoded.min() < decoded.max() <= 1
    monkeypatch.setattr(source, "_CHUNK", 2)
    assert torch.equal(small.encode(images), codes)
    torch.testing.assert_close(small.decode(codes), decoded)
    torch.testing.assert_close(small.decode(codes[3:4]), decoded[3:4])


def test_nothing_leaves_a_gradient(small):
    assert not any(p.requires_grad for p in small.parameters())
    small.requires_grad_(True)
    images = pictures(1).requires_grad_()
    assert not small.decode(small.encode(images)).requires_grad
    assert not small.features(images).requires_grad


def test_autocast_changes_nothing_and_half_weights_work(small):
    images = pictures(2)
    codes, decoded = small.encode(images), small.decode(small.encode(images))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(small.encode(images), codes)
        assert torch.equal(small.decode(codes), decoded)
    assert torch.equal(small.encode(images.double()), codes), "input takes the weights' dtype"
    half = small.bfloat16()
    assert half.decode(half.encode(images)).dtype == torch.bfloat16


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 3, 16, 8), (1, 4, 16, 16)])
def test_pictures_of_another_shape_are_refused(small, shape):
    with pytest.raises(BadShape, match="3, 16, 16"):
        small.encode(torch.zeros(shape))


def test_pictures_of_bytes_are_refused(small):
    with pytest.raises(BadShape, match="uint8"):
        small.encode(torch.zeros(1, 3, 16, 16, dtype=torch.uint8))


def test_codes_that_are_not_of_this_book_are_refused(small):
    with pytest.raises(BadInput, match="from 0 to 19"):
        small.decode(torch.full((1, 64), 20))
    with pytest.raises(BadShape, match="64"):
        small.decode(torch.zeros(1, 63).long())
