"""What a demonstration teaches at each of its steps."""

import pytest

from uio2_agent.errors import BadEpisode
from uio2_agent.policies.objectives.cloning import cloning_example


def test_first_step_asks_for_the_whole_plan(codec, demonstration):
    example = cloning_example(demonstration, codec, 0)
    plan = codec.decode({}, example.answer)
    assert len(plan) == 2
    assert plan[1]["pose1_position"] == pytest.approx([0.7, 0.4], abs=1e-3)
    assert [f[0, 0, 0] for f in example.frames] == [100, 101]
    assert (example.image == 0).all()


def test_later_steps_show_the_past_and_ask_for_the_rest(codec, tokenizer, demonstration):
    example = cloning_example(demonstration, codec, 1)
    assert len(codec.decode({}, example.answer)) == 1
    assert [f[0, 0, 0] for f in example.frames] == [100, 101, 0]
    assert (example.image == 1).all()
    assert tokenizer.decode(example.question).endswith("History: <image_history_3>")


def test_a_policy_asks_the_same_question(codec, demonstration, observe):
    seen = observe(pictures=2)
    seen["prompt_text"] = demonstration.prompt_text
    assert codec.prompt(seen, n_past=1).text == cloning_example(demonstration, codec, 1).question


def test_there_is_nothing_to_imitate_after_the_last_action(codec, demonstration):
    with pytest.raises(BadEpisode, match="nothing to imitate at step 2"):
        cloning_example(demonstration, codec, 2)
