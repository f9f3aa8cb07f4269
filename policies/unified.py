"""Unified-IO 2 as something that acts: per-row history, model, answer, action.

Legend: N rows of the vector env, B rows of one micro-batch.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

import numpy as np
import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from torch import Tensor

from uio2_agent.errors import BadCheckpoint, BadInput
from uio2_agent.interface import ANSWER, DECISIONS, EPISODE_SEED, NO_EPISODE
from uio2_agent.model.checkpoint import load
from uio2_agent.model.generation import generate_text
from uio2_agent.model.inputs import Inputs
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint, read_policy_settings
from uio2_agent.policies.codecs.base import Action, Codec, Observation, Prompt, Signal
from uio2_agent.policies.latents import Frames, streams

Replan = Literal["step", "plan"]


@dataclass
class Row:
    """What is remembered of one environment; `reset` makes a new one."""

    frames: dict[Signal, Frames] = field(
        default_factory=lambda: {"image": Frames(), "audio": Frames()}
    )
    memory: Any = None  # the codec's own
    plan: deque[Action] = field(default_factory=deque)
    generator: torch.Generator | None = None


class UnifiedPolicy:
    """Ask the model for a plan, play its first step (or all of it), ask again.

    Args:
        model: In evaluation mode, on the device it shall run on.
        codec: What the checkpoint was trained with. Pictures of another size than the model's are
            resized and padded to it. One that hears (`codecs.base.HearingCodec`) needs a model that
            does.
        replan: "step" asks at every step (closed loop), "plan" when the last plan is played out
            (one-shot, the paper's protocol: one answer to the first picture).
        text_length: Every question is padded to this many tokens, a longer one to a multiple of
            it, so that an answer depends on nothing but its row.
        micro_batch: Rows the model sees at once, always exactly so many, for the same reason.
        temperature: 0 for the most likely answer; above, answers are drawn from each row's own
            generator.
        seed: Of the rows' generators where the caller's infos give no `episode_seed`.

    Raises:
        BadInput, BadSetting: Another `replan`, or a codec with more slots than the model, or that
            shows what it does not read.
    """

    def __init__(
        self,
        model: UnifiedIO2,
        codec: Codec,
        *,
        replan: Replan = "step",
        text_length: int = 96,
        micro_batch: int = 4,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> None:
        if replan not in ("step", "plan"):
            raise BadInput("replan", replan, "step or plan")
        self.model, self.codec, self.replan = model.eval(), codec, replan
        self.text_length, self.micro_batch = text_length, micro_batch
        self.temperature, self.seed = temperature, seed
        self._streams = streams(model, codec, micro_batch)
        self._rows: list[Row] = []

    def reset(self, mask: np.ndarray) -> None:
        """Forget the rows where mask (N,) is true."""
        if len(self._rows) != len(mask):
            self._rows = [Row() for _ in mask]
        for i in np.flatnonzero(mask):
            self._rows[i] = Row()

    @torch.inference_mode()
    def act(self, observations: Any, infos: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Stacked observations of N rows -> stacked actions, and infos.

        The infos are `decisions` (N,) bool, whether the model was asked, and `answer` (N,) str,
        empty where it was not. After an answer without any step the row rests, then asks again.
        """
        n = _count(observations)
        if len(self._rows) != n:
            self.reset(np.ones(n, bool))
        rows = [_row(observations, i) for i in range(n)]
        seeds = infos.get(EPISODE_SEED)
        playing = [i for i in range(n) if seeds is None or seeds[i] != NO_EPISODE]
        asking = [i for i in playing if self.replan == "step" or not self._rows[i].plan]
        for i in playing:
            for name, stream in self._streams.items():
                stream.perceive(self._rows[i].frames[name], rows[i])
        prompts = {
            i: self.codec.prompt(
                rows[i], len(self._rows[i].frames["image"].past), self._rows[i].memory
            )
            for i in asking
        }
        for name, stream in self._streams.items():
            stream.encode_new(
                [(self._rows[i].frames[name], p.shown(name).first) for i, p in prompts.items()]
            )
        answers = np.full(n, "", object)
        for part in self._parts(asking, prompts):
            for i, tokens in zip(part, self._ask(part, prompts, rows, infos), strict=True):
                self._rows[i].plan = deque(self.codec.decode(rows[i], tokens))
                answers[i] = self.codec.readable(tokens)
        actions = [self.codec.rest] * n
        for i in playing:
            row = self._rows[i]
            if row.plan:
                actions[i] = row.plan.popleft()
            for name, stream in self._streams.items():
                stream.pass_on(row.frames[name])
            row.memory = self.codec.remember(row.memory, rows[i], actions[i])
        decisions = np.isin(np.arange(n), asking)
        return _stack(actions), {DECISIONS: decisions, ANSWER: answers}

    # --- question and answer --------------------------------------------------------------------

    def _ask(
        self,
        part: list[int],
        prompts: dict[int, Prompt],
        rows: list[Observation],
        infos: Mapping[str, Any],
    ) -> list[list[int]]:
        """One micro-batch, padded with copies of its last row -> answers, cut at end tokens."""
        padded = part + [part[-1]] * (self.micro_batch - len(part))
        inputs = self._inputs(padded, prompts)

        def allowed(tokens: list[list[int]]) -> Tensor:
            masks = [self.codec.allowed(rows[i], t) for i, t in zip(padded, tokens, strict=True)]
            return self._tensor(np.stack(masks))

        generators = None
        if self.temperature > 0:
            generators = [self._generator(i, infos) for i in part]
            generators += [torch.Generator(self._device) for _ in padded[len(part) :]]
        out = generate_text(
            self.model,
            inputs,
            max_new_tokens=self.codec.max_answer,
            allowed=allowed,
            temperature=self.temperature,
            generators=generators,
        )
        answers = out[: len(part), 1:].tolist()
        return [a[: a.index(Tokenizer.EOS)] if Tokenizer.EOS in a else a for a in answers]

    def _inputs(self, part: list[int], prompts: dict[int, Prompt]) -> Inputs:
        """What the model reads: text, and of every signal the present and its history."""
        read: dict[str, Any] = {"text": self._texts([prompts[i].text for i in part])}
        for name, stream in self._streams.items():
            shown = [(self._rows[i].frames[name], prompts[i].shown(name)) for i in part]
            read |= stream.inputs(shown)
        return Inputs(**read)

    def _parts(self, asking: list[int], prompts: dict[int, Prompt]) -> Iterator[list[int]]:
        """Micro-batches of rows whose questions are padded alike, so that no company matters."""

        def length(i: int) -> int:
            return self._padded(len(prompts[i].text))

        for _, alike in groupby(sorted(asking, key=length), key=length):
            rows = list(alike)
            for start in range(0, len(rows), self.micro_batch):
                yield rows[start : start + self.micro_batch]

    def _padded(self, tokens: int) -> int:
        """Length of a question with its end token: `text_length`, or a multiple if it must be."""
        length = -(-(tokens + 1) // self.text_length) * self.text_length
        longest = max(self.model.cfg.max_text, self.text_length)
        if tokens + 1 > longest:
            raise BadInput("question", f"{tokens + 1} tokens long", f"at most {longest}")
        return min(length, longest)

    def _texts(self, texts: list[list[int]]) -> Tensor:
        """Token lists -> (B, padded length), each with its end token, zero-padded."""
        out = np.zeros((len(texts), self._padded(max(map(len, texts)))), np.int64)
        for row, tokens in zip(out, texts, strict=True):
            row[: len(tokens) + 1] = [*tokens, Tokenizer.EOS]
        return self._tensor(out)

    def _generator(self, i: int, infos: Mapping[str, Any]) -> torch.Generator:
        row = self._rows[i]
        if row.generator is None:
            seeds = infos.get(EPISODE_SEED)
            seed = int(seeds[i]) if seeds is not None else i
            row.generator = torch.Generator(self._device).manual_seed(self.seed * 2**32 + seed)
        return row.generator

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device)


def load_policy(
    checkpoint: str = "nano",
    *,
    replan: Replan | None = None,
    device: str = "cpu",
    temperature: float | None = None,
    micro_batch: int = 4,
    seed: int = 0,
) -> UnifiedPolicy:
    """A shipped name, a folder or a hub id -> the agent, as its policy.json says it was trained.

    `replan` and `temperature` are what policy.json says unless they are given.

    Raises:
        UnknownName: There is no such agent.
        BadCheckpoint: A file is missing, truncated or foreign, or files do not belong together.
        CheckpointMismatch: Tensors do not fit the config, each by name.
    """
    folder = find_checkpoint(checkpoint)
    settings = read_policy_settings(folder)
    model = load(folder).to(device)
    tokenizer = Tokenizer.from_file(folder / "tokenizer.model")
    rows = model.cfg.text_vocab_size
    if tokenizer.size > rows:
        raise BadCheckpoint(
            str(folder),
            f"its tokenizer has {tokenizer.size} pieces, its text table {rows} rows",
            "tokenizer.model and weights.safetensors must come from the same training",
        )
    try:
        codec = instantiate(settings["codec"], tokenizer=tokenizer, table_size=rows)
    except InstantiationException as e:
        raise BadCheckpoint(
            str(folder), f"policy.json describes no codec ({e})", "Use the release it was made with"
        ) from e
    return UnifiedPolicy(
        model,
        codec,
        replan=replan or settings["replan"],
        text_length=settings["text_length"],
        micro_batch=micro_batch,
        temperature=settings["temperature"] if temperature is None else temperature,
        seed=seed,
    )


def _row(observations: Any, i: int) -> Any:
    """Row i of stacked observations."""
    if isinstance(observations, dict):
        return {name: _row(value, i) for name, value in observations.items()}
    return observations[i]


def _count(observations: Any) -> int:
    """How many rows are stacked."""
    while isinstance(observations, dict):
        observations = next(iter(observations.values()))
    return len(observations)


def _stack(actions: Sequence[Action]) -> Any:
    """One action a row, dicts of arrays or numbers -> stacked over rows."""
    if isinstance(actions[0], dict):
        return {name: np.stack([a[name] for a in actions]) for name in actions[0]}
    return np.stack(actions)
