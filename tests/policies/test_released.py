"""The released weights act, once they are given the tokenizer that is not theirs to give."""

import shutil
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from uio2_agent.errors import BadCheckpoint, BadSetting, UnknownName
from uio2_agent.model.int8 import Int8Linear
from uio2_agent.policies.codecs.vima_released import ReleasedVimaCodec
from uio2_agent.policies.released import load_released

GOLDEN = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    """The recorded tiny weights under the names and in the layout of the release."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copy(GOLDEN / "weights_model.safetensors", folder / "model.safetensors")
    shutil.copy(GOLDEN / "tiny_config.json", folder / "config.json")
    return folder


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    with np.load(GOLDEN / "tokenizer.npz") as recorded:
        (folder / "tokenizer.model").write_bytes(recorded["base_model_proto"].tobytes())
    return folder


@pytest.mark.parametrize(("prompt", "constrained"), [("pictures", True), ("words", False)])
def test_it_acts_in_the_tabletop(release, words, stacked, prompt, constrained):
    import gymnasium as gym

    import uio2_agent.envs  # noqa: F401  registers the id

    agent = load_released(
        str(release),
        tokenizer=str(words / "tokenizer.model"),
        max_steps=1,
        constrained=constrained,
        text_length=256,
        micro_batch=2,
    )
    assert (agent.replan, agent.codec.slots) == ("plan", 4)
    env = gym.make("uio2/Tabletop-v0", prompt=prompt)
    seen = [env.reset(seed=900_000 + i)[0] for i in range(2)]
    agent.reset(np.ones(2, bool))
    actions, info = agent.act(stacked(seen), {})
    assert info["decisions"].all() and all(info["answer"])
    for row in range(2):
        assert env.action_space.contains({name: a[row] for name, a in actions.items()})


def test_a_folder_of_the_tokenizer_does_and_settings_reach_the_codec(release, words):
    agent = load_released(
        str(release),
        tokenizer=str(words),
        replan="step",
        int8=True,
        dtype="bfloat16",
        rotation="degrees_as_radians",
        slots=8,
    )
    assert (agent.replan, agent.codec.slots) == ("step", 8)
    assert isinstance(agent.codec, ReleasedVimaCodec)
    assert agent.codec.scale.rotation == "degrees_as_radians"
    assert any(isinstance(m, Int8Linear) for m in agent.model.modules())


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_tokenizer_it_says_which_one(release, nothing):
    with pytest.raises(BadSetting, match="LLaMA 1's or 2's tokenizer.model"):
        load_released(str(release), tokenizer=nothing)


def test_a_tokenizer_that_is_not_there_or_not_its_own_is_refused(release, words, tmp_path):
    from uio2_agent.policies.checkpoints import find_checkpoint

    with pytest.raises(BadCheckpoint, match="cannot be read"):
        load_released(str(release), tokenizer=str(tmp_path / "gone.model"))
    other = find_checkpoint("nano") / "tokenizer.model"
    with pytest.raises(BadCheckpoint, match="has 2225 pieces .* table 1664 rows. Give .* LLaMA"):
        load_released(str(release), tokenizer=str(other))


def test_settings_nobody_knows_are_refused(release, words):
    with pytest.raises(UnknownName, match="dtype 'float8'"):
        load_released(str(release), tokenizer=str(words), dtype="float8")
    with pytest.raises(UnknownName, match="family"):
        load_released(str(release), tokenizer=str(words), family="boxes")


def test_a_hub_that_does_not_answer_is_told_plainly(words, monkeypatch):
    def fails(*args, **kwargs):
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(BadCheckpoint, match="allenai/uio2-large: could not be fetched"):
        load_released(tokenizer=str(words))
