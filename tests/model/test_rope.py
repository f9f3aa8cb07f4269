"""Rotary positions against the recorded tables."""

import numpy as np
import pytest
import torch

from uio2_agent.model.rope import grid_table, line_table, rotate

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "rows", "cols", "scale"),
    [
        ("image_in_24x24_hd64", 24, 24, 4 / 3),
        ("image_out_32x32_hd64", 32, 32, 1.0),
        ("audio_in_16x8_hd64", 16, 8, 4 / 3),
        ("audio_out_16x32_hd64", 16, 32, 1.0),
        ("image_history_8x32_hd64", 8, 32, 1.0),
        ("audio_history_8x16_hd64", 8, 16, 1.0),
    ],
)
def test_grid_tables_are_the_recorded_ones(golden, matches, name, rows, cols, scale):
    ours = torch.view_as_real(grid_table(rows, cols, 64, CPU, scale=scale)).flatten(-2)
    matches(ours, golden("rope")[name], atol=3e-6)


def test_the_line_table_is_the_recorded_one(golden, matches):
    ours = torch.view_as_real(line_table(512, 64, CPU)).flatten(-2)
    matches(ours[:64], golden("rope")["text_1d_512_hd64_first64"], atol=3e-6)
    matches(ours[511], golden("rope")["text_1d_row511_hd64"], atol=3e-6)


def test_rotation_turns_interleaved_pairs(golden, matches):
    x = torch.from_numpy(golden("rope")["apply.x"]).transpose(1, 2)  # (1, 2, 16, 64)
    ours = rotate(x, grid_table(32, 32, 64, CPU)[None, None, :16]).transpose(1, 2)
    matches(ours, golden("rope")["apply.y"], atol=3e-6)


def test_rotation_keeps_lengths_and_dtype():
    x = torch.randn(1, 2, 5, 16, generator=torch.Generator().manual_seed(0))
    turned = rotate(x, line_table(5, 16, CPU)[None, None])
    np.testing.assert_allclose(turned.norm(dim=-1), x.norm(dim=-1), rtol=1e-5)
    assert rotate(x.bfloat16(), line_table(5, 16, CPU)[None, None]).dtype == torch.bfloat16


def test_a_table_made_in_inference_mode_serves_training():
    with torch.inference_mode():
        table = line_table(77, 16, CPU)
    x = torch.ones(1, 1, 77, 16, requires_grad=True)
    rotate(x, table[None, None]).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()


def test_rotation_by_real_numbers_is_that_by_complex_ones():
    x, rope = torch.randn(2, 3, 5, 8), grid_table(1, 5, 8, torch.device("cpu"))
    torch.testing.assert_close(rotate(x, torch.view_as_real(rope)), rotate(x, rope))
