"""An agent is found by name, folder or hub id, and one that cannot act says why."""

import json
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from uio2_agent.errors import BadCheckpoint, BadSetting, CheckpointMismatch, UnknownName
from uio2_agent.model.checkpoint import read_tensors, save
from uio2_agent.model.config import SIZES
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.policies.checkpoints import (
    AGENT_FILES,
    find_checkpoint,
    fingerprint,
    read_policy_settings,
    shipped,
)
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.policies.unified import load_policy

VIMA = "uio2_agent.policies.codecs.vima.VimaCodec"
SETTINGS = {
    "codec": {"_target_": VIMA, "view": "top", "past_frames": 1, "max_steps": 3},
    "replan": "plan",
    "text_length": 64,
}


@pytest.fixture
def folder(tmp_path, random_nano) -> Path:
    """A whole agent with random weights."""
    save(random_nano, tmp_path, dtype=torch.float16)
    tokenizer = find_checkpoint("nano") / "tokenizer.model"
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.read_bytes())
    rewrite(tmp_path, SETTINGS)
    return tmp_path


def rewrite(folder: Path, settings: object) -> None:
    (folder / "policy.json").write_text(json.dumps(settings))


def test_the_shipped_agent_is_found_by_its_name():
    assert find_checkpoint("nano") == shipped()["nano"]
    assert all((shipped()["nano"] / name).is_file() for name in AGENT_FILES)


def test_an_unknown_name_lists_the_known_ones_and_suggests_one():
    with pytest.raises(UnknownName, match=r"'nnao'. Did you mean 'nano'\? Known: .*nano"):
        find_checkpoint("nnao")


@pytest.mark.parametrize("name", ["./gone", "/no/such/folder", "a/b/c", "~/nowhere"])
def test_a_path_that_is_no_folder_is_not_looked_up_on_the_hub(name):
    with pytest.raises(UnknownName):
        find_checkpoint(name)


def test_a_folder_acts_as_its_policy_file_says(folder, observe, stacked):
    agent = load_policy(str(folder))
    assert (agent.replan, agent.text_length) == ("plan", 64)
    assert isinstance(agent.codec, VimaCodec)
    assert (agent.codec.past_frames, agent.codec.max_steps) == (1, 3)
    actions, info = agent.act(stacked([observe(0)]), {})
    assert actions["pose0_position"].shape == (1, 2)
    assert info["decisions"].tolist() == [True]


def test_what_is_asked_for_outranks_the_policy_file(folder):
    assert load_policy(str(folder), replan="step").replan == "step"


@pytest.mark.parametrize("name", AGENT_FILES)
def test_a_folder_that_lacks_a_file_is_told_which(folder, name):
    (folder / name).unlink()
    with pytest.raises(BadCheckpoint, match=f"lacks {name}. An agent's folder holds"):
        find_checkpoint(str(folder))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"codec": null}',
        '{"codec": {"view": "top"}}',
        json.dumps({"codec": SETTINGS["codec"], "replan": "step"}),
        "\xff",
    ],
)
def test_an_unreadable_policy_file_is_refused(folder, text):
    (folder / "policy.json").write_text(text, encoding="latin-1")
    with pytest.raises(BadCheckpoint, match=r"policy\.json: is unreadable .*`_target_`"):
        load_policy(str(folder))


def test_an_agent_is_played_as_it_says_unless_told_otherwise(folder):
    assert load_policy(str(folder)).temperature == 0  # where the file does not say
    rewrite(folder, SETTINGS | {"temperature": 0.7})
    assert read_policy_settings(folder)["temperature"] == 0.7
    assert load_policy(str(folder)).temperature == 0.7
    assert load_policy(str(folder), temperature=0).temperature == 0
    rewrite(folder, SETTINGS | {"temperature": "hot"})
    with pytest.raises(BadCheckpoint, match="hot"):
        read_policy_settings(folder)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "uio2_agent.policies.baseline.RandomPolicy",
        "uio2_agent.policies.codecs.vima.np.fromfile",
        "uio2_agent.policies.codecs.vima.VimaCodec.action",
    ],
)
def test_a_foreign_codec_is_never_loaded(folder, target):
    rewrite(folder, SETTINGS | {"codec": {"_target_": target}})
    with pytest.raises(BadCheckpoint, match=f"names the codec {target}. Only our own"):
        read_policy_settings(folder)


