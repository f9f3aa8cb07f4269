"""Patch labels and what is learned from them."""

import torch

from uio2_agent.model.training.dense import BACKGROUND, DenseHead, DenseLabels


def labels(n: int = 32) -> DenseLabels:
    generator = torch.Generator().manual_seed(0)
    shape = torch.randint(-1, 3, (2, n), generator=generator)
    texture = torch.where(shape == BACKGROUND, BACKGROUND, shape % 2)
    where = torch.rand(2, n, 2, generator=generator)
    return DenseLabels(shape=shape, texture=texture, centre=where - 0.5, place=where)


def test_features_that_tell_all_bring_the_loss_down():
    torch.manual_seed(0)
    wanted, head = labels(), DenseHead(16, n_shapes=3, n_textures=2, place_bins=8)
    features = torch.randn(2, 32, 16, requires_grad=True)
    optimiser = torch.optim.Adam([features, *head.parameters()], lr=0.05)
    history = []
    for _ in range(150):
        losses = head.losses(features, wanted)
        total = torch.stack([v for v in losses.values() if v.requires_grad]).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        history.append(float(total.detach()))
    assert history[-1] < 0.4 * history[0]
    assert losses["shape_right"] > 0.95
    assert losses["texture_right"] > 0.95
    assert losses["centre_off_patches"] < 0.2


def test_background_patches_teach_only_that_they_are_background():
    wanted, head = labels(), DenseHead(16, n_shapes=3, n_textures=2)
    features = torch.randn(2, 32, 16)
    other = features.clone()
    other[wanted.shape == BACKGROUND] = 1 + torch.randn(16)
    a, b = head.losses(features, wanted), head.losses(other, wanted)
    assert a["shape"] != b["shape"]
    for name in ("texture", "centre", "place", "shape_of_objects"):
        assert a[name] == b[name]
