"""One move as a sentence, `forward` or `forward ( X Z Y ) YAW` (spec uio2_model l).

The first word is the action; what may follow is where the agent will then be, in location bins.
"""

from collections.abc import Sequence

import numpy as np

from uio2_agent.errors import BadInput
from uio2_agent.interface import MOVES
from uio2_agent.model.vocabulary import BINS, SENTINELS, Tokenizer

_STATE = "( {0} {0} {0} ) {0}"
STATE_BINS = 4
_BIN = -1  # in a template: any bin


class MoveGrammar:
    """What a move looks like in the words of one tokenizer.

    Args:
        tokenizer: The checkpoint's own.
        table_size: Rows of the text table, the width of the masks.
        states: Whether the next state follows the action.

    Raises:
        BadInput: A tokenizer that has no pieces for location bins, or for one of the words.
    """

    def __init__(self, tokenizer: Tokenizer, table_size: int, states: bool) -> None:
        self.tokenizer, self.table_size, self.states = tokenizer, table_size, states
        self.bin_ids = np.array([tokenizer.extra_id(SENTINELS + b) for b in range(BINS)])
        self._bin_of = {int(t): b for b, t in enumerate(self.bin_ids)}
        self._templates = [self._template(word) for word in MOVES]
        self._masks: dict[tuple[int, ...], np.ndarray] = {}
        self.longest = max(map(len, self._templates)) + 1  # with its end token

    def state_text(self, bins: Sequence[int]) -> str:
        """Four bins as `( X Z Y ) YAW`, as questions have them."""
        x, z, y, yaw = (self.bin_text(b) for b in bins)
        return f"( {x} {z} {y} ) {yaw}"

    def bin_text(self, number: int) -> str:
        return f"<extra_id_{SENTINELS + number}>"

    def allowed(self, tokens: Sequence[int]) -> np.ndarray:
        """An answer so far -> bool (V,), what may follow."""
        place = len(tokens)
        # After a whole sentence, and after anything that is none, nothing but the end.
        follow = tuple(
            sorted({self._next(template, place) for template in self._fitting(tokens)})
        ) or (Tokenizer.EOS,)
        if follow not in self._masks:
            mask = np.zeros(self.table_size, bool)
            for token in follow:
                mask[self.bin_ids if token == _BIN else token] = True
            self._masks[follow] = mask
        return self._masks[follow]

    def write(self, action: int, state: Sequence[int] = ()) -> list[int]:
        """An action and, where states are said, four bins -> tokens without end."""
        bins = iter(self.bin_ids[list(state)].tolist())
        return [next(bins) if t == _BIN else t for t in self._templates[action]]

    def read(self, tokens: Sequence[int]) -> tuple[int, list[int]] | None:
        """A whole answer, without its end token -> action and the four bins, if said; else None."""
        for template in self._fitting(tokens):
            if len(template) == len(tokens):
                bins = [self._bin_of[t] for t, n in zip(tokens, template, strict=True) if n == _BIN]
                return self._templates.index(template), bins
        return None

    def _fitting(self, tokens: Sequence[int]) -> list[list[int]]:
        """The sentences that begin like this."""
        return [t for t in self._templates if len(tokens) <= len(t) and self._fits(t, tokens)]

    def _fits(self, template: list[int], tokens: Sequence[int]) -> bool:
        return all(
            n == t or (n == _BIN and t in self._bin_of)
            for n, t in zip(template, tokens, strict=False)
        )

    def _next(self, template: list[int], place: int) -> int:
        return template[place] if place < len(template) else Tokenizer.EOS

    def _template(self, word: str) -> list[int]:
        """Token ids of one sentence, `_BIN` where a bin stands."""
        slot = self.bin_text(0)
        ids = self.tokenizer.encode(f"{word} {_STATE.format(slot)}" if self.states else word)
        if Tokenizer.UNK in ids:
            raise BadInput("tokenizer", f"one without pieces for {word!r}", "one that can say it")
        template = [_BIN if i == self.bin_ids[0] else i for i in ids]
        if template.count(_BIN) != (STATE_BINS if self.states else 0):
            raise BadInput("tokenizer", "one that splits location bins", "bins as single pieces")
        return template
