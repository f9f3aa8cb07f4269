"""The policy's memory, batching and streaming; what the weights know is measured elsewhere."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput, BadSetting, UnknownName
from uio2_agent.interface import NO_EPISODE, check_policy
from uio2_agent.model.inputs import Inputs, patchify
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.codecs.vima_released import ReleasedVimaCodec
from uio2_agent.policies.codecs.whereabouts import State
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
    fresh._rows[0].frames["image"].past.extend(f["rgb"]["top"] for f in frames[:-1])
    again, _ = fresh.act(stacked([frames[-1]]), {})
    assert same(first, again)


def test_reset_forgets_only_the_rows_it_names(random_nano, brief, observe, stacked):
    agent = policy(random_nano, brief)
    agent.reset(np.ones(2, bool))
    first, _ = agent.act(stacked([observe(0), observe(0)]), {})
    agent.reset(np.array([True, False]))
    assert [len(row.frames["image"].past) for row in agent._rows] == [0, 1]
    second, _ = agent.act(stacked([observe(0), observe(0)]), {})
    assert same(first, second, 0, 0)


def test_one_shot_plan_is_played_out_before_the_next_question(random_nano, brief, observe, stacked):
    agent = policy(random_nano, brief, replan="plan", temperature=1.0)
    agent.reset(np.ones(1, bool))
    _, info = agent.act(stacked([observe(0)]), {"episode_seed": np.array([3])})
    steps = info["answer"][0].count(" to (")
    asked = [bool(agent.act(stacked([observe(0)]), {})[1]["decisions"][0]) for _ in range(steps)]
    assert asked == [False] * (steps - 1) + [True]


@pytest.fixture
def scripted(monkeypatch):
    """`scripted(answers)`: the model says these, one after the other; what it was asked is kept."""

    def script(answers: list[list[int]]) -> list[Inputs]:
        asked: list[Inputs] = []
        left = iter(answers)

        def says(model, inputs, **settings):
            asked.append(inputs)
            return torch.tensor([[0, *next(left), Tokenizer.EOS]] * len(inputs.text))

        monkeypatch.setattr("uio2_agent.policies.unified.generate_text", says)
        return asked

    return script


def plan_of(codec, effector: int, *steps: list[int]):
    """Six bins a step -> the tokens that say so, and the actions that they are."""
    return codec.grammar.write(steps, effector), [codec.scale.action(step) for step in steps]


@pytest.mark.parametrize("effector", [0, 1])
def test_one_shot_is_one_answer_to_the_first_picture_played_out(
    random_nano, codec, observe, stacked, scripted, effector
):
    tokens, plan = plan_of(codec, effector, [100] * 6, [200] * 6, [300] * 6)
    again, after = plan_of(codec, effector, [400] * 6)
    asked = scripted([tokens, again])
    agent = policy(random_nano, codec, replan="plan", micro_batch=1)
    agent.reset(np.ones(1, bool))
    # A scene that changes at every step, of which the model must see the first alone.
    seen = [observe(seed, pictures=1, ee=effector) for seed in range(4)]
    told = []
    for t, expected in enumerate([*plan, *after]):
        actions, info = agent.act(stacked([seen[t]]), {"episode_seed": np.array([900_000])})
        assert all(np.array_equal(actions[name][0], expected[name]) for name in expected)
        told.append((bool(info["decisions"][0]), bool(info["answer"][0])))
    assert told == [(True, True), (False, False), (False, False), (True, True)]
    shown = [inputs.image.pixels[0] for inputs in asked]
    pictures = [patchify(torch.from_numpy(seen[t]["rgb"]["top"])).pixels for t in (0, 3)]
    assert len(asked) == 2
    assert all(torch.equal(a, b) for a, b in zip(shown, pictures, strict=True))
    # The exhausted plan's question comes with what was seen meanwhile.
    assert asked[0].image_history.mask.sum() == 1
    assert asked[1].image_history.mask.sum() == 3


def test_closed_loop_plays_the_first_step_of_every_answer(
    random_nano, codec, observe, stacked, scripted
):
    plans = [plan_of(codec, 0, [b] * 6, [999] * 6) for b in (100, 200, 300)]
    scripted([tokens for tokens, _ in plans])
    agent = policy(random_nano, codec, replan="step", micro_batch=1)
    agent.reset(np.ones(1, bool))
    for _, (first, _) in plans:
        actions, info = agent.act(stacked([observe(0)]), {})
        assert np.array_equal(actions["pose0_position"][0], first["pose0_position"])
        assert info["decisions"].all() and info["answer"][0].startswith("1: (")


def test_reset_forgets_a_plan_half_played(random_nano, codec, observe, stacked, scripted):
    tokens, plan = plan_of(codec, 0, [100] * 6, [200] * 6)
    scripted([tokens, tokens])
    agent = policy(random_nano, codec, replan="plan", micro_batch=1)
    agent.reset(np.ones(1, bool))
    for _ in range(2):
        actions, info = agent.act(stacked([observe(0)]), {})
        assert info["decisions"].all()
        assert np.array_equal(actions["pose0_position"][0], plan[0]["pose0_position"])
        agent.reset(np.ones(1, bool))


def test_after_an_answer_without_steps_a_row_rests_and_asks_again(
    random_nano, codec, observe, stacked, scripted
):
    tokens, (first,) = plan_of(codec, 0, [100] * 6)
    scripted([[], tokens])
    agent = policy(random_nano, codec, replan="plan", micro_batch=1)
    agent.reset(np.ones(1, bool))
    for expected in (codec.rest, first):
        actions, info = agent.act(stacked([observe(0)]), {})
        assert info["decisions"].all()
        assert all(np.array_equal(actions[name][0], expected[name]) for name in expected)


def test_pictures_of_another_size_are_fitted_and_their_padding_is_not_seen(
    released_model, released_words, observe, stacked, scripted
):
    codec = ReleasedVimaCodec(released_words, released_model.cfg.text_vocab_size)
    asked = scripted([codec.grammar.write([[5] * 6], 0)])
    agent = policy(released_model, codec, text_length=256, micro_batch=1)
    agent.reset(np.ones(1, bool))
    agent.act(stacked([observe(0, pictures=2)]), {})
    image = asked[0].image
    # 128 x 256 in 384 x 384 is 192 x 384, with six rows of patches above and below.
    assert image.grid == (24, 24)
    seen = image.mask[0].reshape(24, 24)
    assert seen[6:18].all() and not seen[:6].any() and not seen[18:].any()
    assert asked[0].image_history.latents.shape[1:3] == (4, 8)
    assert asked[0].image_history.mask.tolist() == [[True, True, False, False]]


def test_more_slots_than_the_model_has_positions_for_are_refused(random_nano, codec):
    small = UnifiedIO2(replace(random_nano.cfg, history_slots=4))
    with pytest.raises(BadSetting, match="slots of the codec is 8, expected at most 4"):
        policy(small, codec)


def test_half_precision_weights_act(released_model, released_words, observe, stacked):
    model = deepcopy(released_model).to(torch.bfloat16)
    model.vit.float()  # as the release keeps it
    codec = ReleasedVimaCodec(released_words, model.cfg.text_vocab_size, max_steps=1)
    agent = policy(model, codec, text_length=256, micro_batch=2)
    agent.reset(np.ones(2, bool))
    actions, _ = agent.act(stacked([observe(0, pictures=1), observe(1, pictures=0)]), {})
    assert np.isfinite(actions["pose0_position"]).all()


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


@pytest.fixture(scope="session")
def walker(tokenizer, random_nano):
    """Depth as a second picture, so two frames a step."""
    rows = random_nano.cfg.text_vocab_size
    return PointNavCodec(tokenizer, rows, past_steps=2, depth=True)


def view(seed: int, steps: int = 0) -> dict:
    """What an agent sees after so many steps straight to its goal."""
    rng = np.random.default_rng(seed)
    return {
        "rgb": rng.integers(0, 256, (32, 32, 3), dtype=np.uint8),
        "depth": rng.random((32, 32, 1), dtype=np.float32),
        "pointgoal_with_gps_compass": np.array([9 - 0.25 * steps, 0.0], np.float32),
    }


def test_a_walk_streams_two_pictures_a_step_each_encoded_once(
    random_nano, walker, stacked, looks, scripted
):
    asked = scripted([walker.encode(1, State())] * 4)
    agent = policy(random_nano, walker, text_length=144, micro_batch=1)
    agent.reset(np.ones(1, bool))
    counts, encoded = [], 0
    for t in range(4):
        actions, info = agent.act(stacked([view(t, t)]), {})
        assert actions.tolist() == [1] and actions.dtype == np.int64
        counts.append(sum(looks) - encoded)
        encoded = sum(looks)
    # At once the depth of the present; the colours when they are past. The scripted model does not
    # look at the image itself.
    assert counts == [1, 2, 2, 2]
    assert [int(inputs.image_history.mask.sum()) for inputs in asked] == [1, 3, 5, 5]
    assert len(agent._rows[0].frames["image"].past) == 4
    assert agent._rows[0].memory.here.action == 1


def test_a_streamed_walk_shows_what_encoding_all_of_it_again_would(
    random_nano, walker, stacked, scripted
):
    asked = scripted([walker.encode(1, State())] * 4)
    views = [view(t, t) for t in range(3)]
    streamed = policy(random_nano, walker, text_length=144, micro_batch=1)
    streamed.reset(np.ones(1, bool))
    for shown in views:
        memory = streamed._rows[0].memory
        streamed.act(stacked([shown]), {})
    fresh = policy(random_nano, walker, text_length=144, micro_batch=1)
    fresh.reset(np.ones(1, bool))
    past = [p for shown in views[:2] for p in walker.pictures_of(shown)]
    fresh._rows[0].frames["image"].past = past
    fresh._rows[0].memory = memory
    fresh.act(stacked([views[2]]), {})
    assert torch.equal(asked[2].text, asked[3].text)
    history, again = asked[2].image_history, asked[3].image_history
    assert history.mask.all() and again.mask.all()
    torch.testing.assert_close(history.latents, again.latents)


def test_keeps_the_policy_contract_on_pointnav(random_nano, walker):
    import gymnasium as gym

    import uio2_agent.envs  # noqa: F401  registers the id

    space = gym.make("uio2/PointNav-v0", size=16).observation_space
    agent = policy(random_nano, walker, text_length=144, micro_batch=3)
    check_policy(agent, space, gym.spaces.Discrete(4), num_envs=3, steps=2)


def test_rows_without_an_episode_are_not_asked_for(random_nano, brief, observe, stacked):
    agent = policy(random_nano, brief)
    agent.reset(np.ones(2, bool))
    rows = stacked([observe(0), observe(0)])
    _, info = agent.act(rows, {"episode_seed": np.array([900_000, NO_EPISODE])})
    assert info["decisions"].tolist() == [True, False]


def test_a_long_question_is_padded_further_and_changes_no_other_rows_answer(
    random_nano, brief, observe, stacked
):
    rows = [observe(seed, pictures=1) for seed in range(3)]
    rows[1]["prompt_text"] = "Put it there, and there, and there again. " * 4
    answers = []
    for shown in (rows, rows[:1], rows[1:2], rows[2:]):
        agent = policy(random_nano, brief, text_length=48, micro_batch=2)
        agent.reset(np.ones(len(shown), bool))
        answers.append(agent.act(stacked(shown), {})[0])
    together, *alone = answers
    assert all(same(together, one, row_a=i) for i, one in enumerate(alone))


def test_a_question_too_long_is_refused(random_nano, brief, observe, stacked):
    row = observe(0) | {"prompt_text": "Put the red block into the blue bowl. " * 80}
    agent = policy(random_nano, brief)
    with pytest.raises(BadInput, match="at most 512"):
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
