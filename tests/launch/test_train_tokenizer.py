"""One small vocabulary for everything a nano is asked about."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import uio2_agent
from uio2_agent.envs.tabletop.catalogue import GREY, SHAPES, TEXTURES
from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.errors import BadSetting
from uio2_agent.launch.train_tokenizer import CHOICES, PHRASES, sentences, train_tokenizer
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint

ROOT = Path(uio2_agent.__file__).resolve().parent.parent
MADE_UP = (*CHOICES["a"], *CHOICES["w"])
POINTNAV = (
    "Go to the goal at distance ( ) and angle ( ). Next position and rotation ( ).",
    "based on the agent's histories with the format observation ( x z y ) action : turn left",
    "Predict the following action with the discrete action space forward left right stop.",
)


@pytest.fixture(scope="module")
def proto() -> bytes:
    return train_tokenizer(pieces=1000, count=20_000, seed=0)


@pytest.fixture(scope="module")
def tokenizer(proto) -> Tokenizer:
    return Tokenizer(proto)


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    return [tokenizer.piece(i) for i in tokenizer.encode(text)]


def test_every_texture_and_shape_word_is_one_piece(tokenizer):
    spoken = (shape.name for shape in SHAPES.values())
    words = {w for name in (*spoken, *TEXTURES, GREY) for w in name.split()}
    for word in words:
        # Pieces never span a hyphen; between hyphens a word stays whole.
        first, *rest = re.findall(r"\w+|-", word)
        assert pieces(tokenizer, word) == [f"▁{first}", *rest]


@pytest.mark.parametrize("word", MADE_UP)
def test_every_made_up_word_is_one_piece(tokenizer, word):
    assert pieces(tokenizer, word) == [f"▁{word}"]


def test_numbers_are_written_digit_by_digit(tokenizer):
    assert pieces(tokenizer, "Rotate 150") == ["▁Rotate", "▁", "1", "5", "0"]


@pytest.mark.parametrize("text", POINTNAV)
def test_pointnav_needs_no_bytes_and_comes_back(tokenizer, text):
    assert not [p for p in pieces(tokenizer, text) if p.startswith("<0x")]
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_every_prompt_of_the_embedded_tasks_needs_no_bytes_and_comes_back(tokenizer):
    pairs = [(task, level) for level, tasks in LEVELS.items() for task in tasks]
    for task, level in pairs:
        for seed in range(10):
            for mode in ("pictures", "words"):
                text = sample(task, level, mode, seed).prompt.text
                assert not [p for p in pieces(tokenizer, text) if p.startswith("<0x")]
                assert tokenizer.decode(tokenizer.encode(text)) == text


def test_what_was_never_seen_falls_back_to_bytes_and_comes_back(tokenizer):
    assert "<0xC3>" in pieces(tokenizer, "café")
    assert tokenizer.decode(tokenizer.encode("café 日本")) == "café 日本"


def test_every_phrase_is_filled_in():
    some = list(sentences(len(PHRASES), seed=3))
    assert len(some) == len(PHRASES)
    for sentence, phrase in zip(some, PHRASES, strict=True):
        assert sentence.startswith(phrase.split("{")[0])
        assert not {"{", "}"} & set(sentence)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(proto):
    assert train_tokenizer(pieces=1000, count=20_000, seed=0) == proto
    assert train_tokenizer(pieces=1000, count=20_000, seed=1) != proto


def test_it_has_as_many_pieces_as_asked_for(proto, tokenizer):
    assert tokenizer.base_size == 1000
    assert Tokenizer(train_tokenizer(pieces=600, count=500, seed=0)).base_size == 600


@pytest.mark.parametrize("pieces", [60, 30_000])
def test_an_impossible_number_of_pieces_is_refused(pieces):
    with pytest.raises(BadSetting, match=f"pieces is {pieces}, expected what 500 sentences give"):
        train_tokenizer(pieces, count=500, seed=0)


def test_the_command_writes_what_it_is_told_to_and_nothing_else(tmp_path):
    command = ["train", "tokenizer", "output=a/t.model", "sentences=500", "pieces=600"]
    done = subprocess.run(
        [sys.executable, "-m", "uio2_agent.launch.main", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "t.model"]
    assert Tokenizer.from_file(tmp_path / "a" / "t.model").base_size == 600


def test_the_shipped_agents_tokenizer_is_the_default_one():
    shipped = (find_checkpoint("nano") / "tokenizer.model").read_bytes()
    assert train_tokenizer(pieces=1000, count=40_000, seed=0) == shipped
