"""Published rows are the ones printed."""

import pytest

from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.evaluation.published import VIMA_BENCH


def test_rows_name_the_levels_of_the_benchmark_in_order():
    assert [[*row["levels"]] for row in VIMA_BENCH] == [[*LEVELS]] * 3 + [[], []]


def test_means_are_those_of_the_rows_but_for_xl_as_the_paper_has_it():
    means = {row["name"]: sum(row["levels"].values()) / 4 for row in VIMA_BENCH if row["levels"]}
    quoted = {row["name"]: row["mean"] for row in VIMA_BENCH}
    assert quoted["UIO-2 L"] == pytest.approx(means["UIO-2 L"], abs=0.05)
    assert quoted["UIO-2 XXL"] == pytest.approx(means["UIO-2 XXL"], abs=0.05)
    assert means["UIO-2 XL"] - quoted["UIO-2 XL"] == pytest.approx(0.225)
    assert (quoted["VIMA"], quoted["VIMA-IMG"]) == (72.6, 42.5)
