"""Training can be stopped anywhere and goes on as if it had not been."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from uio2_agent.errors import BadCheckpoint, BadSetting, CannotWrite, RunMismatch
from uio2_agent.model.training.loop import LoopConfig, train

CFG = LoopConfig(steps=40, batch_size=4, warmup=5, log_every=5, save_every=10)


def batch_at(step: int) -> torch.Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(step))


def fresh() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def run(folder, module, batches=batch_at, cfg=CFG):
    def loss_of(x):
        return {"loss": (module(x) - x.sum(-1, keepdim=True)).square().mean()}

    train(module, loss_of, batches, cfg, folder, "test")
    return module


def stopping_at(last: int):
    def batches(step):
        if step == last:
            raise KeyboardInterrupt
        return batch_at(step)

    return batches


def test_the_loss_goes_down_and_is_drawn(tmp_path):
    cfg = LoopConfig(steps=300, batch_size=4, lr=0.02, warmup=5, log_every=5)
    run(tmp_path, fresh(), cfg=cfg)
    losses = [json.loads(x)["loss"] for x in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.05 * losses[0]
    with Image.open(tmp_path / "curve.png") as picture:
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 3


@pytest.mark.parametrize("last", [7, 10, 27])
def test_an_interrupted_run_ends_with_the_same_weights(tmp_path, last):
    whole = run(tmp_path / "whole", fresh())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", fresh(), stopping_at(last))
    resumed = run(tmp_path / "broken", fresh())
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    steps = [
        [json.loads(x)["step"] for x in (tmp_path / f / "log.jsonl").read_text().splitlines()]
        for f in ("whole", "broken")
    ]
    assert steps[0] == steps[1]


def test_a_finished_run_is_not_run_again(tmp_path):
    done = run(tmp_path, fresh())
    again = run(tmp_path, fresh(), stopping_at(0))
    assert torch.equal(done.weight, again.weight)


def test_a_run_with_other_settings_is_not_continued(tmp_path):
    run(tmp_path, fresh())
    other = LoopConfig(steps=40, batch_size=8, warmup=5, log_every=5, save_every=10)
    with pytest.raises(RunMismatch, match="batch_size: 4 then, 8 now"):
        run(tmp_path, fresh(), cfg=other)


def test_a_truncated_state_is_named(tmp_path):
    run(tmp_path, fresh())
    path = tmp_path / "state.pt"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadCheckpoint, match=r"state\.pt: cannot be read"):
        run(tmp_path, fresh())


@pytest.mark.parametrize("room", [100, 1500])  # for the state, then also for the log
def test_a_full_disk_leaves_the_last_whole_state_and_the_run_goes_on(tmp_path, little_room, room):
    expected = run(tmp_path / "whole", fresh())
    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        run(broken, fresh(), stopping_at(15))
    before = (broken / "state.pt").read_bytes()
    little_room(room)
    with pytest.raises(CannotWrite, match="limit is reached"):
        run(broken, fresh())
    little_room(None)
    assert (broken / "state.pt").read_bytes() == before
    assert {p.name for p in broken.iterdir()} == {"state.pt", "log.jsonl", "curve.png"}
    assert torch.equal(run(broken, fresh()).weight, expected.weight)


def test_a_decay_outside_the_run_is_refused():
    with pytest.raises(BadSetting, match="decay_from"):
        LoopConfig(steps=1, batch_size=1, decay_from=0.0)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    def batches(step):
        return batch_at(step) * (float("nan") if step == 12 else 1)

    with pytest.raises(BadSetting, match="loss at step 14 is nan"):
        run(tmp_path, fresh(), batches)
