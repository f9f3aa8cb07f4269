"""The loop: which episodes are played; nothing but seed and policy decides how they end."""

import os
from contextlib import closing
from functools import partial

import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, VectorEnv

from uio2_agent.envs.counting import STOP, Counting
from uio2_agent.errors import BadInput, MissingDependency
from uio2_agent.evaluation.rollout import Rollout
from uio2_agent.interface import EPISODE_SEED, NO_EPISODE
from uio2_agent.pcm import FULL_SCALE
from uio2_agent.policies.baseline import OraclePolicy, RandomPolicy

SEED = 900_000
ACTIONS = Counting().action_space


def play(make_env=Counting, policy=None, episodes=10, **settings):
    """Episodes in order of their numbers."""
    policy = policy or RandomPolicy(ACTIONS)
    rollout = Rollout(make_env, policy, range(episodes), seed=SEED, **settings)
    return sorted((e for e, _ in rollout), key=lambda e: e.episode)


def test_outcomes_depend_neither_on_num_envs_nor_on_vectorisation():
    make_env = partial(Counting, limit=12, raise_at=3, raise_seeds=[SEED + 4, SEED + 7])
    alone = play(make_env, episodes=25)
    assert any(e.success for e in alone) and any(e.failure for e in alone)
    for settings in ({"num_envs": 3}, {"num_envs": 30}, {"num_envs": 3, "vectorization": "async"}):
        assert play(make_env, episodes=25, **settings) == alone


def test_episode_i_is_played_once_with_seed_plus_i():
    episodes = play(num_envs=4, episodes=11)
    assert [(e.episode, e.seed) for e in episodes] == [(i, SEED + i) for i in range(11)]
    for e in episodes:
        assert e.prompt == f"stop at {int(Counting().reset(seed=e.seed)[0]['target'])}"


def test_only_the_numbers_asked_for_are_played():
    rollout = Rollout(Counting, RandomPolicy(ACTIONS), [2, 5, 6], seed=SEED, num_envs=2)
    assert sorted(e.episode for e, _ in rollout) == [2, 5, 6]


@pytest.mark.parametrize("vectorization", ["sync", "async"])
def test_an_environment_that_raises_costs_its_own_episode_only(vectorization):
    make_env = partial(Counting, oracle=True, target=4, raise_at=2, raise_seeds=[SEED + 1])
    policy = OraclePolicy(ACTIONS)
    episodes = play(make_env, policy, 5, num_envs=2, vectorization=vectorization)
    assert [e.success for e in episodes] == [True, False, True, True, True]
    assert episodes[1].error == "RuntimeError: told to break at count 2"
    assert episodes[1].steps == 2 and not episodes[1].failure


@pytest.mark.parametrize("broken", [[0], [9], [0, 1, 2], list(range(10))])
def test_an_environment_that_raises_at_reset_costs_its_own_episode_only(broken):
    seeds = [SEED + i for i in broken]
    make_env = partial(Counting, oracle=True, raise_at=0, raise_seeds=seeds)
    episodes = play(make_env, OraclePolicy(ACTIONS), num_envs=3)
    assert [e.episode for e in episodes if e.error] == broken
    assert all(e.success for e in episodes if not e.error)
    assert len(episodes) == 10


class Dying(Counting):
    def step(self, action):
        if self._seed in (SEED + 3, SEED + 4) and self._count == 1:
            os._exit(9)
        return super().step(action)


def test_a_worker_that_dies_is_replaced_and_costs_its_own_episode_only():
    make_env = partial(Dying, oracle=True, target=3)
    policy = OraclePolicy(ACTIONS)
    episodes = play(make_env, policy, 8, num_envs=3, vectorization="async")
    assert [e.episode for e in episodes if e.error] == [3, 4]
    assert episodes[3].error == "worker died (exit code 9)"
    whole = play(partial(Counting, oracle=True, target=3), policy, 8)
    assert [e for e in episodes if not e.error] == [e for e in whole if e.episode not in (3, 4)]


class Watching(RandomPolicy):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__(ACTIONS)
        self.resets: list[list[bool]] = []
        self.seeds: list[list[int]] = []

    def reset(self, mask):
        self.resets.append(mask.tolist())
        super().reset(mask)

    def act(self, observations, infos):
        self.seeds.append(infos[EPISODE_SEED].tolist())
        counts, masked = observations["count"].tolist(), infos["_success"].tolist()
        assert len(counts) == len(masked) == len(self.seeds[-1])
        return super().act(observations, infos)


def test_a_policy_forgets_a_row_exactly_when_its_episode_changes():
    policy = Watching()
    play(policy=policy, num_envs=3, episodes=7)
    assert policy.resets[0] == [True] * 3
    changes = [
        [a != b for a, b in zip(before, after, strict=True)]
        for before, after in zip(policy.seeds, policy.seeds[1:], strict=False)
        if before != after
    ]
    assert policy.resets[1:] == changes


