"""Plans as sentences, `1: pick from ( X Y R ) and place to ( X Y R )` (spec uio2_model l).

X, Y and R are location bins, the verb is the end effector's, steps are numbered from 1 and follow
each other without anything between them. All else in a sentence is fixed.
"""

import re
from collections.abc import Sequence

import numpy as np

from uio2_agent.errors import BadInput
from uio2_agent.model.vocabulary import BINS, SENTINELS, Tokenizer

VERBS = (
    ("pick from", "and place to"),
    ("push from", "and push to"),
)  # by end effector: suction, spatula

_POSE = r"\(" + r"\s*<extra_id_(\d+)>" * 3 + r"\s*\)"
_STEP = re.compile(
    rf"\d+\s*:\s*(?:pick|push)\s+from\s*{_POSE}\s*and\s+(?:place|push)\s+to\s*{_POSE}"
)


class PlanGrammar:
    """What a plan looks like in the words of one tokenizer.

    Args:
        tokenizer: The checkpoint's own.
        table_size: Rows of the text table, the width of the masks.
        max_steps: Longest plan that can be written.

    Raises:
        BadInput: A tokenizer that has no pieces for location bins.
    """

    def __init__(self, tokenizer: Tokenizer, table_size: int, max_steps: int) -> None:
        self.tokenizer, self.max_steps = tokenizer, max_steps
        self.bin_ids = np.array([tokenizer.extra_id(SENTINELS + b) for b in range(BINS)])
        self._bin_of = {int(t): b for b, t in enumerate(self.bin_ids)}
        self._steps = tuple(
            [self._step_template(n, verbs) for n in range(1, max_steps + 1)] for verbs in VERBS
        )
        self._masks = tuple(self._masks_of(steps, table_size) for steps in self._steps)
        self.longest = max(len(masks) for masks in self._masks)  # with its end token

    def allowed(self, length: int, effector: int) -> np.ndarray:
        """After `length` tokens -> bool (V,), what may follow; it depends on the place alone."""
        masks = self._masks[effector]
        return masks[min(length, len(masks) - 1)]

    def write(self, plan: Sequence[Sequence[int]], effector: int) -> list[int]:
        """Six bins a step -> tokens without end. Raises BadInput when there are too many steps."""
        if len(plan) > self.max_steps:
            raise BadInput("plan", f"{len(plan)} steps long", f"at most {self.max_steps} steps")
        tokens = []
        for template, step in zip(self._steps[effector], plan, strict=False):
            bins = iter(self.bin_ids[list(step)].tolist())
            tokens += [next(bins) if t is None else t for t in template]
        return tokens

    def read(self, tokens: Sequence[int]) -> list[list[int]]:
        """An answer of `allowed` tokens, with or without its end token -> six bins a step."""
        bins = [self._bin_of[t] for t in tokens if t in self._bin_of]
        return [bins[i : i + 6] for i in range(0, len(bins) - 5, 6)]

    def _step_template(self, n: int, verbs: tuple[str, str]) -> list[int | None]:
        """Token ids of one sentence, None where a bin stands."""
        slot = f"<extra_id_{SENTINELS}>"
        pose = f"( {slot} {slot} {slot} )"
        ids = self.tokenizer.encode(f"{n}: {verbs[0]} {pose} {verbs[1]} {pose}")
        template = [None if i == self.bin_ids[0] else i for i in ids]
        if template.count(None) != 6:
            raise BadInput("tokenizer", "one that splits location bins", "bins as single pieces")
        return template

    def _masks_of(self, steps: list[list[int | None]], table_size: int) -> np.ndarray:
        """Allowed tokens by place in the answer, bool (longest answer + 1, V)."""
        masks = np.zeros((sum(map(len, steps)) + 1, table_size), bool)
        place = 0
        for n, template in enumerate(steps):
            # A plan may end after any step but not before the first.
            masks[place, self.tokenizer.EOS] = n > 0
            for token in template:
                masks[place, self.bin_ids if token is None else token] = True
                place += 1
        masks[place, self.tokenizer.EOS] = True
        return masks


def find_plan(text: str) -> list[list[int]]:
    """Six bins of every sentence that is a step, in reading order; everything else is ignored.

    As the released parser it asks neither that steps be numbered in order nor that the verbs fit.
    """
    found = []
    for match in _STEP.finditer(text):
        bins = [int(number) - SENTINELS for number in match.groups()]
        if all(0 <= b < BINS for b in bins):
            found.append(bins)
    return found
