"""Places are smooth before the first step."""

import pytest
import torch

from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import Inputs, patchify
from uio2_agent.model.training.start import SHARPNESS, fit_to_vit, smooth_start
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(find_checkpoint("nano") / "tokenizer.model")


def test_near_bins_start_alike_and_far_ones_do_not(tokenizer):
    model = UnifiedIO2(SIZES["nano"])
    smooth_start(model, tokenizer, seed=0)
    rows = torch.nn.functional.normalize(model.text_table.weight.detach(), dim=-1)

    def likeness(a, b):
        return float(rows[tokenizer.extra_id(200 + a)] @ rows[tokenizer.extra_id(200 + b)])

    assert likeness(500, 503) > 0.95
    assert likeness(500, 520) > likeness(500, 560)
    assert abs(likeness(100, 800)) < 0.5


def test_the_same_seed_starts_the_same(tokenizer):
    models = [UnifiedIO2(SIZES["nano"]) for _ in range(2)]
    for model in models:
        smooth_start(model, tokenizer, seed=4)
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(a, b)


@torch.no_grad()
def test_fitting_to_the_vit_makes_its_features_small_without_changing_what_they_say(tokenizer):
    model = UnifiedIO2(SIZES["nano"]).eval()
    smooth_start(model, tokenizer, seed=0)
    # As pre-training leaves it: a residual stream some ten times a word's embedding.
    for block in model.vit.blocks:
        for parameter in block.get_submodule("mlp.down").parameters():
            parameter.normal_(std=0.2, generator=torch.Generator().manual_seed(1))
    images = torch.randint(0, 256, (4, 3, 128, 256), dtype=torch.uint8)
    p = patchify(images)
    before = torch.cat(model.vit(p.pixels, p.mask, p.pos_ids, p.grid), -1)
    fit_to_vit(model, p)
    after = torch.cat(model.vit(p.pixels, p.mask, p.pos_ids, p.grid), -1)
    size = float(before.square().mean().sqrt())
    assert 5 < size < 20
    # All that is noticed is the LayerNorms' epsilon.
    assert (after - before / size).square().mean().sqrt() < 0.005
    tokens = model.embed(Inputs(image=p)).embeddings
    assert tokens.mean((0, 1)).abs().max() < 0.005 * tokens.std()
    scales = [v for name, v in model.named_parameters() if name.endswith("q_norm.scale")]
    assert scales and all((v == SHARPNESS).all() for v in scales)
