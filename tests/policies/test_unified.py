"""The policy's memory, batching and streaming; what the weights know is measured elsewhere."""

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput, UnknownName
from uio2_agent.interface import NO_EPISODE, check_policy
from uio2_agent.policies.unified import UnifiedPolicy, load_policy


def policy(model, codec, **settings):
    return UnifiedPolicy(model, codec, **settings)


def same(a, b, row_a=0, row_b=0):
    return all(np.array_equal(a[k][row_a], b[k][row_b]) for k in a)


@pytest.fixture
def looks(random_nano):
    """How many pictures the ViT has looked at, as a growing list of batch sizes."""
    seen = []
    hook = random_nano.vit.register_forward_hook(lambda m, args, out: seen.append(len(args[0])))
    yield seen
    hook.remove()


def test_a_row_acts_alone_as_it_does_among_others(random_nano, brief, observe, stacked):
    rows = [observe(seed, pictures=seed % 3) for seed in range(3)]
    together = policy(random_nano, brief, micro_batch=2)
    together.reset(np.ones(3, bool))
    many, _ = together.act(stacked(rows), {})
    for i, row in enumerate(rows):
        alone = policy(random_nano, brief, micro_batch=2)
        alone.reset(np.ones(1, bool))
        one, _ = alone.act(stacked([row]), {})
        assert same(many, one, row_a=i)


def test_a_frame_is_encoded_once(random_nano, brief, observe, stacked, looks):
    agent = policy(random_nano, brief, micro_batch=1)
    agent.reset(np.ones(1, bool))
    agent.act(stacked([observe(0, pictures=2)]), {})
    assert sum(looks) == 3  # two prompt pictures and the image
    agent.act(stacked([observe(1, pictures=2)]), {})
    assert sum(looks) == 5  # the new image, and the first one as history
    agent.act(stacked([observe(2, pictures=2)]), {})
    assert sum(looks) == 7  # one more of each; nothing again


def test_streamed_history_answers_as_recomputed(random_nano, brief, observe, stacked):
    frames = [observe(s, pictures=1) for s in range(3)]
    for frame in frames:
        frame["prompt_rgb"] = frames[0]["prompt_rgb"]
    streamed = policy(random_nano, brief)
    streamed.reset(np.ones(1, bool))
    for frame in frames:
        first, _ = streamed.act(stacked([frame]), {})
    fresh = policy(random_nano, brief)
    fresh.reset(np.ones(1, bool))
    fresh._rows[0].past.extend(f["rgb"]["top"] for f in frames[:-1])
    again, _ = fresh.act(stacked([frames[-1]]), {})
    assert same(first, again)


def test_reset_forgets_only_the_rows_it_names(random_nano, brief, observe, stacked):
    agent = policy(random_nano, brief)
    agent.reset(np.ones(2, bool))
    first, _ = agent.act(stacked([observe(0), observe(0)]), {})
    agent.reset(np.array([True, False]))
    assert len(agent._rows[0].past) == 0
    assert len(agent._rows[1].past) == 1
    second, _ = agent.act(stacked([observe(0), observe(0)]), {})
    assert same(first, second, 0, 0)


def test_one_shot_plan_is_played_out_before_the_next_question(random_nano, brief, observe, stacked):
    agent = policy(random_nano, brief, replan="plan", temperature=1.0)
    agent.reset(np.ones(1, bool))
    _, info = agent.act(stacked([observe(0)]), {"episode_seed": np.array([3])})
    steps = info["answer"][0].count(" to (")
    asked = [bool(agent.act(stacked([observe(0)]), {})[1]["decisions"][0]) for _ in range(steps)]
    assert asked == [False] * (steps - 1) + [True]


def test_drawn_answers_depend_on_the_episode_and_not_on_the_row(
    random_nano, brief, observe, stacked
):
    agent = policy(random_nano, brief, temperature=1.0)
    agent.reset(np.ones(3, bool))
    out, _ = agent.act(stacked([observe(0)] * 3), {"episode_seed": np.array([7, 8, 7])})
    assert same(out, out, 0, 2)
    assert not same(out, out, 0, 1)


def test_keeps_the_policy_contract(random_nano, brief):
    import gymnasium as gym

    import uio2_agent.envs  # noqa: F401  registers the id

    env = gym.make("uio2/Tabletop-v0", task="visual_manipulation")
    # Random prompts would be nine hundred tokens of noise; these are real ones.
    seen = [[env.reset(seed=10 * row + t)[0] for t in range(2)] for row in range(3)]
    agent = policy(random_nano, brief, micro_batch=3)
    check_policy(
        agent, env.observation_space, env.action_space, num_envs=3, observations=seen, steps=2
    )


def test_rows_without_an_episode_are_not_asked_for(random_nano, brief, observe, stacked):
    agent = policy(random_nano, brief)
    agent.reset(np.ones(2, bool))
    rows = stacked([observe(0), observe(0)])
    _, info = agent.act(rows, {"episode_seed": np.array([900_000, NO_EPISODE])})
    assert info["decisions"].tolist() == [True, False]


def test_a_question_too_long_is_refused(random_nano, brief, observe, stacked):
    row = observe(0) | {"prompt_text": "Put the red block into the blue bowl. " * 20}
    agent = policy(random_nano, brief)
    with pytest.raises(BadInput, match="at most 96"):
        agent.act(stacked([row]), {})


def test_an_unknown_replan_is_refused(random_nano, brief):
    with pytest.raises(BadInput, match="step or plan"):
        policy(random_nano, brief, replan="never")


def test_an_unknown_checkpoint_lists_the_known_ones():
    with pytest.raises(UnknownName, match="Did you mean 'nano'"):
        load_policy("nanoo")


def test_the_shipped_agent_answers_with_legal_actions(observe, stacked):
    agent = load_policy("nano")
    agent.reset(np.ones(2, bool))
    actions, info = agent.act(stacked([observe(0, pictures=0), observe(1)]), {})
    assert actions["pose0_position"].shape == (2, 2)
    assert info["decisions"].all()
    assert torch.isfinite(torch.from_numpy(actions["pose1_rotation"])).all()


def test_the_shipped_agent_puts_most_things_where_they_belong():
    import gymnasium as gym

    import uio2_agent.envs  # noqa: F401  registers the id

    agent, successes = load_policy("nano"), 0
    for prompt in ("words", "pictures"):
        envs = gym.make_vec(
            "uio2/Tabletop-v0", num_envs=12, vectorization_mode="sync", prompt=prompt
        )
        agent.reset(np.ones(12, bool))
        observations, _ = envs.reset(seed=910_000)
        _, rewards, *_ = envs.step(agent.act(observations, {})[0])
        successes += int(rewards.sum())
        envs.close()
    assert successes >= 12  # of 24; its card says four in five
