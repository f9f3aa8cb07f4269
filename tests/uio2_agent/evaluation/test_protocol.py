"""A protocol in a folder: cells, ledgers, results, films of failures, and going on."""

import json
import wave
from functools import partial
from pathlib import Path

import pytest

from uio2_agent.envs.counting import Counting
from uio2_agent.errors import BadSetting, RunMismatch
from uio2_agent.evaluation import clips
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.ledger import LEDGER_FILE
from uio2_agent.evaluation.matrix import matrix
from uio2_agent.evaluation.player import Parts
from uio2_agent.evaluation.processes import Processes
from uio2_agent.evaluation.protocol import Plan, evaluate_cells
from uio2_agent.policies.baseline import RandomPolicy

SEED = 900_000
LIMITS = {"easy": 4, "hard": 12}
CELLS = {
    Cell("easy", "count"): {"seed": SEED, "limit": 4},
    Cell("easy", "again"): {"seed": SEED, "limit": 4},
    Cell("hard", "count"): {"seed": SEED, "limit": 12},
}


def make_env(cell, **settings) -> Counting:
    return Counting(limit=LIMITS[cell.level], render_mode="rgb_array", **settings)


def make_policy(cell) -> RandomPolicy:
    return RandomPolicy(Counting().action_space)


def parts(num_envs=3, **settings) -> Parts:
    env = partial(make_env, **settings) if settings else make_env
    return Parts(env, make_policy, SEED, num_envs)


def plan(**changes) -> Plan:
    settings = {"cells": CELLS, "episodes": 12, "seed": SEED, "workers": 2, "num_envs": 3}
    return Plan(**{**settings, **changes})


def rows(folder: Path) -> dict[str, list[str]]:
    """Ledger lines of every cell, in order of the episodes."""
    found = {}
    for path in sorted(folder.rglob(LEDGER_FILE)):
        lines = path.read_text().splitlines()
        name = str(path.parent.relative_to(folder))
        found[name] = sorted(lines, key=lambda line: json.loads(line)["episode"])
    return found


@pytest.mark.timeout(120)
def test_processes_write_the_same_rows_one_or_two_and_dead_or_hanging_ones_are_errors(tmp_path):
    for workers, num_envs in ((1, 1), (2, 3)):
        faulty = parts(num_envs, raise_at=0, raise_seeds=[SEED + 4], fault="exit")
        pool = Processes(faulty)
        how = plan(workers=workers, num_envs=num_envs, episode_timeout_s=60)
        evaluate_cells(tmp_path / str(workers), how, pool)
    one, two = (rows(tmp_path / name) for name in "12")
    assert one == two and len(one) == 3
    for lines in one.values():
        errors = {n: json.loads(line)["error"] for n, line in enumerate(lines)}
        assert errors.pop(4) == "worker died (exit code 3), twice"
        assert not any(errors.values())


def test_an_episode_that_hangs_is_timed_out_and_its_neighbours_are_not(tmp_path):
    pool = Processes(parts(2, raise_at=0, raise_seeds=[SEED + 1], fault="hang"))
    one = {cell: CELLS[cell] for cell in [*CELLS][:1]}
    how = plan(cells=one, episodes=3, workers=1, num_envs=2, episode_timeout_s=1.5)
    (episodes,) = evaluate_cells(tmp_path, how, pool).episodes.values()
    assert [episode.error for episode in episodes] == [None, "timed out after 1.5 s", None]


def test_every_cell_is_a_run_of_its_own_and_the_result_is_about_all(tmp_path, in_process):
    seen = []
    pool = in_process(parts())
    run = evaluate_cells(
        tmp_path,
        plan(),
        pool,
        facts={"protocol": "counts"},
        origin={"config": 1},
        on_episode=lambda episode: seen.append(episode),
    )
    assert len(seen) == 36 and pool.closed
    own = json.loads((tmp_path / "cells" / "hard" / "count" / "result.json").read_text())
    assert own["episodes"] == 12 and own["provenance"] == {"config": 1}
    assert own["env_steps_per_s"] > 0
    whole = json.loads((tmp_path / "result.json").read_text())
    assert whole == run.result and whole["protocol"] == "counts"
    numbers = json.loads(json.dumps(matrix(run.episodes)))
    assert {key: whole[key] for key in numbers} == numbers
    assert whole["decisions_per_s"] > 0 and whole["provenance"] == {"config": 1}


class Interrupted(Exception):
    pass


def test_an_interrupted_run_goes_on_and_no_finished_episode_is_played_again(tmp_path, in_process):
    def stop_at(count):
        def on_episode(episode):
            seen.append(episode)
            if len(seen) == count:
                raise Interrupted

        return on_episode

    seen: list = []
    pool = in_process(parts())
    with pytest.raises(Interrupted):
        evaluate_cells(tmp_path / "cut", plan(), pool, on_episode=stop_at(10))
    assert pool.closed
    kept = rows(tmp_path / "cut")
    assert sum(map(len, kept.values())) == 10
    pool = in_process(parts())
    evaluate_cells(tmp_path / "cut", plan(workers=1), pool)
    assert sum(len(shard.numbers) for shard in pool.given) == 26
    evaluate_cells(tmp_path / "whole", plan(), in_process(parts()))
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    pool = in_process(parts())
    evaluate_cells(tmp_path / "cut", plan(), pool)
    assert pool.given == []


def test_a_cell_with_other_settings_is_refused_before_anything_is_played(tmp_path, in_process):
    evaluate_cells(tmp_path, plan(), in_process(parts()))
    before = rows(tmp_path)
    changed = {cell: {**settings, "limit": 7} for cell, settings in CELLS.items()}
    with pytest.raises(RunMismatch, match="limit: 4 there, 7 asked for"):
        evaluate_cells(tmp_path, plan(cells=changed, episodes=20), in_process(parts()))
    assert rows(tmp_path) == before


def test_the_first_failures_of_every_cell_are_filmed_once(tmp_path, in_process):
    pool = in_process(parts(raise_at=0, raise_seeds=[SEED]))
    run = evaluate_cells(tmp_path, plan(clips=2), pool)
    for cell, episodes in run.episodes.items():
        folder = cell.folder(tmp_path)
        filmed = [e.episode for e in episodes if clips.kept(folder, e.episode)]
        failed = [e.episode for e in episodes if not e.success and e.error is None]
        assert episodes[0].error and filmed == failed[:2]
    pool = in_process(parts())
    evaluate_cells(tmp_path, plan(clips=2), pool)
    assert pool.given == []


def test_what_was_heard_in_a_failure_comes_from_the_worker_with_its_film(tmp_path):
    cells = {cell: CELLS[cell] for cell in [*CELLS][:1]}
    pool = Processes(parts(2, audible=True))
    run = evaluate_cells(tmp_path, plan(cells=cells, episodes=6, clips=1, workers=1), pool)
    ((cell, episodes),) = run.episodes.items()
    first = next(e for e in episodes if not e.success)
    (path,) = cell.folder(tmp_path).glob("clips/*.wav")
    assert path.stem == f"{first.episode:06d}"
    with wave.open(str(path)) as wav:
        assert wav.getnframes() == 160 * (first.steps + 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"episodes": 0},
        {"seed": -1},
        {"workers": 0},
        {"num_envs": 0},
        {"clips": -1},
        {"episode_timeout_s": 0.0},
    ],
)
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(BadSetting, match=next(iter(wrong))):
        plan(**wrong)
