"""The prompt is spoilt in one way; the episode stays what it is."""

import re

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import uio2_agent.envs  # noqa: F401
from uio2_agent.envs.ablation import PromptAblation, derangement, nonsense, shuffled_words
from uio2_agent.envs.counting import GO_ON, Counting
from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.interface import ABLATIONS, same

SEED = 900_000


def tabletop(task="visual_manipulation", prompt="pictures") -> gym.Env:
    return gym.make(
        "uio2/Tabletop-v0", task=task, prompt=prompt, oracle=True, disable_env_checker=True
    )


def generator(seed=0) -> np.random.Generator:
    return np.random.default_rng(seed)


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z']+", re.sub(r"<\w+>|\{\w+\}", "", text))


@pytest.mark.parametrize("kind", ABLATIONS)
@pytest.mark.parametrize("prompt", ["pictures", "words"])
def test_the_episode_and_its_oracle_stay_the_same(kind, prompt):
    plain, spoilt = tabletop(prompt=prompt), PromptAblation(tabletop(prompt=prompt), kind)
    assert spoilt.observation_space == plain.observation_space
    for seed in (SEED, SEED + 1):
        (seen, info), (other, told) = plain.reset(seed=seed), spoilt.reset(seed=seed)
        done = False
        while not done:
            for key in ("rgb", "segm", "ee", "prompt_mask"):
                assert same(seen[key], other[key])
            assert same(info["oracle_action"], told["oracle_action"])
            assert (info["success"], info["failure"]) == (told["success"], told["failure"])
            action = info["oracle_action"]
            seen, reward, ended, cut, info = plain.step(action)
            other, reward2, ended2, cut2, told = spoilt.step(action)
            assert (reward, ended, cut) == (reward2, ended2, cut2)
            done = ended or cut
        assert told["success"]
    plain.close()
    spoilt.close()


def test_pictures_change_places_and_the_words_stay():
    plain, spoilt = tabletop(), PromptAblation(tabletop(), "pictures")
    (seen, info), (other, told) = plain.reset(seed=SEED), spoilt.reset(seed=SEED)
    assert other["prompt_text"] == seen["prompt_text"] and told["prompt"] == info["prompt"]
    for key in ("prompt_rgb", "prompt_segm"):
        np.testing.assert_array_equal(other[key][[0, 1]], seen[key][[1, 0]])
        np.testing.assert_array_equal(other[key][2:], seen[key][2:])
    first, second = re.findall(r"{(\w+)}", info["prompt"])
    assert same(told["prompt_assets"][first], info["prompt_assets"][second])
    assert same(told["prompt_assets"][second], info["prompt_assets"][first])
    assert told["metrics"]["ablated"] == 1.0


@pytest.mark.parametrize(("task", "prompt"), [("rearrange", "pictures"), ("rotate", "words")])
def test_a_prompt_without_two_pictures_is_left_alone_and_says_so(task, prompt):
    plain, spoilt = tabletop(task, prompt), PromptAblation(tabletop(task, prompt), "pictures")
    (seen, _), (other, told) = plain.reset(seed=SEED), spoilt.reset(seed=SEED)
    assert same(seen, other) and told["metrics"]["ablated"] == 0.0
    after = spoilt.step(told["oracle_action"])
    assert after[4]["metrics"]["ablated"] == 0.0


def test_words_change_places_around_pictures_that_do_not():
    plain, spoilt = tabletop(), PromptAblation(tabletop(), "words")
    (seen, _), (other, told) = plain.reset(seed=SEED), spoilt.reset(seed=SEED)
    assert other["prompt_text"] != seen["prompt_text"]
    assert sorted(words(other["prompt_text"])) == sorted(words(seen["prompt_text"]))
    shape = re.compile(r"[A-Za-z']+(?![\w>])")
    assert shape.sub("w", other["prompt_text"]) == shape.sub("w", seen["prompt_text"])
    assert same(other["prompt_rgb"], seen["prompt_rgb"])
    assert words(told["prompt"]) == words(other["prompt_text"])


