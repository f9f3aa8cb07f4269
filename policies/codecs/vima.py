"""VIMA-Bench's spaces in Unified-IO 2's words (specs vima_bench 2, 11 and uio2_model l).

An answer is a plan, one sentence a step: `1: pick from ( X Y R ) and place to ( X Y R )`, with
`push` twice for the spatula. X and Y are location bins of the table bounds, R is a bin of a full
turn about z, seen from above, counter-clockwise, zero = identity quaternion. Bins are rounded,
value = bin / 999, so encoding a decoded plan gives the same bins back.
"""

import math
from collections.abc import Sequence

import numpy as np

from uio2_agent.errors import BadInput, BadShape, TooManyPictures
from uio2_agent.interface import PROMPT_SLOTS, VIEWS
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.base import Action, Observation, Prompt

LOW = np.array([0.25, -0.5], np.float32)
HIGH = np.array([0.75, 0.5], np.float32)
BINS = 1000
VERBS = (
    ("pick from", "and place to"),
    ("push from", "and push to"),
)  # by end effector: suction, spatula
POSES = ("pose0", "pose1")


class VimaCodec:
    """Plans of pick-and-place or push steps as text.

    Args:
        tokenizer: The checkpoint's own.
        table_size: Rows of the text table, the width of `allowed`'s mask.
        view: Which camera is shown to the model, "top" or "front".
        past_frames: How many earlier frames of the episode follow the prompt's pictures.
        max_steps: Longest plan that can be written.
    """

    slots = PROMPT_SLOTS

    def __init__(
        self,
        tokenizer: Tokenizer,
        table_size: int,
        *,
        view: str = "top",
        past_frames: int = 0,
        max_steps: int = 8,
    ) -> None:
        if view not in VIEWS:
            raise BadInput("view", view, f"one of {', '.join(VIEWS)}")
        self.tokenizer, self.view, self.past_frames = tokenizer, view, past_frames
        self.max_steps = max_steps
        self._bin_ids = np.array([tokenizer.extra_id(200 + b) for b in range(BINS)])
        self._bin_of = {int(t): b for b, t in enumerate(self._bin_ids)}
        self._steps = tuple(
            [self._step_template(n, verbs) for n in range(1, max_steps + 1)] for verbs in VERBS
        )
        self._masks = tuple(self._masks_of(steps, table_size) for steps in self._steps)
        self.max_answer = max(len(masks) for masks in self._masks)
        self.rest = self.action([0] * 6)

    # --- question -------------------------------------------------------------------------------

    def prompt(self, observation: Observation, n_past: int = 0) -> Prompt:
        """Raises TooManyPictures when the prompt's pictures do not fit the history slots."""
        valid = np.asarray(observation["prompt_mask"]).astype(bool)
        if valid.sum() > self.slots:
            raise TooManyPictures("prompt pictures", int(valid.sum()), f"at most {self.slots}")
        pictures = observation["prompt_rgb"][valid][:, VIEWS.index(self.view)]
        image = self.view_of(observation)
        n_past = min(n_past, self.past_frames, self.slots - len(pictures))
        text = self.question(str(observation["prompt_text"]), len(pictures), n_past)
        return Prompt(text=text, image=image, pictures=pictures, n_past=n_past)

    def view_of(self, observation: Observation) -> np.ndarray:
        """Raises BadShape when the picture is not what VIMA-Bench shows."""
        image = observation["rgb"][self.view]
        if image.ndim != 3 or image.shape[0] != 3 or image.dtype != np.uint8:
            raise BadShape(f"rgb.{self.view}", f"{image.dtype} {image.shape}", "uint8 (3, H, W)")
        return image

    def question(self, words: str, n_pictures: int, n_past: int) -> list[int]:
        """The task's words, then a marker for every past frame -> token ids."""
        past = [f"<image_history_{n_pictures + i + 1}>" for i in range(n_past)]
        history = f" History: {' '.join(past)}" if past else ""
        return self.tokenizer.encode(f"[Text] [S] {words}{history}")

    # --- answer ---------------------------------------------------------------------------------

    def allowed(self, observation: Observation, tokens: list[int]) -> np.ndarray:
        """What may follow depends on the place in the plan and the end effector alone."""
        masks = self._masks[int(observation["ee"])]
        return masks[min(len(tokens), len(masks) - 1)]

    def encode(self, plan: Sequence[Action], effector: int) -> list[int]:
        """A plan -> its answer, without end token. Raises BadInput when it has too many steps."""
        if len(plan) > self.max_steps:
            raise BadInput("plan", f"{len(plan)} steps long", f"at most {self.max_steps} steps")
        tokens = []
        for template, action in zip(self._steps[effector], plan, strict=False):
            bins = iter(self._bin_ids[self.bins(action)].tolist())
            tokens += [next(bins) if t is None else t for t in template]
        return tokens

    def decode(self, observation: Observation, tokens: list[int]) -> list[Action]:
        """An answer of `allowed` tokens, with or without its end token -> the plan."""
        bins = [self._bin_of[t] for t in tokens if t in self._bin_of]
        return [self.action(bins[i : i + 6]) for i in range(0, len(bins) - 5, 6)]

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
        place = (np.asarray(xy, np.float64) - LOW) / (HIGH - LOW)
        return [int(self._bin_ids[round(float(v) * (BINS - 1))]) for v in place]

    @staticmethod
    def bins(action: Action) -> list[int]:
        """An action -> six bins: x, y, turn of pose0, then of pose1."""
        bins: list[int] = []
        for pose in POSES:
            place = (np.asarray(action[f"{pose}_position"], np.float64) - LOW) / (HIGH - LOW)
            _, _, z, w = (float(v) for v in action[f"{pose}_rotation"])
            turn = 2 * math.atan2(z, w) / (2 * math.pi) % 1.0
            bins += [round(float(v) * (BINS - 1)) for v in (*place, turn)]
        return bins

    @staticmethod
    def action(bins: Sequence[int]) -> Action:
        """Six bins -> an action inside the space: float32 metres, unit quaternions x, y, z, w."""
        action = {}
        for pose, (x, y, turn) in zip(POSES, (bins[:3], bins[3:]), strict=True):
            place = LOW + np.array([x, y], np.float64) / (BINS - 1) * (HIGH - LOW)
            half = math.pi * turn / (BINS - 1)
            action[f"{pose}_position"] = np.clip(place.astype(np.float32), LOW, HIGH)
            action[f"{pose}_rotation"] = np.array(
                [0, 0, math.sin(half), math.cos(half)], np.float32
            )
        return action

    # --- grammar --------------------------------------------------------------------------------

    def _step_template(self, n: int, verbs: tuple[str, str]) -> list[int | None]:
        """Token ids of one sentence, None where a bin stands."""
        slot = "<extra_id_200>"
        pose = f"( {slot} {slot} {slot} )"
        ids = self.tokenizer.encode(f"{n}: {verbs[0]} {pose} {verbs[1]} {pose}")
        template = [None if i == self._bin_ids[0] else i for i in ids]
        if template.count(None) != 6:
            raise BadInput("tokenizer", "one that splits location bins", "bins as single pieces")
        return template

    def _masks_of(self, steps: list[list[int | None]], table_size: int) -> np.ndarray:
        """Allowed tokens by place in the answer, bool (longest answer + 1, V)."""
        masks = np.zeros((sum(map(len, steps)) + 1, table_size), bool)
        place = 0
        for n, template in enumerate(steps):
            masks[place, self.tokenizer.EOS] = (
                n > 0
            )  # a plan may end after any step but not before the first
            for token in template:
                masks[place, self._bin_ids if token is None else token] = True
                place += 1
        masks[place, self.tokenizer.EOS] = True
        return masks
