"""The blind baseline of PointNav."""

import math

import gymnasium as gym
import numpy as np
import pytest

import uio2_agent.envs  # noqa: F401  registers the environments
from uio2_agent.errors import BadInput, BadSetting
from uio2_agent.interface import FIRST_EVALUATION_SEED, check_policy
from uio2_agent.policies.goal_follower import GoalFollower

GOAL = "pointgoal_with_gps_compass"


def test_it_keeps_the_policy_contract():
    seen = gym.spaces.Dict({GOAL: gym.spaces.Box(-4, 4, (2,), np.float32)})
    check_policy(GoalFollower(), seen, gym.spaces.Discrete(4), num_envs=3)


@pytest.mark.parametrize(
    "rho, degrees, action",
    [
        (0.19, 90, 0),
        (0.21, 0, 1),
        (3, 4.9, 1),
        (3, -4.9, 1),
        (3, 5.1, 2),
        (3, -5.1, 3),
        (3, 180, 2),
    ],
)
def test_it_turns_to_the_goal_walks_and_stops_there(rho, degrees, action):
    seen = {GOAL: np.array([[rho, math.radians(degrees)]], np.float32)}
    actions, _ = GoalFollower().act(seen, {})
    assert actions.tolist() == [action]


def test_it_reaches_a_goal_nothing_stands_before():
    env = gym.make(
        "uio2/PointNav-v0", apartment="small", sensors=[GOAL], oracle=True, max_steps=200
    )
    policy, successes = GoalFollower(), 0
    for seed in range(6):
        seen, info = env.reset(seed=FIRST_EVALUATION_SEED + seed)
        over = False
        while not over:
            (action,), _ = policy.act({GOAL: seen[GOAL][None]}, {})
            seen, _, terminated, truncated, info = env.step(action)
            over = terminated or truncated
        successes += info["success"]
    assert 0 < successes < 6  # some goals are in sight, some are behind walls


def test_what_it_cannot_follow_is_refused():
    with pytest.raises(BadInput, match=GOAL):
        GoalFollower().act({"rgb": np.zeros((1, 4, 4, 3))}, {})
    with pytest.raises(BadSetting, match="turn"):
        GoalFollower(turn=0)
