"""A run ends with the same outcomes whether or not it was interrupted."""

import errno
import json
import wave
from functools import partial

import pytest

from uio2_agent import storage
from uio2_agent.envs.counting import Counting
from uio2_agent.errors import BadSetting, CannotWrite, RunMismatch
from uio2_agent.evaluation.ledger import Ledger
from uio2_agent.evaluation.run import evaluate
from uio2_agent.policies.baseline import RandomPolicy

SEED = 900_000
MAKE_ENV = partial(Counting, limit=12, render_mode="rgb_array")


class InterruptedAt(RandomPolicy):
    """Ctrl-C at the given call, from inside the policy."""

    def __init__(self, call: int | None = None) -> None:
        super().__init__(Counting().action_space)
        self.call = call

    def act(self, observations, infos):
        if self.call == 0:
            raise KeyboardInterrupt
        if self.call is not None:
            self.call -= 1
        return super().act(observations, infos)


def run(folder, interrupt=None, episodes=12, settings=None, make_env=MAKE_ENV, **more):
    seen = []
    with Ledger(
        folder, {"policy": "random", "seed": SEED} if settings is None else settings
    ) as ledger:
        outcome = evaluate(
            make_env,
            InterruptedAt(interrupt),
            ledger,
            episodes=episodes,
            seed=SEED,
            on_episode=lambda e: seen.append(e.episode),
            **{"num_envs": 3, **more},
        )
    return outcome, seen


def lines(folder) -> list[dict]:
    found = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    return sorted(found, key=lambda line: line["episode"])


@pytest.mark.parametrize("num_envs", [1, 3])
@pytest.mark.parametrize("call", [0, 1, 4, 7])
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, call, num_envs):
    whole, _ = run(tmp_path / "whole", num_envs=num_envs)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupt=call, num_envs=num_envs)
    kept = lines(tmp_path / "cut")
    assert len(kept) < 12 and not (tmp_path / "cut" / "result.json").exists()
    resumed, seen = run(tmp_path / "cut", num_envs=num_envs)
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    assert seen[: len(kept)] == [line["episode"] for line in kept]
    assert resumed["per_task"] == whole["per_task"]
    if num_envs == 1:
        cut, uncut = ((tmp_path / name / "ledger.jsonl").read_bytes() for name in ("cut", "whole"))
        assert cut == uncut


def test_a_run_may_be_resumed_with_another_number_of_environments(tmp_path):
    run(tmp_path / "whole", num_envs=1)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupt=3, num_envs=4)
    run(tmp_path / "cut", num_envs=2, vectorization="async")
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")


def test_a_finished_run_is_not_played_again(tmp_path):
    first, _ = run(tmp_path)
    again, seen = run(tmp_path, interrupt=0)  # the policy is not asked at all
    assert seen == [*range(12)]
    assert {**again, "provenance": 0} == {**first, "provenance": 0}


def test_a_finished_run_can_be_made_longer_or_looked_at_in_part(tmp_path):
    run(tmp_path / "long", episodes=12)
    run(tmp_path / "grown", episodes=5)
    run(tmp_path / "grown", episodes=12)
    assert lines(tmp_path / "grown") == lines(tmp_path / "long")
    part, _ = run(tmp_path / "long", episodes=5)
    assert part["episodes"] == 5 and len(lines(tmp_path / "long")) == 12


def test_other_settings_are_refused_before_anything_is_played(tmp_path):
    run(tmp_path)
    before = lines(tmp_path)
    with pytest.raises(RunMismatch, match="policy: 'random' there, 'oracle' asked for"):
        run(tmp_path, settings={"policy": "oracle", "seed": SEED})
    assert lines(tmp_path) == before


def test_clips_of_the_first_episodes_are_kept_also_across_an_interruption(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, interrupt=4, clips_wanted=5)
    run(tmp_path, clips_wanted=5)
    names = sorted(path.name for path in (tmp_path / "clips").iterdir())
    assert names == [f"{number:06d}.webp" for number in range(5)]


def test_what_was_heard_is_kept_with_the_clips_also_across_an_interruption(tmp_path):
    settings = {"clips_wanted": 5, "make_env": partial(MAKE_ENV, audible=True)}
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupt=4, **settings)
    run(tmp_path / "cut", **settings)
    run(tmp_path / "whole", **settings)
    files = {path.name: path.read_bytes() for path in (tmp_path / "whole" / "clips").iterdir()}
    assert {f"{n:06d}.{kind}" for n in range(5) for kind in ("wav", "webp")} == {*files}
    assert {p.name: p.read_bytes() for p in (tmp_path / "cut" / "clips").iterdir()} == files
    for line in lines(tmp_path / "whole")[:5]:
        with wave.open(str(tmp_path / "whole" / "clips" / f"{line['episode']:06d}.wav")) as wav:
            assert wav.getnframes() == 160 * (line["steps"] + 1)


def test_what_is_written_is_what_is_returned(tmp_path):
    outcome, _ = run(tmp_path, origin={"config": {"seed": SEED}})
    assert json.loads((tmp_path / "result.json").read_text()) == outcome
    assert outcome["provenance"] == {"config": {"seed": SEED}}
    assert outcome["decisions_per_s"] > 0 and outcome["env_steps_per_s"] > 0


def test_a_full_disk_keeps_the_ledger_and_the_run_can_go_on(tmp_path, monkeypatch):
    run(tmp_path / "whole", clips_wanted=12)
    real, room = storage.os.fsync, [9]

    def full_after_a_while(fd):
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(fd)

    monkeypatch.setattr(storage.os, "fsync", full_after_a_while)
    with pytest.raises(CannotWrite, match="disk is full"):
        run(tmp_path / "cut", clips_wanted=12)
    monkeypatch.undo()
    kept = lines(tmp_path / "cut")
    assert 0 < len(kept) < 12
    run(tmp_path / "cut", clips_wanted=12)
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    assert len([*(tmp_path / "cut" / "clips").iterdir()]) == 12


def test_no_episodes_is_no_run(tmp_path):
    with pytest.raises(BadSetting, match="episodes"):
        run(tmp_path, episodes=0)


def test_a_seed_below_zero_is_refused_before_an_environment_is_made(tmp_path):
    with Ledger(tmp_path, {"seed": -1}) as ledger, pytest.raises(BadSetting, match="seed is -1"):
        evaluate(MAKE_ENV, InterruptedAt(0), ledger, episodes=1, seed=-1)
