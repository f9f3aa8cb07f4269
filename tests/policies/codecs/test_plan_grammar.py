"""Sentences that are plans, and plans found among other sentences."""

import pytest

from uio2_agent.errors import BadInput
from uio2_agent.policies.codecs.plan_grammar import PlanGrammar, find_plan

STEP = [[1, 2, 3, 4, 5, 6]]
POSE = "( <extra_id_201> <extra_id_202> <extra_id_203> )"
SENTENCE = f"1: pick from {POSE} and place to {POSE}"
BINS = [1, 2, 3, 1, 2, 3]


@pytest.fixture(scope="module")
def grammar(tokenizer) -> PlanGrammar:
    return PlanGrammar(tokenizer, 2304, max_steps=3)


def test_what_is_written_is_read_back_and_found(grammar, tokenizer):
    plan = [[0, 999, 0, 999, 0, 999], *STEP, [500] * 6]
    for effector in (0, 1):
        tokens = grammar.write(plan, effector)
        assert grammar.read(tokens) == plan
        assert find_plan(tokenizer.decode(tokens)) == plan


def test_each_token_written_is_the_place_s_only_kind(grammar, tokenizer):
    tokens = grammar.write(STEP * 3, 0)
    assert grammar.longest == len(tokens) + 1
    for i, token in enumerate([*tokens, tokenizer.EOS]):
        mask = grammar.allowed(i, 0)
        kinds = mask.sum() - mask[tokenizer.EOS]
        assert mask[token] and kinds in (0, 1, 1000)
    # Beyond the longest plan nothing is left but its end.
    assert grammar.allowed(len(tokens) + 5, 0).nonzero()[0].tolist() == [tokenizer.EOS]


def test_a_plan_that_breaks_off_is_read_up_to_its_last_whole_step(grammar):
    tokens = grammar.write(STEP * 2, 0)
    assert grammar.read(tokens[:-3]) == STEP


def test_too_many_steps_are_refused(grammar):
    with pytest.raises(BadInput, match="4 steps long, expected at most 3"):
        grammar.write(STEP * 4, 0)


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        f"Sure! {SENTENCE}. Done.",
        SENTENCE.replace(" ", "  "),
        SENTENCE.replace("( ", "(").replace(" )", ")"),
        SENTENCE.replace("pick from", "push from").replace("place to", "push to"),
        SENTENCE.replace("1:", "17 :"),
        f"1: lift it. {SENTENCE} 2: pick from ( <extra_id_201> ) and place to",
    ],
)
def test_steps_are_found_in_free_text(text):
    assert find_plan(text) == [BINS]


def test_steps_come_in_the_order_they_are_told():
    later = SENTENCE.replace("1:", "2:").replace("_201", "_300")
    assert find_plan(f"{later} {SENTENCE}") == [[100, 2, 3, 100, 2, 3], BINS]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot see any object.",
        SENTENCE.replace("<extra_id_201>", "<extra_id_199>"),  # a sentinel, not a location
        SENTENCE.replace("<extra_id_201>", "<extra_id_1200>"),
        SENTENCE.replace("<extra_id_201>", "0.31"),
        SENTENCE.replace("1: ", ""),
        SENTENCE[:-8],
    ],
)
def test_what_is_no_step_is_ignored(text):
    assert find_plan(text) == []
