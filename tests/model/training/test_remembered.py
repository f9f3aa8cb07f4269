"""A frozen ViT need not look twice."""

import torch

from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import patchify
from uio2_agent.model.training.remembered import RememberedViT
from uio2_agent.model.vit import ViT


def setup(capacity=10):
    torch.manual_seed(0)
    vit = ViT(SIZES["nano"].image.vit).eval()
    looks: list[int] = []
    vit.register_forward_hook(lambda m, args, out: looks.append(len(args[0])))
    images = torch.randint(0, 256, (3, 3, 128, 256), dtype=torch.uint8)
    p = patchify(images)
    return RememberedViT(vit, capacity), vit, looks, (p.pixels, p.mask, p.pos_ids, p.grid)


def test_a_picture_is_looked_at_once():
    remembered, vit, looks, patches = setup()
    first, _ = remembered(*patches)
    again, _ = remembered(*patches)
    assert looks == [1, 1, 1]
    assert torch.equal(first, again)
    torch.testing.assert_close(first, vit(*patches)[0], atol=0.05, rtol=0.02)  # kept in bfloat16


def test_the_same_picture_twice_in_a_batch_is_looked_at_once():
    remembered, _, looks, (pixels, mask, pos_ids, grid) = setup()
    twice = [0, 1, 0]
    out, _ = remembered(pixels[twice], mask[twice], pos_ids[twice], grid)
    assert looks == [1, 1]
    assert torch.equal(out[0], out[2])


def test_no_more_than_its_capacity_is_kept():
    remembered, _, looks, patches = setup(capacity=2)
    remembered(*patches)
    remembered(*patches)
    assert len(remembered._seen) == 2
    assert len(looks) == 4
