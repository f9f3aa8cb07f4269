"""Places are smooth before the first step."""

import torch

from uio2_agent.model.config import SIZES
from uio2_agent.model.training.start import smooth_start
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint


def test_near_bins_start_alike_and_far_ones_do_not():
    tokenizer = Tokenizer.from_file(find_checkpoint("nano") / "tokenizer.model")
    model = UnifiedIO2(SIZES["nano"])
    smooth_start(model, tokenizer, seed=0)
    rows = torch.nn.functional.normalize(model.text_table.weight, dim=-1)

    def likeness(a, b):
        return float(rows[tokenizer.extra_id(200 + a)] @ rows[tokenizer.extra_id(200 + b)])

    assert likeness(500, 503) > 0.95
    assert likeness(500, 520) > likeness(500, 560)
    assert abs(likeness(100, 800)) < 0.5


def test_the_same_seed_starts_the_same():
    tokenizer = Tokenizer.from_file(find_checkpoint("nano") / "tokenizer.model")
    models = [UnifiedIO2(SIZES["nano"]) for _ in range(2)]
    for model in models:
        smooth_start(model, tokenizer, seed=4)
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(a, b)
