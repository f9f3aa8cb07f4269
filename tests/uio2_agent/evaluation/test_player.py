"""A worker plays a shard and says what came of it."""

from functools import partial

from uio2_agent.envs.counting import Counting
from uio2_agent.errors import MissingDependency, RemoteFailed
from uio2_agent.evaluation.cells import Cell
from uio2_agent.evaluation.player import Parts, Player, portable
from uio2_agent.evaluation.rollout import Rollout
from uio2_agent.evaluation.shards import Failed, Finished, Played, Ready, Shard
from uio2_agent.policies.baseline import OraclePolicy, RandomPolicy

SEED = 900_000
CELL = Cell("easy", "counting")
ACTIONS = Counting().action_space


def player(policy=RandomPolicy, num_envs=2, **env) -> Player:
    make_env = partial(Counting, limit=6, render_mode="rgb_array", **env)
    return Player(Parts(lambda cell: make_env(), lambda cell: policy(ACTIONS), SEED, num_envs))


def test_says_ready_then_episodes_then_what_it_took():
    ready, *played, finished = player().play(Shard(CELL, (3, 5, 9)))
    assert ready == Ready() and isinstance(finished, Finished)
    episodes = [message.episode for message in played if isinstance(message, Played)]
    assert len(episodes) == len(played)
    rollout = Rollout(
        partial(Counting, limit=6), RandomPolicy(ACTIONS), (3, 5, 9), seed=SEED, num_envs=2
    )
    assert {e.episode: e for e in episodes} == {e.episode: e for e, _ in rollout}
    assert finished.effort["env_steps"] == sum(episode.steps for episode in episodes)


def test_films_are_made_when_wanted_only():
    films = [m.clip for m in player().play(Shard(CELL, (7, 2), True)) if isinstance(m, Played)]
    assert len(films) == 2 and all(film and film.picture[8:12] == b"WEBP" for film in films)
    assert not any(film.sound for film in films if film)
    plain = [m.clip for m in player().play(Shard(CELL, (7, 2))) if isinstance(m, Played)]
    assert plain == [None, None]


def test_the_policy_is_made_once_and_forgets_between_shards():
    made = []

    def policy(cell):
        made.append(cell)
        return RandomPolicy(ACTIONS)

    same = Player(Parts(lambda cell: Counting(limit=6), policy, SEED, 2))
    first = [*same.play(Shard(CELL, (1, 2)))]
    again = [*same.play(Shard(CELL, (1, 2)))]
    assert first[:-1] == again[:-1] and made == [CELL]


def test_what_stops_everything_is_said_not_raised():
    *_, last = player(OraclePolicy).play(Shard(CELL, (0,)))  # made without oracle=True
    assert isinstance(last, Failed) and "oracle=True" in str(last.error)


def test_an_error_of_ours_is_found_behind_others():
    ours = MissingDependency("ray", "this", "Install it")
    outer = RuntimeError("Error in call to target")
    outer.__cause__ = ours
    assert portable(outer) is ours


def test_any_other_error_is_told_by_name():
    error = portable(ZeroDivisionError("division by zero"))
    assert isinstance(error, RemoteFailed)
    assert "ZeroDivisionError" in str(error) and "division by zero" in str(error)


def test_an_environment_that_raises_ends_its_own_episode_only():
    _, *played, _ = player(raise_at=0, raise_seeds=[SEED + 1]).play(Shard(CELL, (0, 1, 2)))
    errors = {m.episode.episode: m.episode.error for m in played if isinstance(m, Played)}
    assert errors[1] == "RuntimeError: told to break at count 0"
    assert errors[0] is None and errors[2] is None
