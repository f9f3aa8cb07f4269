"""What a prompt says beside words: its prefix, boxes, markers of pictures and sounds (spec b).

A marker is one piece of the vocabulary only at the start of a text or after exactly one space, so
one space is put before each, whatever stood there. A marker nobody knows, or of a picture that is
not there, would silently fall apart into letters; it is refused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from uio2_agent.errors import BadInput, UnknownName
from uio2_agent.model.vocabulary import EXTRA_IDS, HISTORY_MARKERS, location_number

Box: TypeAlias = tuple[float, float, float, float]

PLACE = "{box}"
TEXT, IMAGE, AUDIO = "[Text] [S]", "[Image] [S]", "[Audio] [S]"
PREFIXES = (TEXT, "[Text] [R]", "[Text] [X]", IMAGE, "[Image] [R]", AUDIO, "[Audio] [R]")
_LOOKS_LIKE_PREFIX = re.compile(r"\[(\w+)\] \[(\w+)\](?= |$)")
_MARKER = re.compile(r" *<((?:extra_id|(?:image|audio)_(?:history|input))\w*)>")


def prefixed(text: str, prefix: str) -> str:
    """The text behind its prefix; one that it brings along is kept if it fits.

    Raises:
        UnknownName: No such prefix.
        BadInput: The text begins with a prefix of another modality, or with one there is not.
    """
    if prefix not in PREFIXES:
        raise UnknownName("prefix", prefix, PREFIXES)
    own = _LOOKS_LIKE_PREFIX.match(text)
    if own is None:
        return f"{prefix} {text.removeprefix(' ') if _MARKER.match(text) else text}".rstrip(" ")
    if own.group() not in PREFIXES:
        raise BadInput("prefix of the text", own.group(), f"one of {', '.join(PREFIXES)}")
    if own.group().split()[0] != prefix.split()[0]:
        want = f"a prefix for {prefix.split()[0]}, which is what shall be answered, or none"
        raise BadInput("prefix of the text", own.group(), want)
    return text


def with_boxes(text: str, boxes: Sequence[Box]) -> str:
    """Each `{box}` of the text becomes four location bins.

    Args:
        boxes: y1, x1, y2, x2 in [0, 1] of the padded input picture, in the order of the places.

    Raises:
        BadInput: More or fewer boxes than places, or no text.
    """
    if not isinstance(text, str):
        raise BadInput("text", type(text).__name__, "a string")
    parts = text.split(PLACE)
    if len(parts) - 1 != len(boxes):
        raise BadInput("boxes", len(boxes), f"{len(parts) - 1}, one for each {PLACE} of the text")
    bins = [" ".join(f"<extra_id_{location_number(v)}>" for v in box) for box in boxes]
    return "".join(part + place for part, place in zip(parts, [*bins, ""], strict=True))


def check_markers(text: str, numbers: Mapping[str, int]) -> str:
    """The text with one space before each marker.

    Args:
        numbers: How many `image_input`, `audio_input`, `image_history` and `audio_history` there
            are.

    Raises:
        BadInput: A marker that is no piece of the vocabulary, or of something that is not there.
    """
    for match in _MARKER.finditer(text):
        name = match.group(1)
        kind, _, number = name.rpartition("_")
        index = 1
        if name in ("image_input", "audio_input"):
            kind = name
        elif number.isascii() and number.isdigit():
            index = int(number)
        else:
            raise BadInput("marker", f"<{name}>", "<image_input> or <image_history_1>, for example")
        if kind == "extra_id":
            if index >= EXTRA_IDS:
                raise BadInput("marker", f"<{name}>", f"<extra_id_0> … <extra_id_{EXTRA_IDS - 1}>")
            continue
        if name != kind and not (kind.endswith("history") and 1 <= index <= HISTORY_MARKERS):
            want = f"<{kind}_1> … <{kind}_{HISTORY_MARKERS}>, or <image_input>, <audio_input>"
            raise BadInput("marker", f"<{name}>", want)
        if index > numbers[kind]:
            raise BadInput("marker", f"<{name}>", f"at most {numbers[kind]} of {kind}, as given")
    spaced = _MARKER.sub(r" <\1>", text)
    return spaced.removeprefix(" ") if _MARKER.match(text) else spaced
