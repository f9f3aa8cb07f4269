"""VIMA-Bench's spaces in Unified-IO 2's words (specs vima_bench 2, 11 and uio2_model l).

An answer is a plan, one sentence a step (`plan_grammar`), its numbers are location bins
(`table_scale`), rounded, so encoding a decoded plan gives the same bins back.
"""

import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.interface import PROMPT_SLOTS, VIEWS
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.base import Action, Observation, Prompt
from uio2_agent.policies.codecs.picture_slots import fit_pictures
from uio2_agent.policies.codecs.plan_grammar import PlanGrammar
from uio2_agent.policies.codecs.table_scale import TableScale

_LOG = logging.getLogger(__name__)


class VimaCodec:
    """Plans of pick-and-place or push steps as text.

    Args:
        tokenizer: The checkpoint's own.
        table_size: Rows of the text table, the width of `allowed`'s mask.
        view: Which camera is shown to the model, "top" or "front".
        slots: Frames of history the model is given. Of a prompt with more pictures only those that
            matter most are shown (`picture_slots`), and a warning is logged, once for every text.
        past_frames: How many earlier frames of the episode follow the prompt's pictures, if there
            are slots left.
        keep_first: The first frame of the episode stays among them (`base.remembered`).
        max_steps: Longest plan that can be written.
        scale: How numbers become bins.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        table_size: int,
        *,
        view: str = "top",
        slots: int = PROMPT_SLOTS,
        past_frames: int = 0,
        keep_first: bool = False,
        max_steps: int = 8,
        scale: TableScale | None = None,
    ) -> None:
        if view not in VIEWS:
            raise BadInput("view", view, f"one of {', '.join(VIEWS)}")
        if not 1 <= slots <= PROMPT_SLOTS:
            raise BadSetting("slots", slots, f"from 1 to {PROMPT_SLOTS}")
        self.tokenizer, self.view, self.slots = tokenizer, view, slots
        self.past_frames, self.keep_first = past_frames, keep_first
        self.max_steps = max_steps
        self.scale = scale or TableScale()
        self.grammar = PlanGrammar(tokenizer, table_size, max_steps)
        self.max_answer = self.grammar.longest
        self.rest = self.scale.action([0] * 6)
        self._told: set[str] = set()

    # --- question -------------------------------------------------------------------------------

    def prompt(self, observation: Observation, n_past: int = 0, memory: None = None) -> Prompt:
        """Raises TooManyPictures when the command names more pictures than there are slots."""
        valid = np.asarray(observation["prompt_mask"]).astype(bool)
        pictures = observation["prompt_rgb"][valid][:, VIEWS.index(self.view)]
        words, kept = self.fitted(str(observation["prompt_text"]), len(pictures))
        image = self.view_of(observation)
        n_past = min(n_past, self.past_frames, self.slots - len(kept))
        text = self.question(words, len(kept), n_past)
        return Prompt(text=text, image=image, pictures=pictures[kept], n_past=n_past)

    def fitted(self, words: str, n_pictures: int) -> tuple[str, list[int]]:
        """The task's words and the indices of its pictures, as far as there are slots for them.

        Raises TooManyPictures when the command alone names more pictures than there are slots.
        """
        if n_pictures <= self.slots:
            return words, list(range(n_pictures))
        said, kept = fit_pictures(words, n_pictures, self.slots)
        if words not in self._told:
            self._told.add(words)
            dropped = ", ".join(str(k + 1) for k in range(n_pictures) if k not in kept)
            _LOG.warning(
                "%d pictures for %d history slots: left out %s; the prompt now reads %r",
                *(n_pictures, self.slots, dropped, said),
            )
        return said, kept

    def view_of(self, observation: Observation) -> np.ndarray:
        """Raises BadInput without the view, BadShape when it is not what VIMA-Bench shows."""
        views = observation.get("rgb")
        if not isinstance(views, Mapping) or self.view not in views:
            got = f"without a view {self.view!r} in rgb ({', '.join(observation)})"
            want = "a tabletop's: this agent plays VIMA-Bench's tasks and no others"
            raise BadInput("observation", got, want)
        image = views[self.view]
        if image.ndim != 3 or image.shape[0] != 3 or image.dtype != np.uint8:
            raise BadShape(f"rgb.{self.view}", f"{image.dtype} {image.shape}", "uint8 (3, H, W)")
        return image

    def pictures_of(self, observation: Observation) -> list[np.ndarray]:
        """The view alone. Raises as `view_of`."""
        return [self.view_of(observation)]

    def remember(self, memory: None, observation: Observation, action: Action) -> None:
        """Nothing besides pictures."""

    def question(self, words: str, n_pictures: int, n_past: int) -> list[int]:
        """The task's words, then a marker for every past frame -> token ids."""
        past = [f"<image_history_{n_pictures + i + 1}>" for i in range(n_past)]
        history = f" History: {' '.join(past)}" if past else ""
        return self.tokenizer.encode(f"[Text] [S] {words}{history}")

    # --- answer ---------------------------------------------------------------------------------

    def allowed(self, observation: Observation, tokens: list[int]) -> np.ndarray:
        """What may follow depends on the place in the plan and the end effector alone."""
        return self.grammar.allowed(len(tokens), int(observation["ee"]))

    def encode(self, plan: Sequence[Action], effector: int) -> list[int]:
        """A plan -> its answer, without end token. Raises BadInput when it has too many steps."""
        return self.grammar.write([self.scale.bins(action) for action in plan], effector)

    def decode(self, observation: Observation, tokens: list[int]) -> list[Action]:
        """An answer of `allowed` tokens, with or without its end token -> the plan."""
        return [self.scale.action(step) for step in self.grammar.read(tokens)]

    def readable(self, tokens: list[int]) -> str:
        """The sentences, with metres and degrees in place of bins."""
        steps = []
        for n, a in enumerate(self.decode({}, tokens), 1):
            (x0, y0), (x1, y1) = a["pose0_position"], a["pose1_position"]
            turn = (
                math.degrees(2 * math.atan2(a["pose1_rotation"][2], a["pose1_rotation"][3])) % 360
            )
            steps.append(f"{n}: ({x0:.3f}, {y0:.3f}) to ({x1:.3f}, {y1:.3f}), {turn:.0f}°")
        return "  ".join(steps)

    def point(self, xy: Sequence[float]) -> list[int]:
        """A place on the table, metres -> the token ids of its two bins."""
        return [int(self.grammar.bin_ids[b]) for b in self.scale.place(xy)]
