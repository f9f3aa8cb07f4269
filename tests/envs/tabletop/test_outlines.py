"""Outlines that should look the same after a turn do."""

import numpy as np
import pytest

from uio2_agent.envs.rendering.polygon import signed_area
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.outlines import OUTLINES


@pytest.mark.parametrize("name", ["cross", "diamond", "flower", "hexagon", "pentagon", "star"])
def test_regular_outlines_repeat_after_their_symmetry_period(name):
    outline, angle = OUTLINES[name][0], np.deg2rad(SHAPES[name].symmetry)
    turned = outline @ np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    gaps = np.linalg.norm(turned[:, None] - outline[None], axis=-1).min(axis=1)
    assert gaps.max() < 1e-9


@pytest.mark.parametrize("name", sorted(OUTLINES))
def test_outlines_run_counter_clockwise_and_enclose_their_holes(name):
    outline, *holes = OUTLINES[name]
    area = signed_area(outline)
    assert area > 0
    assert sum(abs(signed_area(h)) for h in holes) < area


def test_letters_a_and_r_and_the_ring_have_a_hole():
    assert {n for n, loops in OUTLINES.items() if len(loops) > 1} == {
        "letter A",
        "letter R",
        "ring",
    }
