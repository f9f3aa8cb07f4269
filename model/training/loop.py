"""The training loop: a function of what comes at each step.

That is why stopping and going on changes nothing.
"""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from uio2_agent.errors import BadCheckpoint, BadSetting, RunMismatch
from uio2_agent.model.training.curve import draw_curve
from uio2_agent.storage import make_folder, whole, write_whole, writing

T = TypeVar("T")
Losses = dict[str, Tensor]  # "loss" is minimised, the rest is logged
# A run may be made longer or shorter while it is under way; what it does at a step stays the same.
_MAY_CHANGE = ("steps", "decay_from", "log_every", "save_every")


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """AdamW with warm-up, a constant stretch and a linear way down."""

    steps: int
    batch_size: int
    lr: float = 1e-3
    warmup: int = 200
    decay_from: float = 0.6
    weight_decay: float = 0.02
    clip_norm: float = 1.0
    log_every: int = 20
    save_every: int = 200
    bfloat16: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.decay_from <= 1:
            raise BadSetting("decay_from", self.decay_from, "a fraction of the steps in (0, 1]")

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        start = self.decay_from * self.steps
        down = 1.0 if step < start else (self.steps - step) / max(1.0, self.steps - start)
        return self.lr * min(1.0, (step + 1) / max(1, self.warmup)) * down


def train(
    module: nn.Module,
    loss_of: Callable[[Any], Losses],
    batch_at: Callable[[int], Any],
    cfg: LoopConfig,
    folder: Path,
    title: str,
) -> None:
    """Train in place; go on from `folder` when it holds an unfinished run.

    `batch_at(step)` must depend on nothing but the step: that makes a resumed run equal, up to
    rounding, to an uninterrupted one. Writes `state.pt`, `log.jsonl` and `curve.png`.

    Raises:
        RunMismatch: The folder's run has other settings.
        BadCheckpoint: The folder's state is cut short.
        CannotWrite: The disk is full; the last whole state is kept.
        BadSetting: The loss is no longer finite.
    """
    make_folder(folder)
    optimiser = _optimiser(module, cfg)
    start = _restore(folder, module, optimiser, cfg)
    log = (folder / "log.jsonl").open("a")
    module.train()
    began, seen, sums = time.monotonic(), 0, {}  # type: ignore[var-annotated]
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with log, Progress(*columns, TextColumn("{task.fields[loss]}")) as progress:
        bar = progress.add_task(title, total=cfg.steps, completed=start, loss="")
        for step, batch in zip(
            range(start, cfg.steps), _ahead(batch_at, start, cfg.steps), strict=True
        ):
            for group in optimiser.param_groups:
                group["lr"] = cfg.rate(step)
            with torch.autocast("cpu", torch.bfloat16, enabled=cfg.bfloat16):
                losses = loss_of(batch)
            optimiser.zero_grad(set_to_none=True)
            losses["loss"].backward()
            nn.utils.clip_grad_norm_(module.parameters(), cfg.clip_norm)
            optimiser.step()
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            seen += 1
            if (step + 1) % cfg.log_every == 0:
                means = {name: round(total / seen, 5) for name, total in sums.items()}
                if not math.isfinite(means["loss"]):
                    want = "a finite number; lower lr and go on from the last saved step"
                    raise BadSetting(f"loss at step {step}", means["loss"], want)
                rate = seen * cfg.batch_size / (time.monotonic() - began)
                line = {"step": step + 1, **means, "examples_per_s": round(rate, 1)}
                with writing(folder / "log.jsonl"):
                    log.write(json.dumps(line) + "\n")
                    log.flush()
                progress.update(bar, loss=f"loss {means['loss']:.3f}  {rate:.0f} examples/s")
                began, seen, sums = time.monotonic(), 0, {}
            progress.update(bar, completed=step + 1)
            if (step + 1) % cfg.save_every == 0 or step + 1 == cfg.steps:
                _save(folder, module, optimiser, cfg, step + 1)
                draw_curve(folder / "log.jsonl", folder / "curve.png")
    module.eval()


def _optimiser(module: nn.Module, cfg: LoopConfig) -> torch.optim.Optimizer:
    """Matrices decay, vectors and scales do not."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": cfg.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=cfg.lr, betas=(0.9, 0.98), fused=True)


def _ahead(batch_at: Callable[[int], T], start: int, stop: int) -> Iterator[T]:
    """Batches in order, the next two made by a thread meanwhile; its errors are raised here."""
    ready: Queue[tuple[T | None, BaseException | None]] = Queue(maxsize=2)
    gone = threading.Event()

    def work() -> None:
        for step in range(start, stop):
            if gone.is_set():
                return
            try:
                ready.put((batch_at(step), None))
            except BaseException as e:  # handed over, raised by the reader
                ready.put((None, e))
                return

    threading.Thread(target=work, daemon=True, name="batches").start()
    try:
        for _ in range(start, stop):
            batch, error = ready.get()
            if error is not None:
                raise error
            yield batch  # type: ignore[misc]
    finally:
        gone.set()
        while not ready.empty():
            ready.get_nowait()


def _save(
    folder: Path, module: nn.Module, optimiser: torch.optim.Optimizer, cfg: LoopConfig, step: int
) -> None:
    state = {
        "step": step,
        "settings": asdict(cfg),
        "module": module.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    # Into an open file: given a path, torch.save would not tell why it cannot write.
    with whole(folder / "state.pt") as part, part.open("wb") as file:
        torch.save(state, file)


def _restore(
    folder: Path, module: nn.Module, optimiser: torch.optim.Optimizer, cfg: LoopConfig
) -> int:
    """Load an unfinished run, if there is one -> the step it goes on with."""
    path = folder / "state.pt"
    if not path.exists():
        (folder / "log.jsonl").unlink(missing_ok=True)
        return 0
    try:
        state = torch.load(path, weights_only=True)
    except (RuntimeError, EOFError, OSError) as e:
        raise BadCheckpoint(
            str(path), f"cannot be read ({e})", "Delete it to start this stage afresh"
        ) from e
    now = {k: v for k, v in asdict(cfg).items() if k not in _MAY_CHANGE}
    changed = [
        f"{k}: {v} then, {now[k]} now"
        for k, v in state["settings"].items()
        if k in now and now[k] != v
    ]
    if changed:
        raise RunMismatch(str(folder), changed)
    module.load_state_dict(state["module"])
    optimiser.load_state_dict(state["optimiser"])
    _cut_log(folder / "log.jsonl", state["step"])
    return state["step"]


def _cut_log(path: Path, step: int) -> None:
    """Drop what was logged after the state was saved; those steps come again."""
    if path.exists():
        kept = [x for x in path.read_text().splitlines() if x and json.loads(x)["step"] <= step]
        write_whole(path, "".join(x + "\n" for x in kept).encode())
