"""Configs: named sizes, what is refused, the way to JSON and back."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.model.config import SIZES, ModelConfig, ViTConfig, model_config


@pytest.mark.parametrize("name", SIZES)
def test_a_config_survives_json(name):
    fields = json.loads(json.dumps(SIZES[name].to_json()))
    assert ModelConfig.from_json(fields) == SIZES[name] == model_config(name)


def test_an_unknown_size_lists_the_known_ones():
    with pytest.raises(UnknownName, match="Did you mean 'large'.*nano") as caught:
        model_config("larg")
    assert set(caught.value.known) == set(SIZES)


def test_tiny_is_the_configuration_of_the_recordings(golden_folder):
    fields = json.loads((golden_folder / "tiny_config.json").read_text())
    t5, vit, history = (fields[k] for k in ("t5_config", "image_vit_cfg", "image_history_cfg"))
    cfg = SIZES["tiny"]
    assert (cfg.width, cfg.heads, cfg.head_dim, cfg.mlp_width, cfg.text_vocab_size) == tuple(
        t5[k] for k in ("emb_dim", "num_heads", "head_dim", "mlp_dim", "vocab_size")
    )
    layers = (t5["num_encoder_layers"], t5["num_decoder_layers"])
    assert (cfg.encoder_layers, cfg.decoder_layers) == layers
    assert (cfg.vit.width, cfg.vit.layers, cfg.vit.mlp_width, cfg.vit.head_dim) == tuple(
        vit[k] for k in ("emb_dim", "num_layers", "mlp_dim", "head_dim")
    )
    assert (cfg.history.width, cfg.history.latents, cfg.history.mlp_width) == tuple(
        history[k] for k in ("emb_dim", "latents_size", "mlp_dim")
    )
    assert list(cfg.image_size) == t5["default_image_vit_size"]
    assert list(cfg.history_size) == t5["default_image_history_vit_size"]


@pytest.mark.parametrize(
    "changes",
    [
        {"head_dim": 10},
        {"image_size": (384, 380)},
        {"history_size": (0, 16)},
        {"inputs": ("image", "text")},
        {"inputs": ()},
        {"inputs": ("text", "text")},
    ],
)
def test_a_model_nobody_could_build_is_refused(changes):
    with pytest.raises(BadSetting):
        replace(SIZES["nano"], **changes)


def test_an_unknown_modality_lists_the_known_ones():
    with pytest.raises(UnknownName, match="image_history"):
        replace(SIZES["nano"], inputs=("text", "image_histori"))
    with pytest.raises(UnknownName, match="target modality"):
        replace(SIZES["nano"], targets=("smell",))


def test_a_vit_nobody_could_build_is_refused():
    with pytest.raises(BadSetting, match="second_feature"):
        ViTConfig(layers=1)
    with pytest.raises(BadSetting, match="heads"):
        ViTConfig(heads=5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda fields: fields.pop("width"),
        lambda fields: fields.update(widht=3),
        lambda fields: fields.update(vit=7),
        lambda fields: fields.pop("history"),
    ],
)
def test_json_with_wrong_fields_is_refused(spoil):
    fields = SIZES["tiny"].to_json()
    spoil(fields)
    with pytest.raises(BadSetting, match="model config"):
        ModelConfig.from_json(fields)


def test_nothing_writes_to_a_config():
    with pytest.raises(FrozenInstanceError):
        SIZES["nano"].width = 3  # type: ignore[misc]
