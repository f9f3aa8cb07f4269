"""The nearest of many vectors, exactly, in little memory."""

import pytest
import torch

from uio2_agent.errors import BadInput, BadShape
from uio2_agent.model import codebook as source
from uio2_agent.model.codebook import Codebook


def filled(codes: int, width: int, unit: bool = False) -> Codebook:
    book = Codebook(codes, width, unit=unit).requires_grad_(False)
    book.weight.copy_(torch.randn(codes, width, generator=torch.Generator().manual_seed(1)))
    return book


@pytest.mark.parametrize("unit", [False, True])
def test_the_code_found_is_the_nearest_in_float64(unit):
    book = filled(1000, 4, unit)
    x = 2 * torch.randn(3, 500, 4, generator=torch.Generator().manual_seed(2))
    wide, table = x.double(), book.weight.double()
    if unit:
        wide, table = (t / t.norm(dim=-1, keepdim=True) for t in (wide, table))
    distance = torch.cdist(wide.flatten(0, 1), table).square()
    best = distance.topk(2, largest=False)
    clear = (best.values[:, 1] - best.values[:, 0] > 1e-5).view(3, 500)
    assert clear.sum() > 1480
    assert torch.equal(book.nearest(x)[clear], best.indices[:, 0].view(3, 500)[clear])


def test_the_first_of_equal_codes_wins():
    book = filled(6, 3)
    book.weight[4] = book.weight[2]
    assert book.nearest(book.weight).tolist() == [0, 1, 2, 3, 2, 5]


def test_blocks_of_rows_find_what_one_block_finds(monkeypatch):
    book, x = filled(50, 4), torch.randn(7, 4, generator=torch.Generator().manual_seed(3))
    whole = book.nearest(x)
    monkeypatch.setattr(source, "_BLOCK", 100)  # two rows at a time
    assert torch.equal(book.nearest(x), whole)


def test_half_precision_is_compared_in_single():
    book = filled(2, 2).bfloat16()
    book.weight[:] = torch.tensor([[100.0, 0.0], [100.5, 0.0]])
    assert book.nearest(torch.tensor([[100.5, 0.0], [100.0, 0.0]]).bfloat16()).tolist() == [1, 0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert book.nearest(torch.tensor([[100.3, 0.0]])).tolist() == [1]


def test_vectors_of_codes_are_looked_up_at_unit_length_where_the_book_says_so():
    plain, unit = filled(9, 3), filled(9, 3, unit=True)
    codes = torch.tensor([[8, 0], [3, 3]], dtype=torch.int32)
    assert torch.equal(plain(codes, 2), plain.weight[codes])
    torch.testing.assert_close(unit(codes, 2).norm(dim=-1), torch.ones(2, 2))


@pytest.mark.parametrize(
    "codes", [torch.zeros(2, 3).long(), torch.zeros(4).long(), torch.zeros(2, 4)]
)
def test_codes_of_another_shape_or_kind_are_refused(codes):
    with pytest.raises(BadShape, match=r"\(B, 4\)"):
        filled(9, 3)(codes, 4)


@pytest.mark.parametrize("wrong", [-1, 9])
def test_codes_outside_the_book_are_refused(wrong):
    with pytest.raises(BadInput, match="from 0 to 8"):
        filled(9, 3)(torch.tensor([[0, wrong]]), 2)
