"""VIMA-Bench as the released Unified-IO 2 weights know it (specs vima_bench 11, uio2_model l).

Known from the release are the phrases below, the grammar of answers, the bins, and a parser with
two mistakes, both settings here. Its data builder was never released, so these are guesses, marked
[?]: which camera it showed, how phrase and task were joined, in which slots pictures stood (ours:
reading order), and how rotations were encoded (sign, zero, and whether 1 was a whole turn).
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.model.prompt_text import TEXT, check_markers
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.base import Action, Observation
from uio2_agent.policies.codecs.plan_grammar import find_plan
from uio2_agent.policies.codecs.table_scale import Rotation, TableScale
from uio2_agent.policies.codecs.vima import VimaCodec

Family = Literal["format", "question", "plain"]

# One phrase of each kind that the weights were trained with, verbatim, from
# github.com/allenai/unified-io-2, t5x/examples/unified_io/data/prompt_dict.py ("vima" has the first
# two kinds, "vima_task_only" the third). Its third family asks for boxes and yields no actions.
PHRASES: dict[str, str] = {
    "format": (
        "Forecast the next actions as a sequence of sentences with the format: "
        '"step: start-action from ( a1 b1 r1 ) and end-action to ( a2 b2 r2 )" '
        "based on the agent's initial observation"
    ),
    "question": "What is the action plan? Consider the observations",
    "plain": "Predict a sequence of actions to achieve the goal",
}
_SILENT = {"audio_input": 0, "audio_history": 0}
RELEASED_SLOTS = 4  # frames of history the release reads by default


class ReleasedVimaCodec(VimaCodec):
    """The released weights' questions and answers; no past frames, as they were never shown any.

    Args:
        tokenizer: LLaMA's.
        table_size: Rows of the text table, the width of `allowed`'s mask.
        view: Which camera is shown to the model, "top" or "front" [?].
        family: Which phrase asks: "format" tells the wanted form of the answer, "question" and
            "plain" do not.
        layout: How `{phrase}` and `{task}` make the question [?]; `<image_input>` may stand in it.
        slots: Frames of history; 4 is the release's default, it has positions for 8.
        max_steps: Longest plan that can be written.
        divide_by: 1000 as the released parser, or 999, which undoes the encoding exactly.
        rotation: "turns", or "degrees_as_radians" as the released parser: degrees handed to a
            routine that takes radians, right only if the data were encoded with that in mind [?].
        constrained: Only plans can be answered. Without, the model says what it likes; steps are
            searched for in it, and an answer without any makes the arm rest for a step.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        table_size: int,
        *,
        view: str = "top",
        family: Family = "format",
        layout: str = "{phrase}. {task}",
        slots: int = RELEASED_SLOTS,
        max_steps: int = 8,
        divide_by: int = 1000,
        rotation: Rotation = "turns",
        constrained: bool = True,
    ) -> None:
        if family not in PHRASES:
            raise UnknownName("family", family, get_args(Family))
        if layout.count("{task}") != 1 or layout.count("{phrase}") > 1:
            raise BadSetting("layout", repr(layout), "one {task}, and {phrase} at most once")
        super().__init__(
            tokenizer,
            table_size,
            view=view,
            slots=slots,
            max_steps=max_steps,
            scale=TableScale(rounding="down", divide_by=divide_by, rotation=rotation),
        )
        self.family, self.layout, self.constrained = family, layout, constrained
        self._anything = np.arange(table_size) < tokenizer.size
        self._anything[[tokenizer.PAD, tokenizer.UNK]] = False

    def question(self, words: str, n_pictures: int, n_past: int) -> list[int]:
        """The phrase and the task's words -> token ids. Raises BadInput on a marker of nothing."""
        asked = self.layout.replace("{phrase}", PHRASES[self.family]).replace("{task}", words)
        shown = {"image_input": 1, "image_history": n_pictures, **_SILENT}
        return self.tokenizer.encode(f"{TEXT} {check_markers(asked, shown)}")

    def allowed(self, observation: Observation, tokens: list[int]) -> np.ndarray:
        """A plan's next token, with the verb of the end effector in use; or anything."""
        return super().allowed(observation, tokens) if self.constrained else self._anything

    def decode(self, observation: Observation, tokens: Sequence[int]) -> list[Action]:
        """Whatever was answered -> the steps found in it, perhaps none."""
        return [self.scale.action(step) for step in find_plan(self.tokenizer.decode(tokens))]

    def readable(self, tokens: list[int]) -> str:
        """The steps in metres and degrees, or the answer itself if there are none."""
        return super().readable(tokens) or self.tokenizer.decode(tokens)
