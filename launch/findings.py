"""What two runs, or a run with its prompts spoilt, tell: printed, kept, and shown in the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from uio2_agent.evaluation.ablation import ablations
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.finished import Finished, compare, read
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.report_tests import ablation_section, comparison_section
from uio2_agent.evaluation.result import RESULT_FILE
from uio2_agent.launch import tables
from uio2_agent.storage import write_json

Episodes = Mapping[Cell, Sequence[Episode]]


def findings(
    name: str,
    folder: Path,
    result: Mapping[str, Any],
    intact: Episodes,
    spoilt: Mapping[str, Episodes],
    rival: Finished | None,
) -> list[str]:
    """Test a finished run against its ablations and against another run.

    Args:
        name: The policy's.
        folder: The run's; its `result.json` gets the keys `ablations` and `against`.
        result: What that file holds so far.
        intact: The run's episodes.
        spoilt: Those played with spoilt prompts, by the kind of ablation; empty if none were.
        rival: Another run of the same episodes, or None.

    Returns:
        Sections for the report, none where nothing was tested.
    """
    sections: list[str] = []
    extra: dict[str, Any] = {}
    if spoilt:
        extra["ablations"] = ablations(intact, spoilt)
        sections.append(ablation_section(extra["ablations"]))
        tables.print_ablations(extra["ablations"])
    if rival is not None:
        comparison = compare(read(folder), rival)
        extra["against"] = {"folder": str(rival.folder), **comparison.numbers()}
        sections.append(comparison_section(comparison, name, str(rival.folder)))
        tables.print_comparison(comparison, name, str(rival.folder))
    if extra:
        write_json(folder / RESULT_FILE, {**result, **extra})
    return sections
