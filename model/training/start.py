"""Where a small model starts from, so that places are smooth before the first step."""

import math

import torch
from torch import Tensor

from uio2_agent.model.inputs import Patches, SignalInput
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer

SHARPNESS = 2.0  # of attention: queries' RMS norm at the start; logits then reach 2 sqrt(d)
FREQUENCIES = (1.0, 100.0)  # radians over the range [0, 1]; the highest turns once in 63 bins


@torch.no_grad()
def smooth_start(model: UnifiedIO2, tokenizer: Tokenizer, seed: int) -> None:
    """Fill location bins and patch positions with random Fourier features of what they stand for.

    Neighbouring bins then begin alike, and as the table is tied, so do their logits: that bin 500
    lies beside bin 501 need not be learned.
    """
    model.init_weights(seed)
    generator = torch.Generator().manual_seed(seed)
    width = model.cfg.width
    ids = sorted(tokenizer.extra_id(200 + b) for b in range(1000))
    values = torch.tensor([tokenizer.location_value(i) for i in ids])
    model.text_table.weight[ids] = fourier_features(values[:, None], width, generator)
    vit = model.vit
    rows, cols = vit.cfg.grid
    places = torch.cartesian_prod(torch.arange(rows) / rows, torch.arange(cols) / cols)
    features = fourier_features(places, vit.cfg.width, generator, highest=12.0)
    vit.position[vit.cfg.special_tokens :] = features


@torch.no_grad()
def fit_to_vit(model: UnifiedIO2, pictures: Patches) -> None:
    """Bring a pre-trained ViT's features to the size of a token; begin image tokens around zero.

    A ViT without final norm grows large features, ours some ten times a word's embedding; words
    would barely move them. Its residual stream is divided by one number throughout, which its
    LayerNorms do not notice. Attention starts sharper than QK-norm alone would let it.
    """
    vit, image = model.vit, model.inputs["image"]
    assert isinstance(image, SignalInput)
    features = torch.cat(vit(pictures.pixels, pictures.mask, pictures.pos_ids, pictures.grid), -1)
    size = features.square().mean().sqrt()
    for name, tensor in vit.named_parameters():
        if any(writer in name for writer in ("pre_norm.", "attention.out.", "mlp.down.")):
            tensor.div_(size)
    image.modality.copy_(-image.projection(features.flatten(0, 1).mean(0) / size))
    for name, scale in model.named_parameters():
        if name.endswith("q_norm.scale"):
            scale.fill_(SHARPNESS)


def fourier_features(
    points: Tensor, width: int, generator: torch.Generator, highest: float = FREQUENCIES[1]
) -> Tensor:
    """Points (N, axes) in [0, 1] -> (N, width) of unit variance.

    Each axis owns an equal share of the channels.
    """
    low, high = math.log(FREQUENCIES[0]), math.log(highest)
    shares = []
    for axis in points.T:
        n = width // points.shape[1]
        omega = torch.exp(low + (high - low) * torch.rand(n, generator=generator))
        phase = 2 * math.pi * torch.rand(n, generator=generator)
        shares.append(math.sqrt(2) * torch.cos(axis[:, None] * omega + phase))
    return torch.cat(shares, -1)
