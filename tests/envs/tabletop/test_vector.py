"""Several tabletops at once, in one process or in several, give what each gives alone."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import uio2_agent.envs  # noqa: F401
from uio2_agent.envs.tabletop.env import Tabletop

KEYS = ("pose0_position", "pose0_rotation", "pose1_position", "pose1_rotation")


@pytest.fixture(params=["sync", "async"])
def envs(request):
    made = gym.make_vec(
        "uio2/Tabletop-v0",
        num_envs=2,
        vectorization_mode=request.param,
        vector_kwargs={"autoreset_mode": AutoresetMode.DISABLED},
        task="rearrange",
        oracle=True,
    )
    yield made
    made.close()


def oracle_of(infos):
    return {key: infos["oracle_action"][key].astype(np.float32) for key in KEYS}


def row(observations, i):
    if isinstance(observations, dict):
        return {key: row(value, i) for key, value in observations.items()}
    return observations[i]


def test_rows_equal_single_environments_also_after_a_masked_reset(envs):
    alone = [Tabletop("rearrange", oracle=True) for _ in range(2)]
    expected = [env.reset(seed=seed) for env, seed in zip(alone, (5, 9), strict=True)]
    observations, infos = envs.reset(seed=[5, 9])
    next_seed, resets = 20, 0
    for _ in range(8):
        for i in range(2):
            np.testing.assert_equal(row(observations, i), expected[i][0])
        actions = oracle_of(infos)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        over = terminated | truncated
        for i, env in enumerate(alone):
            seen, reward, *ends, info = env.step(expected[i][1]["oracle_action"])
            assert (reward, *ends) == (rewards[i], terminated[i], truncated[i])
            assert info["success"] == infos["success"][i]
            expected[i] = (seen, info)
        if over.any():
            resets += 1
            seeds = [next_seed, next_seed + 1]
            next_seed += 2
            observations, new = envs.reset(seed=seeds, options={"reset_mask": over.copy()})
            for i in np.flatnonzero(over).tolist():
                expected[i] = alone[i].reset(seed=seeds[i])
                for key in KEYS:
                    infos["oracle_action"][key][i] = new["oracle_action"][key][i]
    assert resets > 1


def test_infos_arrive_stacked(envs):
    _, infos = envs.reset(seed=[5, 9])
    assert infos["prompt"].tolist() == ["Rearrange to this {scene}."] * 2
    assert infos["oracle_action"]["pose0_position"].shape == (2, 2)
    assert [len(plan) for plan in infos["oracle_plan"]] == [2, 3]
    assert infos["prompt_assets"]["scene"]["rgb"]["top"].shape == (2, 3, 128, 256)
    assert infos["obj_id_to_info"][5]["_obj_name"].tolist() == [True, True]


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("prompt", ["pictures", "words"])
def test_automatic_resets_go_on_with_fresh_scenes(mode, prompt):
    envs = gym.make_vec(
        "uio2/Tabletop-v0",
        num_envs=2,
        vectorization_mode=mode,
        task="visual_manipulation",
        prompt=prompt,
        oracle=True,
    )
    observations, infos = envs.reset(seed=0)
    first = observations["rgb"]["top"].copy()
    for _ in range(4):
        observations, rewards, *_, infos = envs.step(oracle_of(infos))
    assert (observations["rgb"]["top"] != first).any()
    assert all(isinstance(text, str) and text for text in observations["prompt_text"])
    envs.close()
