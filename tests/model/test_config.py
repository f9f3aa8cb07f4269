"""Configs: named sizes, what is refused, the way to JSON and back."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.model.config import (
    SIGNALS,
    SIZES,
    ModelConfig,
    ViTConfig,
    VQGANConfig,
    model_config,
)


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
    t5, cfg = fields["t5_config"], SIZES["tiny"]
    assert (cfg.width, cfg.heads, cfg.head_dim, cfg.mlp_width, cfg.text_vocab_size) == tuple(
        t5[k] for k in ("emb_dim", "num_heads", "head_dim", "mlp_dim", "vocab_size")
    )
    layers = (t5["num_encoder_layers"], t5["num_decoder_layers"])
    assert (cfg.encoder_layers, cfg.decoder_layers) == layers
    for name in SIGNALS:
        signal, vit, history = cfg.signal(name), fields[f"{name}_vit_cfg"], f"{name}_history_cfg"
        assert (signal.vit.width, signal.vit.layers, signal.vit.mlp_width) == tuple(
            vit[k] for k in ("emb_dim", "num_layers", "mlp_dim")
        )
        assert (signal.history.width, signal.history.latents, signal.history.mlp_width) == tuple(
            fields[history][k] for k in ("emb_dim", "latents_size", "mlp_dim")
        )
        assert list(signal.size) == t5[f"default_{name}_vit_size"]
        assert list(signal.history_size) == t5[f"default_{name}_history_vit_size"]
        assert signal.vocab_size == t5[f"{name}_vocab_size"]
        assert signal.target_length == t5[f"decoder_max_{name}_length"]


@pytest.mark.parametrize(
    "changes",
    [
        {"head_dim": 10},
        {"inputs": ("image", "text")},
        {"inputs": ()},
        {"inputs": ("text", "text")},
    ],
)
def test_a_model_nobody_could_build_is_refused(changes):
    with pytest.raises(BadSetting):
        replace(SIZES["nano"], **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": (384, 380)},
        {"history_size": (0, 16)},
        {"target_grid": (32, 31)},
        {"vocab_size": 16385},
    ],
)
def test_a_signal_nobody_could_read_or_write_is_refused(changes):
    with pytest.raises(BadSetting):
        replace(SIZES["large"].image, **changes)


def test_a_quantiser_whose_channels_cannot_be_grouped_is_refused():
    with pytest.raises(BadSetting, match="groups"):
        VQGANConfig(channels=48)


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
    with pytest.raises(BadSetting, match="position_rows"):
        ViTConfig(position_rows=100)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda fields: fields.pop("width"),
        lambda fields: fields.update(widht=3),
        lambda fields: fields.update(vit=7),
        lambda fields: fields["image"].update(vitt=7),
        lambda fields: fields["audio"]["quantiser"].update(chanels=7),
        lambda fields: fields["image"].update(vit=7),
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