def test_rows_left_over_at_the_end_are_marked():
    policy = Watching()
    episodes = play(partial(Counting, limit=20), policy, num_envs=4, episodes=2)
    assert [e.episode for e in episodes] == [0, 1]
    assert all(seeds[2:] == [NO_EPISODE, NO_EPISODE] for seeds in policy.seeds)


class Planning(OraclePolicy):
    """Asks at every other step."""

    def act(self, observations, infos):
        actions, _ = super().act(observations, infos)
        asked = observations["count"] % 2 == 0
        answers = [f"at {n}" for n in observations["count"]]
        return actions, {"decisions": asked, "answer": np.array(answers, dtype=object)}


def test_decisions_and_answers_are_the_policys_own_count():
    rollout = Rollout(
        partial(Counting, target=3, oracle=True), Planning(ACTIONS), [0], seed=SEED, num_envs=3
    )
    (episode, _), *none = list(rollout)
    assert not none
    assert (episode.steps, episode.decisions) == (4, 2)
    assert episode.answers == ["at 0", "at 2"]
    assert (rollout.effort.env_steps, rollout.effort.decisions) == (4, 2)
    assert rollout.effort.env_seconds > 0 and rollout.effort.policy_seconds > 0


def test_frames_of_the_first_episodes_show_the_start_and_every_step():
    make_env = partial(Counting, oracle=True, render_mode="rgb_array")
    rollout = Rollout(make_env, OraclePolicy(ACTIONS), range(4), seed=SEED, num_envs=2, recorded=2)
    films = {e.episode: (e, film) for e, film in rollout}
    for number, (episode, film) in films.items():
        assert len(film.frames) == (episode.steps + 1 if number < 2 else 0)
        assert film.heard == []


@pytest.mark.parametrize("vectorization", ["sync", "async"])
def test_all_that_was_heard_in_the_first_episodes_is_kept_and_not_told_to_the_policy(vectorization):
    class Asking(OraclePolicy):
        def act(self, observations, infos):
            assert not {"frame", "heard"} & {*infos}
            return super().act(observations, infos)

    settings = {"num_envs": 2, "recorded": 2, "vectorization": vectorization}
    env = partial(Counting, oracle=True, audible=True, render_mode="rgb_array", limit=10, target=4)
    env = partial(env, raise_at=3, raise_seeds=[SEED + 1])
    rollout = Rollout(env, Asking(ACTIONS), range(3), seed=SEED, **settings)
    films = {e.episode: film for e, film in rollout}
    left = [[int(step[0, 0]) for step in film.heard] for _, film in sorted(films.items())]
    whole = [round(count / 10 * FULL_SCALE) for count in (0, 1, 2, 3, 4, 4)]
    assert left == [whole, whole[:3], []]
    assert all(step.shape == (160, 2) and not step[:, 1].any() for step in films[0].heard)


def test_metrics_that_are_not_finite_are_left_out():
    class Odd(Counting):
        def _info(self):
            return {**super()._info(), "metrics": {"a": float("nan"), "b": np.float32(2)}}

    assert play(Odd, episodes=1)[0].metrics == {"b": 2.0}


def test_a_reward_that_is_not_finite_is_an_error():
    class Odd(Counting):
        def step(self, action):
            observation, _, *rest = super().step(action)
            return observation, float("nan"), *rest

    assert play(Odd, episodes=1)[0].error == "the reward is nan"


def test_an_environment_without_success_is_refused():
    class Silent(Counting):
        def step(self, action):
            return (*super().step(action)[:4], {})

    with pytest.raises(BadInput, match="success"):
        play(Silent)


@pytest.mark.parametrize("vectorization", ["sync", "async"])
def test_a_missing_package_stops_the_run(vectorization):
    class Lacking(Counting):
        def step(self, action):
            raise MissingDependency("pybullet", "physics", "pip install pybullet")

    with pytest.raises(MissingDependency, match="pip install pybullet"):
        play(Lacking, num_envs=2, vectorization=vectorization)


def alive(envs: VectorEnv) -> list[str]:
    assert isinstance(envs, AsyncVectorEnv)
    return [process.name for process in envs.processes if process.is_alive()]


class Stopping(RandomPolicy):
    def act(self, observations, infos):
        raise KeyboardInterrupt


def test_an_interruption_leaves_no_process_behind():
    rollout = Rollout(
        Counting, Stopping(ACTIONS), range(3), seed=SEED, num_envs=2, vectorization="async"
    )
    with closing(iter(rollout)) as played, pytest.raises(KeyboardInterrupt):
        next(played)
    assert not alive(rollout._rows.envs)


def test_an_action_the_environment_refuses_is_an_error_of_its_episode():
    class Wild(RandomPolicy):
        def act(self, observations, infos):
            actions, answered = super().act(observations, infos)
            return np.where(infos[EPISODE_SEED] == SEED + 1, 7, actions * 0 + STOP), answered

    episodes = play(policy=Wild(ACTIONS), episodes=3, num_envs=2)
    assert [e.error is None for e in episodes] == [True, False, True]
    assert "BadAction" in episodes[1].error
