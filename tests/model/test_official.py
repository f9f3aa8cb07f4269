"""The release in every form it may come in, whole and broken."""

import json
import shutil
from pathlib import Path

import huggingface_hub
import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import save_file

from uio2_agent.errors import BadCheckpoint, CheckpointMismatch, UnknownName
from uio2_agent.model.config import SIZES
from uio2_agent.model.int8 import Int8Linear
from uio2_agent.model.official import find_official, load_official, load_tokenizer
from uio2_agent.model.official_names import from_official
from uio2_agent.model.tensor_files import open_weights

LAYOUTS = ("safetensors", "bin", "safetensors shards", "bin shards")
EXTRA = "encoder.layers_0.attention.query.weight"


def write(folder: Path, tensors: dict[str, torch.Tensor], layout: str) -> Path:
    """A release of these tensors; of shards there are three, and names go round them in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = "model" if layout.startswith("safe") else "pytorch_model"
    kind = layout.split()[0]

    def put(part: dict[str, torch.Tensor], name: str) -> None:
        (save_file if kind == "safetensors" else torch.save)(part, folder / name)

    if "shards" not in layout:
        put(tensors, f"{stem}.{kind}")
        return folder
    names, index = sorted(tensors), {}
    for i in range(3):
        file = f"{stem}-{i + 1:05}-of-00003.{kind}"
        put({name: tensors[name].clone() for name in names[i::3]}, file)
        index.update(dict.fromkeys(names[i::3], file))
    (folder / f"{stem}.{kind}.index.json").write_text(json.dumps({"weight_map": index}))
    return folder


@pytest.fixture(scope="module", params=LAYOUTS)
def release(request, official, golden_folder, tmp_path_factory) -> Path:
    folder = write(tmp_path_factory.mktemp("release"), official, request.param)
    shutil.copy(golden_folder / "tiny_config.json", folder / "config.json")
    return folder


@pytest.fixture
def sharded(official, golden_folder, tmp_path) -> Path:
    small = {k: v for k, v in official.items() if ".vqgan." not in k}
    shutil.copy(golden_folder / "tiny_config.json", tmp_path / "config.json")
    return write(tmp_path, small, "safetensors shards")


def load_text(folder: Path):
    return load_official(folder, inputs=("text",), targets=("text",))


def test_every_layout_gives_the_same_model(release, official):
    model = load_official(release)
    assert model.cfg == SIZES["tiny"] and not model.training
    want = from_official(official, model.cfg).state_dict
    state = model.state_dict()
    assert state.keys() == want.keys()
    assert all(torch.equal(state[name], want[name]) for name in want)
    assert not any(tensor.is_meta for tensor in state.values())


def test_modalities_left_out_are_not_read(release, monkeypatch):
    source, read = open_weights(release), []
    monkeypatch.setattr("uio2_agent.model.official.open_weights", lambda folder: source)
    original = source.read

    def noted(name: str) -> torch.Tensor:
        read.append(name)
        return original(name)

    monkeypatch.setattr(source, "read", noted)
    model = load_official(release, inputs=("text", "image_history"), targets=("text",))
    assert model.cfg.inputs == ("text", "image_history")
    assert len(read) == len(set(read)) and "text_token_embedder.weight" in read
    assert not any("audio" in name or "vqgan" in name or name == "projection" for name in read)
    assert "input_embedders.image.projection.weight" not in read


def test_bfloat16_and_int8_are_made_on_the_way(release):
    model = load_official(release, dtype=torch.bfloat16, int8=True)
    assert isinstance(model.get_submodule("encoder.layers.1.mlp.gate_up"), Int8Linear)
    state = model.state_dict()
    assert state["decoder.norm.scale"].dtype == torch.bfloat16
    assert state["audio_vit.position"].dtype == torch.float32
    name = "decoder.layers.2.cross_attention.kv."
    step = state[name + "step"][:, None]
    exact = load_official(release).state_dict()[name + "weight"]
    assert ((state[name + "weight"] * step - exact).abs() <= step / 2 + 1e-6).all()


def test_without_a_config_the_size_is_found_or_asked_for(sharded):
    (sharded / "config.json").unlink()
    assert load_text(sharded).cfg.width == 64
    assert load_official(sharded, "tiny", inputs=("text",), targets=("text",)).cfg.width == 64
    with pytest.raises(CheckpointMismatch, match="misshapen"):
        load_official(sharded, "large", inputs=("text",), targets=("text",))
    with pytest.raises(UnknownName, match="model size"):
        load_official(sharded, "huge")
    tables = {"text_token_embedder.weight": torch.zeros(9, 9)}
    odd = write(sharded / "odd", tables, "safetensors")
    with pytest.raises(BadCheckpoint, match="name the size"):
        load_official(odd)


def test_a_missing_shard_is_called_by_its_name(sharded):
    (sharded / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match="names model-00002-of-00003.safetensors, which is mis"):
        load_text(sharded)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", 7])
def test_an_index_that_leads_elsewhere_is_refused(sharded, name):
    index = sharded / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {EXTRA: name}}))
    with pytest.raises(BadCheckpoint, match="index"):
        load_text(sharded)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weight_map": 3}'])
def test_a_damaged_index_is_refused(sharded, content):
    (sharded / "model.safetensors.index.json").write_text(content)
    with pytest.raises(BadCheckpoint, match="is no index of weights"):
        load_text(sharded)


def test_a_damaged_file_is_called_by_its_name(release):
    for path in release.glob("*model*"):
        whole = path.read_bytes()
        for content in (whole[: len(whole) // 2], b"hello", b""):
            path.write_bytes(content)
            with pytest.raises(BadCheckpoint, match=path.name):
                load_text(release)
        path.write_bytes(whole)
    load_text(release)


def test_code_in_a_weight_file_is_never_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    torch.save({"text_token_embedder.weight": Evil()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadCheckpoint, match="pytorch_model.bin"):
        load_official(tmp_path, "tiny")
    assert not (tmp_path / "ran").exists()
    torch.save({"model": {"x": torch.zeros(1)}}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadCheckpoint, match="no dict of tensors"):
        load_official(tmp_path, "tiny")


def test_tensors_that_do_not_fit_are_named(official, tmp_path):
    spoilt = {k: v for k, v in official.items() if ".vqgan." not in k}
    spoilt[EXTRA] = torch.zeros(64, 63)
    spoilt["encoder.encoder_norm.scale"] = torch.zeros(64, dtype=torch.int64)
    folder = write(tmp_path, spoilt, "safetensors")
    with pytest.raises(CheckpointMismatch) as caught:
        load_official(folder, "tiny", targets=("text",))
    assert caught.value.misshapen == [f"{EXTRA}: (64, 63) != (64, 64)"]
    spoilt[EXTRA] = torch.zeros(64, 64)
    write(tmp_path, spoilt, "safetensors")
    with pytest.raises(BadCheckpoint, match="encoder_norm.scale holds torch.int64"):
        load_official(folder, "tiny", targets=("text",))


def test_what_is_no_checkpoint_is_told_what_would_be(tmp_path, sharded):
    with pytest.raises(BadCheckpoint, match="has neither model.safetensors"):
        load_official(tmp_path / "..", "tiny")
    with pytest.raises(BadCheckpoint, match="single file"):
        load_official(sharded / "config.json")
    for name in ("nowhere", "./allenai/uio2-large", "a/b/c", "folder/weights.npz"):
        with pytest.raises(UnknownName, match="allenai/uio2-xxl-bfloat16"):
            load_official(name)


def test_a_hub_that_cannot_be_reached_is_told_with_what_would_do(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BadCheckpoint, match="give its folder"):
        find_official("allenai/uio2-large")


def test_torch_files_are_fetched_only_where_there_are_no_safetensors(
    monkeypatch, sharded, tmp_path
):
    asked = []

    def fetched(hub_id, allow_patterns):
        asked.append(allow_patterns[1])
        return str(sharded if len(asked) > 1 else tmp_path / "empty")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetched)
    assert find_official("allenai/uio2-large") == sharded
    assert asked == ["*.safetensors", "*.bin"]
    assert find_official("allenai/uio2-large") == sharded
    assert len(asked) == 3


def test_a_tokenizer_that_is_not_of_llama_is_refused(golden, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(golden("tokenizer")["base_model_proto"].tobytes())
    with pytest.raises(BadCheckpoint, match="has 420 pieces, not 32000. Give the tokenizer.model"):
        load_tokenizer(path)
