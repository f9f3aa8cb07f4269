"""Text ↔ token ids: a SentencePiece model with Unified-IO 2's pieces added (spec b).

    0 <s> = PAD = START   1 </s> = EOS   2 <unk>   3 … base-1 ordinary pieces
    base + 0 … 1199    <extra_id_1199> … <extra_id_0>; extra 200 … 1199 are the location bins
    base + 1200 …      <image_history_1> <audio_history_1> … _8, <image_input>, <audio_input>
    base + 1218 …      [Text] [S], [Text] [R], [Text] [X], [Image] [S|R], [Audio] [S|R]

A larger location has a *smaller* id. A marker is one piece only at the start of a text or after
exactly one space.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import sentencepiece

from uio2_agent.errors import BadCheckpoint, BadInput

EXTRA_IDS = 1200
SENTINELS = 200
BINS = EXTRA_IDS - SENTINELS
HISTORY_MARKERS = 8
_BOUNDARY = "▁"
_USER_DEFINED = 4


def added_pieces() -> list[str]:
    """The 1,225 pieces behind the base vocabulary, in id order, without the boundary character."""
    pieces = [f"<extra_id_{k}>" for k in reversed(range(EXTRA_IDS))]
    for i in range(1, HISTORY_MARKERS + 1):
        pieces += [f"<image_history_{i}>", f"<audio_history_{i}>"]
    pieces += ["<image_input>", "<audio_input>"]
    modes = {"Text": "SRX", "Image": "SR", "Audio": "SR"}
    return pieces + [f"[{name}]{_BOUNDARY}[{m}]" for name, ms in modes.items() for m in ms]


class Tokenizer:
    """Encode and decode text; know which ids are locations.

    Args:
        model_proto: A serialised SentencePiece model whose first pieces are `<unk>`, `<s>`,
            `</s>`, as LLaMA's are; the pieces above are added here.

    Raises:
        BadCheckpoint: When the bytes are no such model.
    """

    PAD = START = 0
    EOS = 1
    UNK = 2

    def __init__(self, model_proto: bytes, name: str = "tokenizer.model") -> None:
        self._proto, self._name = bytes(model_proto), name
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(_operate(self._proto))
        except (RuntimeError, IndexError, ValueError, struct.error) as problem:
            raise BadCheckpoint(
                name,
                f"no SentencePiece model starting with <unk> <s> </s> ({problem})",
                "Give the untouched tokenizer.model of LLaMA, or one trained like it",
            ) from problem
        self.size: int = self._processor.GetPieceSize()
        self.base_size = self.size - len(added_pieces())
        self.first_location_id = self.base_size
        self.last_location_id = self.base_size + BINS - 1

    @classmethod
    def from_file(cls, path: str | Path, base_size: int | None = None) -> "Tokenizer":
        """Read a `tokenizer.model`.

        Args:
            base_size: Pieces the file must have, 32000 of LLaMA's; left out, any number.

        Raises:
            BadCheckpoint: The file is missing, foreign, or of another size.
        """
        try:
            proto = Path(path).read_bytes()
        except OSError as problem:
            remedy = "Give a folder that holds tokenizer.model"
            raise BadCheckpoint(str(path), f"cannot be read ({problem})", remedy) from problem
        tokenizer = cls(proto, str(path))
        if base_size is not None and tokenizer.base_size != base_size:
            raise BadCheckpoint(
                str(path),
                f"has {tokenizer.base_size} pieces, not {base_size}",
                "Give the tokenizer.model of LLaMA 1 or 2; that of LLaMA 3 is of another kind",
            )
        return tokenizer

    def __reduce__(self) -> tuple[type["Tokenizer"], tuple[bytes, str]]:
        return type(self), (self._proto, self._name)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, with neither START nor EOS."""
        return self._processor.EncodeAsIds(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Text up to and including the first EOS; ids beyond the vocabulary read as `<unk>`."""
        known = [int(i) if 0 <= i < self.size else self.UNK for i in ids]
        if self.EOS in known:
            known = known[: known.index(self.EOS) + 1]
        return self._processor.DecodeIds(known)

    def piece(self, token: int) -> str:
        """The piece of an id, with its boundary character."""
        return self._processor.IdToPiece(int(token))

    def extra_id(self, number: int) -> int:
        """The id of `<extra_id_number>`, number from 0 to 1199."""
        if not 0 <= number < EXTRA_IDS:
            raise BadInput("extra id", number, f"from 0 to {EXTRA_IDS - 1}")
        return self.base_size + EXTRA_IDS - 1 - number

    def location(self, value: float) -> int:
        """The id of a location in [0, 1]: truncated to 1/999, neither rounded nor clipped."""
        return self.extra_id(location_number(value))

    def location_value(self, token: int) -> float:
        """The location in [0, 1] that an id stands for."""
        if not self.is_location(token):
            want = f"from {self.first_location_id} to {self.last_location_id}"
            raise BadInput("location id", token, want)
        return 1.0 - (token - self.base_size) / (BINS - 1)

    def is_location(self, token: int) -> bool:
        return self.first_location_id <= token <= self.last_location_id


def location_number(value: float) -> int:
    """The extra-id number 200 … 1199 of a location in [0, 1], computed in float32 as released."""
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise BadInput("location", value, "a number in [0, 1]")
    return SENTINELS + int(np.float32(value) * np.float32(BINS - 1))


def _operate(proto: bytes) -> bytes:
    """Reorder the three control pieces and append ours, on the wire format itself.

    A serialised ModelProto is a list of fields and its pieces are the repeated field 1, so
    neither the protobuf package nor the schema is needed. Pieces keep their bytes.
    """
    fields = list(_fields(proto))
    pieces = [body for number, body, _ in fields if number == 1]
    rest = b"".join(raw for number, _, raw in fields if number != 1)
    start = [_text(piece) for piece in pieces[:3]]
    if start != ["<unk>", "<s>", "</s>"]:
        raise ValueError(f"it starts with {start}")
    pieces[:3] = [pieces[1], pieces[2], pieces[0]]
    for piece in added_pieces():
        text = (_BOUNDARY + piece).encode()
        score = b"\x15" + struct.pack("<f", 0.0)
        pieces.append(
            b"\x0a" + _varint(len(text)) + text + score + b"\x18" + bytes([_USER_DEFINED])
        )
    return b"".join(b"\x0a" + _varint(len(body)) + body for body in pieces) + rest


def _text(piece: bytes) -> str:
    return next(body.decode() for number, body, _ in _fields(piece) if number == 1)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(field number, content, whole field) of every field of a protobuf message."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == 0:
            _, end = _read_varint(message, at)
        elif kind == 2:
            length, at = _read_varint(message, at)
            end = at + length
        elif kind in (1, 5):
            end = at + (8 if kind == 1 else 4)
        else:
            raise ValueError(f"field of wire type {kind}")
        if end > len(message):
            raise ValueError("it is truncated")
        yield key >> 3, message[at:end], message[begin:end]
        at = end


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
