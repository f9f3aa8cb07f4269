"""Moves as sentences, and nothing but moves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.errors import BadInput
from uio2_agent.interface import MOVES
from uio2_agent.model.config import SIZES
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.move_grammar import MoveGrammar

bins = st.integers(0, 999)
STATES = st.tuples(bins, bins, bins, bins)


@pytest.fixture(scope="module", params=["nano", "released"])
def grammar(request, tokenizer, released_words) -> MoveGrammar:
    """Of a tokenizer that has a piece for each word, and of one that spells them."""
    if request.param == "nano":
        return MoveGrammar(tokenizer, SIZES["nano"].text_vocab_size, states=True)
    return MoveGrammar(released_words, SIZES["tiny"].text_vocab_size, states=True)


def spoken(grammar: MoveGrammar, rng: np.random.Generator) -> list[int]:
    """Any of the allowed tokens after any other, until the end."""
    tokens: list[int] = []
    while len(tokens) < grammar.longest:
        token = int(rng.choice(np.flatnonzero(grammar.allowed(tokens))))
        if token == Tokenizer.EOS:
            return tokens
        tokens.append(token)
    raise AssertionError("an answer that does not end")


@given(st.integers(0, 3), STATES)
def test_what_is_written_is_read(grammar, action, state):
    assert grammar.read(grammar.write(action, state)) == (action, list(state))


def test_reads_as_text(grammar):
    text = grammar.tokenizer.decode(grammar.write(2, [0, 1, 500, 999]))
    assert text == "left ( <extra_id_200> <extra_id_201> <extra_id_700> ) <extra_id_1199>"


@pytest.mark.parametrize("states", [True, False])
def test_everything_that_is_allowed_can_be_read(tokenizer, states):
    grammar = MoveGrammar(tokenizer, SIZES["nano"].text_vocab_size, states)
    rng = np.random.default_rng(0)
    actions = set()
    for _ in range(200):
        tokens = spoken(grammar, rng)
        said = grammar.read(tokens)
        assert said is not None
        action, state = said
        assert grammar.write(action, state) == tokens and len(state) == 4 * states
        actions.add(action)
    assert actions == {0, 1, 2, 3}


def test_a_spelled_answer_can_be_read_as_well(grammar):
    rng = np.random.default_rng(1)
    assert all(grammar.read(spoken(grammar, rng)) for _ in range(50))


def test_an_answer_may_neither_be_empty_nor_break_off(grammar):
    tokens = grammar.write(1, [3] * 4)
    for end in range(len(tokens)):
        assert not grammar.allowed(tokens[:end])[Tokenizer.EOS]
        assert grammar.read(tokens[:end]) is None
    assert np.flatnonzero(grammar.allowed(tokens)).tolist() == [Tokenizer.EOS]


def test_after_what_is_no_move_comes_the_end(grammar):
    assert np.flatnonzero(grammar.allowed([5, 5])).tolist() == [Tokenizer.EOS]


def test_a_tokenizer_that_cannot_say_a_word_is_refused(tokenizer, monkeypatch):
    monkeypatch.setattr(
        tokenizer, "encode", lambda text: [Tokenizer.UNK if text == MOVES[3] else 5]
    )
    with pytest.raises(BadInput, match="'right'"):
        MoveGrammar(tokenizer, 2304, states=False)
