"""Distances as labels of patches, and what is learned from them."""

import torch

from uio2_agent.model.training.surroundings import RangeHead, RangeLabels


def test_features_that_tell_all_bring_the_errors_down():
    torch.manual_seed(0)
    labels = RangeLabels(
        depth=torch.rand(2, 32), obstacle=torch.rand(2, 32), floor=torch.rand(2, 32).round()
    )
    head, features = RangeHead(16), torch.randn(2, 32, 16, requires_grad=True)
    optimiser = torch.optim.Adam([features, *head.parameters()], lr=0.05)
    history = []
    for _ in range(200):
        losses = head.losses(features, labels)
        total = torch.stack([v for v in losses.values() if v.requires_grad]).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        history.append(float(total.detach()))
    assert history[-1] < 0.2 * history[0]
    assert losses["depth_off"] < 0.05
    assert losses["obstacle_off"] < 0.05
    assert losses["floor_off"] < 0.1


def test_errors_are_reported_not_minimised():
    labels = RangeLabels(**{k: torch.zeros(1, 4) for k in ("depth", "obstacle", "floor")})
    losses = RangeHead(8).losses(torch.randn(1, 4, 8), labels)
    reported = {name for name, value in losses.items() if not value.requires_grad}
    assert reported == {"depth_off", "obstacle_off", "floor_off"}
