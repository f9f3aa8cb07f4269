"""A walk as text: every frame has a slot, and the present's first is the input."""

import pytest

from uio2_agent.model.config import SIZES
from uio2_agent.policies.codecs.move_grammar import MoveGrammar
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.codecs.walk_text import task_text, walk_text
from uio2_agent.policies.codecs.whereabouts import State, Step

TABLE = SIZES["nano"].text_vocab_size
WALKED = (Step(State(), 1), Step(State(z=-0.25), 2))
HERE = State(x=25, z=-0.25, yaw=0.5)


@pytest.fixture(scope="module")
def grammar(tokenizer):
    return MoveGrammar(tokenizer, TABLE, states=True)


def test_the_start_has_no_history(grammar):
    text = walk_text(grammar, (), HERE, {"image": 1})
    assert text.startswith("Observation: <image_input> ( <extra_id_949> ")
    assert "History" not in text


def test_slots_are_counted_over_steps_and_signals_apart(grammar):
    text = walk_text(grammar, WALKED, HERE, {"image": 1, "audio": 2})
    told = [word for word in text.split() if not word.startswith("<extra") and word not in "()"]
    assert told == [
        "History:",
        *("<image_history_1>", "<audio_history_1>", "<audio_history_2>", "forward"),
        *("<image_history_2>", "<audio_history_3>", "<audio_history_4>", "left"),
        *("Observation:", "<image_input>", "<audio_input>", "<audio_history_5>"),
    ]


@pytest.mark.parametrize("depth", [False, True])
def test_a_walker_who_is_told_its_goal_says_the_same(grammar, tokenizer, depth):
    codec = PointNavCodec(tokenizer, TABLE, past_steps=2, depth=depth)
    question = tokenizer.decode(codec.question(WALKED, HERE, "there"))
    assert question.startswith(task_text(states=True) + " Goal: ")
    assert question.endswith(" " + walk_text(grammar, WALKED, HERE, {"image": 1 + depth}))
