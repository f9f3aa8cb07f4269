"""Two runs are compared if they played the same, and only then."""

from pathlib import Path

import pytest

from uio2_agent.errors import BadEpisode, BadInput
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.finished import (
    Comparison,
    Finished,
    check_alike,
    compare,
    pair_episodes,
    read,
    total,
)
from uio2_agent.evaluation.ledger import Episode, Ledger
from uio2_agent.evaluation.paired import Paired

CELL = Cell("easy", "push")


def episodes(won: str, first: int = 0) -> list[Episode]:
    return [
        Episode(episode=n, seed=900_000 + n, task="push", success=letter == "+")
        for n, letter in enumerate(won, start=first)
    ]


def written(folder: Path, won: str, cell: Cell = CELL, **env) -> Path:
    settings = {"env": {"level": cell.level, "task": cell.task, **env}, "seed": 900_000}
    with Ledger(folder, settings) as ledger:
        for episode in reversed(episodes(won)):
            ledger.append(episode)
    return folder


def protocol(folder: Path, wins: dict[Cell, str], **env) -> Path:
    for cell, won in wins.items():
        written(cell.folder(folder), won, cell, **env)
    return folder


def test_a_rollout_is_one_cell_and_comes_back_in_order(tmp_path):
    run = read(written(tmp_path, "+--+"))
    assert run.episodes == {CELL: episodes("+--+")} and run.ablation == "none"


def test_two_rollouts_are_paired_by_seed(tmp_path):
    a, b = written(tmp_path / "a", "++-+-"), written(tmp_path / "b", "+---+", oracle=True)
    comparison = compare(read(a), read(b))
    assert comparison.cells == {CELL: Paired(both=1, only_a=2, only_b=1, neither=1)}
    assert comparison.notes == []


def test_two_protocols_are_paired_by_cell_with_sums_per_level(tmp_path):
    cells = [CELL, Cell("easy", "pull"), Cell("hard", "pull")]
    a = protocol(tmp_path / "a", dict(zip(cells, ("++", "+-", "--"), strict=True)))
    b = protocol(tmp_path / "b", dict(zip(cells, ("-+", "--", "+-"), strict=True)))
    comparison = compare(read(a), read(b))
    assert comparison.levels["easy"] == Paired(1, 2, 0, 1)
    assert comparison.overall == Paired(1, 2, 1, 2)
    numbers = comparison.numbers()
    assert numbers["cells"]["hard"]["pull"]["only_b"] == 1
    assert numbers["levels"]["easy"]["difference"] == 0.5 and numbers["overall"]["p"] == 1.0


def test_another_way_to_put_the_prompt_is_told_not_refused(tmp_path):
    a = read(written(tmp_path / "a", "++", prompt="words", render_mode=None))
    b = read(written(tmp_path / "b", "+-", prompt="pictures", render_mode="rgb_array"))
    assert compare(a, b).notes == ["prompt: words in A, pictures in B"]
    spoilt = Finished(b.folder, b.episodes, a.env, "nonsense")
    assert compare(a, spoilt).notes == ["ablation: none in A, nonsense in B"]


def test_other_environments_seeds_or_cells_are_refused_by_name(tmp_path):
    a = read(written(tmp_path / "a", "++", id="uio2/Tabletop-v0"))
    b = read(written(tmp_path / "b", "++", id="uio2/VIMABench-v0"))
    with pytest.raises(BadInput, match="env.id: 'uio2/Tabletop-v0' there, 'uio2/VIMABench-v0'"):
        compare(a, b)
    elsewhere = Finished(a.folder, {CELL: episodes("++", first=1)}, a.env)
    with pytest.raises(BadInput, match="seeds 900000 … 900001 in A, 2 seeds 900001 … 900002 in B"):
        compare(a, elsewhere)
    other = read(written(tmp_path / "d", "++", Cell("easy", "pull"), id="uio2/Tabletop-v0"))
    with pytest.raises(BadInput, match="easy/push.*easy/pull"):
        compare(a, other)


def test_a_folder_without_a_run_says_what_was_expected(tmp_path):
    with pytest.raises(BadInput, match="ledger.jsonl, or with cells/"):
        read(tmp_path)


@pytest.mark.parametrize("content", [None, "{", '{"settings": {"seed": 1}}'])
def test_a_ledger_without_its_settings_is_no_run(tmp_path, content):
    folder = written(tmp_path, "+")
    (folder / "run.json").unlink()
    if content is not None:
        (folder / "run.json").write_text(content)
    with pytest.raises(BadEpisode, match="run.json"):
        read(folder)


def test_what_only_the_longer_run_has_is_left_out_and_told(tmp_path):
    a, b = read(written(tmp_path / "a", "++")), read(written(tmp_path / "b", "+-++"))
    comparison = compare(a, b)
    assert comparison.overall == Paired(1, 1, 0, 0)
    assert comparison.notes == ["left out: 2 seeds 900002 … 900003 only in B"]
    assert compare(b, a).notes == ["left out: 2 seeds 900002 … 900003 only in A"]


def test_a_run_to_come_can_be_checked_before_it_is_played(tmp_path):
    b = read(written(tmp_path, "+-"))
    env = {CELL: {"level": "easy", "task": "push", "oracle": True}}
    assert check_alike(env, {CELL: range(900_000, 900_002)}, b) == []
    with pytest.raises(BadInput, match="seeds of easy/push"):
        check_alike(env, {CELL: range(5)}, b)


def test_nothing_in_common_is_no_pair():
    assert pair_episodes(episodes("++"), episodes("--", first=2)).n == 0
    assert total([]) == Paired(0, 0, 0, 0)
    assert Comparison({}).overall.n == 0
