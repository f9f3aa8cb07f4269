"""A prompt with more pictures than the model has history slots (spec vima_bench 6).

VIMA's prompts show at most 8 pictures; the released Unified-IO 2 reads 4 frames of history by
default (spec uio2_model c1). What the command names must be seen, examples of it may be fewer:

    <1> is daxer than <2>. <3> is daxer than <4>. <5> is daxer than <6>. Put the daxer <7> into <8>.
    └──────────── demonstrations, whole sentences, evenly spaced ─────┘ └──────── command ────────┘

The sentences are told apart by their form, not by their words, so that a prompt in other words (or
in nonsense, as an ablation has it) is cut alike: the command is the last sentence and whatever
stands alone in its form; sentences before it that show equally many pictures are demonstrations,
and those with one picture definitions, needed when the command uses their noun.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from uio2_agent.errors import BadInput, TooManyPictures

MARKER = re.compile(r"<image_history_(\d+)>")
_LEAD = re.compile(r"[^<>.!?]*:(?= )")  # "For examples:", before any picture
_SENTENCE = re.compile(r".*?(?:[.!?](?= |$)|$)", re.DOTALL)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class _Sentence:
    text: str
    pictures: frozenset[int]  # numbers from 1, as the markers have them


def fit_pictures(text: str, n_pictures: int, slots: int) -> tuple[str, list[int]]:
    """Choose the pictures that are shown, and say the prompt with them alone.

    Kept are all that the command names, the definitions of nouns it uses, and as many evenly spaced
    demonstrations as there is room for. A sentence stays or goes as a whole, so that "before" is
    never shown without "after"; a slot that no whole demonstration fits stays free.

    Args:
        text: The prompt, with `<image_history_k>` for its k-th picture, k from 1.
        n_pictures: How many pictures came with it.
        slots: How many there is room for.

    Returns:
        The text, its markers numbered anew, and the indices (from 0, ascending) of the pictures
        kept. Everything as it was when there is room for all.

    Raises:
        TooManyPictures: The command alone names more pictures than there are slots.
        BadInput: The text names a picture that did not come with it.
    """
    missing = sorted({int(k) for k in MARKER.findall(text)} - set(range(1, n_pictures + 1)))
    if missing:
        raise BadInput("prompt", f"about picture {missing[0]}", f"about pictures 1 … {n_pictures}")
    if n_pictures <= slots:
        return text, list(range(n_pictures))
    sentences = _sentences(text)
    optional = _demonstrations(sentences)
    needed = frozenset[int]().union(
        *(s.pictures for i, s in enumerate(sentences) if i not in optional)
    )
    if len(needed) > slots:
        want = f"at most {slots}, as the model has history slots"
        raise TooManyPictures("pictures named in the command", len(needed), want)
    chosen = _evenly(sentences, optional, needed, slots)
    kept = sorted(needed.union(*(sentences[i].pictures for i in chosen)))
    said = [
        s.text for i, s in enumerate(sentences) if _is_said(sentences, optional, set(chosen), i)
    ]
    number = {old: new for new, old in enumerate(kept, 1)}
    renumbered = MARKER.sub(lambda m: f"<image_history_{number[int(m[1])]}>", " ".join(said))
    return renumbered, [k - 1 for k in kept]


def _sentences(text: str) -> list[_Sentence]:
    """In reading order; what introduces a first example counts as a sentence of its own."""
    parts: list[str] = []
    for sentence in (m.group().strip() for m in _SENTENCE.finditer(text)):
        lead = _LEAD.match(sentence)
        cut = lead.end() if lead else 0
        parts += [sentence[:cut], sentence[cut:].strip()]
    return [
        _Sentence(part, frozenset(int(k) for k in MARKER.findall(part))) for part in parts if part
    ]


def _demonstrations(sentences: Sequence[_Sentence]) -> list[int]:
    """Indices of the sentences that may go: not alone in their form, and not needed for a noun."""
    if not sentences:
        return []
    *before, command = sentences
    forms = Counter(len(s.pictures) for s in before)
    words = {w.lower() for w in _WORD.findall(MARKER.sub("", command.text))}
    return [
        i
        for i, s in enumerate(before)
        if s.pictures and forms[len(s.pictures)] > 1 and not _defines(s, words)
    ]


def _defines(sentence: _Sentence, words: set[str]) -> bool:
    """Whether it shows a single thing and what it calls it is one of these words."""
    if len(sentence.pictures) != 1:
        return False
    said = _WORD.findall(sentence.text[: sentence.text.index("<image_history")])
    return bool(said) and said[-1].lower() in words


def _evenly(
    sentences: Sequence[_Sentence], optional: Sequence[int], needed: frozenset[int], slots: int
) -> list[int]:
    """As many of `optional` as fit, evenly spaced."""
    for count in range(len(optional), 0, -1):
        places = [int((i + 0.5) * len(optional) / count) for i in range(count)]
        chosen = [optional[place] for place in places]
        if len(needed.union(*(sentences[i].pictures for i in chosen))) <= slots:
            return chosen
    return []


def _is_said(
    sentences: Sequence[_Sentence], optional: Sequence[int], chosen: set[int], i: int
) -> bool:
    """A demonstration when it is chosen, an introduction when anything it introduces is."""
    if i in optional:
        return i in chosen
    introduced = []
    for j in range(i + 1, len(sentences)):
        if j not in optional:
            break
        introduced.append(j)
    if not sentences[i].text.endswith(":") or not introduced:
        return True
    return any(j in chosen for j in introduced)