@pytest.mark.parametrize(
    "sneaked", [{"view": {"_target_": "os.getcwd"}}, {"_partial_": True}, {"view": ["top"]}]
)
def test_a_codecs_settings_cannot_name_code_to_run(folder, sneaked):
    rewrite(folder, SETTINGS | {"codec": {"_target_": VIMA, **sneaked}})
    with pytest.raises(BadCheckpoint, match="settings are plain values"):
        load_policy(str(folder))


@pytest.mark.parametrize(
    "codec",
    [
        {"_target_": "uio2_agent.policies.codecs.later.Later"},
        {"_target_": VIMA, "view": "side"},
        {"_target_": VIMA, "horizon": 3},
    ],
)
def test_a_codec_this_release_does_not_have_is_refused(folder, codec):
    rewrite(folder, SETTINGS | {"codec": codec})
    with pytest.raises(BadCheckpoint, match=r"policy\.json describes no codec"):
        load_policy(str(folder))


@pytest.mark.parametrize("keep", [0, 100, -1000])
def test_truncated_weights_are_refused(folder, keep):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadCheckpoint, match=r"weights\.safetensors: cannot be read"):
        load_policy(str(folder))


def test_foreign_tensors_are_named(folder):
    from safetensors.torch import save_file

    tensors = read_tensors(folder / "weights.safetensors")
    tensors["lm_head.weight"] = tensors.pop("text_table.weight")
    tensors["vit.position"] = tensors["vit.position"][1:].contiguous()
    save_file(tensors, folder / "weights.safetensors")
    with pytest.raises(CheckpointMismatch) as refused:
        load_policy(str(folder))
    assert refused.value.missing == ["text_table.weight"]
    assert refused.value.unexpected == ["lm_head.weight"]
    assert "1 misshapen: vit.position: (" in str(refused.value)


def test_a_tokenizer_larger_than_the_text_table_is_refused(folder):
    save(UnifiedIO2(SIZES["tiny"]), folder)
    rows = SIZES["tiny"].text_vocab_size
    with pytest.raises(BadCheckpoint, match=rf"tokenizer has \d+ pieces, its text table {rows}"):
        load_policy(str(folder))


def test_a_hub_id_is_fetched_from_the_hub(folder, monkeypatch):
    asked = []

    def fetched(hub_id, allow_patterns):
        asked.append((hub_id, sorted(allow_patterns)))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetched)
    assert find_checkpoint("someone/an-agent") == folder
    assert asked == [("someone/an-agent", sorted(AGENT_FILES))]


def test_a_repository_that_is_no_agent_is_told_what_it_lacks(folder, monkeypatch):
    (folder / "tokenizer.model").unlink()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **k: str(folder))
    with pytest.raises(BadCheckpoint, match=r"someone/a-bert: lacks tokenizer\.model"):
        find_checkpoint("someone/a-bert")


@pytest.mark.parametrize("problem", [LocalEntryNotFoundError("offline"), ConnectionError("reset")])
def test_a_hub_that_does_not_answer_is_told_with_what_would_do(monkeypatch, problem):
    def fails(*args, **kwargs):
        raise problem

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(BadCheckpoint, match="Check the id and the network, or name .*nano"):
        find_checkpoint("someone/an-agent")


def test_a_fingerprint_changes_with_any_file_that_matters(folder):
    first = fingerprint(str(folder))
    assert first["name"] == str(folder) and len(first["sha256"]) == 64
    (folder / "README.md").write_text("A card.")
    assert fingerprint(str(folder)) == first
    rewrite(folder, SETTINGS | {"replan": "step"})
    assert fingerprint(str(folder)) != first


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "parameters.npz"])
def test_a_release_has_a_fingerprint_too(tmp_path, name):
    weights = tmp_path / name
    weights.write_bytes(b"weights")
    place = str(weights if weights.suffix == ".npz" else tmp_path)
    first = fingerprint(place)
    weights.write_bytes(b"others")
    assert fingerprint(place) != first


def test_a_release_is_asked_for_at_the_hub_by_the_names_it_has_there(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **k: str(tmp_path))
    assert fingerprint("allenai/uio2-large")["name"] == "allenai/uio2-large"
    with pytest.raises(BadCheckpoint, match="lacks weights.safetensors"):
        fingerprint("someone/else")
    with pytest.raises(UnknownName):
        fingerprint("nanoo")


def test_fewer_slots_than_the_default_are_the_codecs_setting(folder):
    rewrite(folder, SETTINGS | {"codec": {"_target_": VIMA, "slots": 4}})
    assert load_policy(str(folder)).codec.slots == 4


def test_more_slots_than_the_model_has_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    config["model"]["history_slots"] = 4
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadSetting, match="slots of the codec is 8, expected at most 4"):
        load_policy(str(folder))
