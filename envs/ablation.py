"""The prompt spoilt on purpose, to find out whether a policy reads it.

Scene, goals, success and the oracle stay those of the episode; only what is said changes, the same
way at every step and the same way for the same seed. Three kinds:

* `pictures`: the prompt's pictures change places, none stays where it was.
* `words`: the words change places among each other; placeholders, numbers and punctuation stay.
* `nonsense`: every word becomes a made-up one of its length, the same word the same one.

Numbers stay in all of them: like pictures they are what the sentence is about, and another number
would be another task, which the environment does not score. A prompt with nothing to spoil (fewer
than two different pictures, or words) is left as it is, and `info["metrics"]["ablated"]` is 0.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.interface import (
    ABLATED,
    ABLATIONS,
    METRICS,
    PROMPT,
    PROMPT_MASK,
    PROMPT_RGB,
    PROMPT_SEGMENTATION,
    PROMPT_TEXT,
)

PROMPT_ASSETS = "prompt_assets"

_STREAM = 0x61626C61  # keeps our draws apart from an environment seeded with the same number
# Placeholders come first, so that their letters are no words: {name} in infos, <image_history_1>.
_TOKEN = re.compile(r"\{\w+\}|<\w+>|[A-Za-z]+(?:['-][A-Za-z]+)*")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Of these letters no word of any task can be made, and no name of a letter-shaped object.
_CONSONANTS, _VOWELS = "bfjlmv", "iou"
_LONE = "ou"


class PromptAblation(gym.Wrapper, gym.utils.RecordConstructorArgs):
    """One environment with its prompt spoilt.

    Works on observations with `prompt_text` and, for `pictures`, `prompt_rgb`, `prompt_segm` and
    `prompt_mask` (interface.py); infos' `prompt` and `prompt_assets`, where there are any, say
    the same. Spaces do not change.

    Args:
        env: Made for pictures or for words.
        kind: One of `interface.ABLATIONS`.

    Raises:
        UnknownName: No such kind.
        BadSetting: The environment has no such prompt.
    """

    def __init__(self, env: gym.Env, kind: str) -> None:
        if kind not in ABLATIONS:
            raise UnknownName("ablation", kind, ABLATIONS)
        space, pictures = env.observation_space, (PROMPT_RGB, PROMPT_SEGMENTATION, PROMPT_MASK)
        needed = pictures if kind == "pictures" else (PROMPT_TEXT,)
        missing = [
            key
            for key in needed
            if not (isinstance(space, gym.spaces.Dict) and key in space.spaces)
        ]
        if missing:
            want = f"an environment whose observations have {', '.join(missing)}"
            raise BadSetting("ablation", kind, want)
        gym.utils.RecordConstructorArgs.__init__(self, kind=kind)
        gym.Wrapper.__init__(self, env)
        self.kind = kind
        self._generator = np.random.default_rng(_STREAM)
        self._order: np.ndarray | None = None  # of pictures: slot -> whose picture it shows
        self._say: Callable[[str], str] = str  # of words
        self._applied = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        observation, info = self.env.reset(seed=seed, options=options)
        if seed is not None:
            self._generator = np.random.default_rng((_STREAM, seed))
        self._order, self._say = None, str
        if self.kind == "pictures":
            self._order = _shuffled_slots(observation, self._generator)
            self._applied = self._order is not None
        else:
            spoil = shuffled_words if self.kind == "words" else nonsense
            self._say = spoil(str(observation[PROMPT_TEXT]), self._generator)
            self._applied = self._say(str(observation[PROMPT_TEXT])) != observation[PROMPT_TEXT]
        return self._spoilt(observation), self._informed(info)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._spoilt(observation), reward, terminated, truncated, self._informed(info)

    def _spoilt(self, observation: Mapping[str, Any]) -> dict[str, Any]:
        if self._order is None:
            return {**observation, PROMPT_TEXT: self._say(str(observation[PROMPT_TEXT]))}
        pictures = (PROMPT_RGB, PROMPT_SEGMENTATION)
        return {**observation, **{key: observation[key][self._order] for key in pictures}}

    def _informed(self, info: Mapping[str, Any]) -> dict[str, Any]:
        informed = dict(info)
        informed[METRICS] = {**info.get(METRICS, {}), ABLATED: float(self._applied)}
        if PROMPT in info:
            informed[PROMPT] = self._say(str(info[PROMPT]))
            if self._order is not None and PROMPT_ASSETS in info:
                names = list(dict.fromkeys(_PLACEHOLDER.findall(str(info[PROMPT]))))
                assets, order = info[PROMPT_ASSETS], self._order[: len(names)]
                shown = {name: assets[names[k]] for name, k in zip(names, order, strict=True)}
                informed[PROMPT_ASSETS] = {**assets, **shown}
        return informed


def _shuffled_slots(observation: Mapping[str, Any], generator: np.random.Generator) -> Any:
    """Slot -> slot whose picture it gets; None if no order of the pictures would look different."""
    used = np.flatnonzero(observation[PROMPT_MASK])
    if len(used) < 2:
        return None
    order = np.arange(len(observation[PROMPT_MASK]))
    order[used] = used[derangement(len(used), generator)]
    changed = (observation[PROMPT_RGB][order] != observation[PROMPT_RGB]).any()
    return order if changed else None


def derangement(n: int, generator: np.random.Generator) -> np.ndarray:
    """A permutation of n ≥ 2 that moves everything, each as likely as any other."""
    while True:  # about every third permutation is one
        order = generator.permutation(n)
        if (order != np.arange(n)).all():
            return order


def shuffled_words(text: str, generator: np.random.Generator) -> Callable[[str], str]:
    """What puts the words of `text`, or of a text with the same words, in another order.

    Words that are equal may take each other's places, so up to a few positions can look as before.
    """
    n = len(_words(text))
    order = derangement(n, generator) if len({*_words(text)}) > 1 else np.arange(n)

    def say(other: str) -> str:
        words = _words(other)
        if len(words) != len(order):  # a text that is not this prompt
            return other
        return _replace(other, [words[k] for k in order])

    # Equal words could have changed places only among themselves.
    while len({*_words(text)}) > 1 and say(text) == text:
        order = derangement(n, generator)
    return say


def nonsense(text: str, generator: np.random.Generator) -> Callable[[str], str]:
    """What replaces every word of `text`; capitals stay, words are told apart by their letters."""
    made: dict[str, str] = {}
    for word in dict.fromkeys(word.lower() for word in _words(text)):
        made[word] = _made_up(word, generator, {*made.values()})

    def say(other: str) -> str:
        return _replace(
            other, [_capitals(word, made.get(word.lower(), word)) for word in _words(other)]
        )

    return say


def _made_up(word: str, generator: np.random.Generator, taken: set[str]) -> str:
    """Pronounceable, as long as `word`, hyphens where it has them, not `taken` if that can be."""
    for _ in range(20):
        start = int(generator.integers(2))
        letters = "".join(
            letter
            if not letter.isalpha()
            else str(generator.choice([*(_CONSONANTS if (start + k) % 2 else _VOWELS)]))
            for k, letter in enumerate(word)
        )
        if len(word) == 1:
            letters = str(generator.choice([*_LONE]))
        if letters not in taken and letters != word:
            break
    return letters


def _capitals(pattern: str, word: str) -> str:
    return "".join(c.upper() if p.isupper() else c for p, c in zip(pattern, word, strict=True))


def _words(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if token[0] not in "{<"]


def _replace(text: str, words: Sequence[str]) -> str:
    """`text` with its words replaced one by one, everything else as it is."""
    left = iter(words)
    return _TOKEN.sub(lambda m: m[0] if m[0][0] in "{<" else next(left), text)