def test_nonsense_keeps_lengths_pictures_numbers_and_capitals():
    text = 'Rotate the <image_history_1> 120 degrees; put {base} into the big T-shaped "A".'
    made = nonsense(text, generator())(text)
    assert len(made) == len(text) and "<image_history_1> 120 " in made and "{base}" in made
    before, after = words(text), words(made)
    assert [len(word) for word in after] == [len(word) for word in before]
    assert not {w.lower() for w in before} & {w.lower() for w in after}
    assert made[0].isupper() and made.count("the") == 0
    where = [n for n, word in enumerate(before) if word == "the"]
    assert len({after[n] for n in where}) == 1
    assert re.search(r'[A-Z]-[a-z]{6} "[OU]"\.$', made)


@pytest.mark.parametrize("kind", ABLATIONS)
def test_the_seed_decides_and_every_step_says_the_same(kind):
    one, two = PromptAblation(tabletop(), kind), PromptAblation(tabletop(), kind)
    two.reset(seed=SEED + 7)
    first, info = one.reset(seed=SEED)
    again, _ = two.reset(seed=SEED)
    assert same(first, again)
    after, *_ = one.step(info["oracle_action"])
    for key in ("prompt_text", "prompt_rgb", "prompt_segm"):
        assert same(after[key], first[key])


def test_what_the_environment_holds_is_not_changed():
    class Keeping(gym.Wrapper):
        def reset(self, **how):
            self.kept, self.info = self.env.reset(**how)
            self.copy = {key: np.copy(value) for key, value in self.kept.items() if "prompt" in key}
            return self.kept, self.info

    inner = Keeping(tabletop())
    for kind in ABLATIONS:
        PromptAblation(inner, kind).reset(seed=SEED)
        assert all(same(inner.copy[key], np.asarray(inner.kept[key])) for key in inner.copy)
        assert "metrics" not in inner.info


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
@pytest.mark.filterwarnings("ignore:.*symmetric and normalized space")
@pytest.mark.parametrize("kind", ABLATIONS)
def test_keeps_the_gymnasium_contract(kind):
    check_env(PromptAblation(tabletop().unwrapped, kind), skip_render_check=True)


def test_metrics_of_the_environment_stay():
    env = PromptAblation(Counting(target=3), "nonsense")
    _, info = env.reset(seed=SEED)
    *_, told = env.step(GO_ON)
    assert info["metrics"] == {"distance": 3.0, "ablated": 1.0}
    assert told["metrics"] == {"distance": 2.0, "ablated": 1.0}
    assert re.fullmatch(r"[a-z]{4} [a-z]{2} 3", told["prompt"])


def test_resets_without_a_seed_go_on_from_the_last():
    def texts():
        env = PromptAblation(Counting(), "nonsense")
        env.reset(seed=SEED)
        return [env.reset()[0]["prompt_text"] for _ in range(4)]

    assert texts() == texts() and len({text[:7] for text in texts()}) > 1


def test_what_cannot_be_spoilt_is_refused():
    with pytest.raises(UnknownName, match="Did you mean 'pictures'"):
        PromptAblation(Counting(), "picture")
    with pytest.raises(BadSetting, match="prompt_rgb, prompt_segm, prompt_mask"):
        PromptAblation(Counting(), "pictures")
    with pytest.raises(BadSetting, match="prompt_text"):
        PromptAblation(gym.make("CartPole-v1"), "words")


def test_a_derangement_moves_everything_and_can_be_any():
    drawn = {tuple(derangement(4, generator(seed))) for seed in range(200)}
    assert len(drawn) == 9
    assert all(place != k for order in drawn for k, place in enumerate(order))


@pytest.mark.parametrize("text", ["a a a b", "put it it it", "x y"])
def test_words_that_repeat_still_end_up_in_another_order(text):
    said = [shuffled_words(text, generator(seed))(text) for seed in range(20)]
    assert all(other != text and sorted(other.split()) == sorted(text.split()) for other in said)


@pytest.mark.parametrize("text", ["", "5 <image_history_1>", "go", "go go"])
def test_too_few_words_stay_as_they_are(text):
    assert shuffled_words(text, generator())(text) == text
