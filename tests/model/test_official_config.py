"""The released config.json, setting by setting."""

import json

import pytest

from uio2_agent.errors import BadCheckpoint
from uio2_agent.model.config import SIZES
from uio2_agent.model.official_config import official_config, read_official_config


@pytest.fixture
def fields(golden_folder):
    return json.loads((golden_folder / "tiny_config.json").read_text())


def test_the_recorded_config_is_the_tiny_one(golden_folder):
    assert read_official_config(golden_folder / "tiny_config.json") == SIZES["tiny"]


def test_released_sizes_are_ours(fields):
    """Every size is the release's defaults with these numbers (spec a)."""
    fields["t5_config"].update(vocab_size=33280, image_vocab_size=16512, audio_vocab_size=8320)
    fields["image_vqgan"].update(n_embed=16384, ch=128, ch_mult=[1, 2, 2, 4], num_res_blocks=2)
    for side in ("encoder", "decoder"):
        sizes = {
            "hidden_size": 512,
            "num_layers": 8,
            "mlp_dim": 2048,
            "num_heads": 8,
            "head_dim": 64,
        }
        fields["audio_vqgan"].update({f"{side}_{k}": v for k, v in sizes.items()})
        fields["audio_vqgan"][f"{side}_num_layers"] = 8
    fields["audio_vqgan"].update(vocab_size=8192, proj_dim=32)
    for vit in ("image_vit_cfg", "audio_vit_cfg"):
        fields[vit].update(emb_dim=768, num_heads=12, num_layers=11, head_dim=64, mlp_dim=3072)
    main = {
        "large": (1024, 16, 64, 2816),
        "xl": (2048, 16, 128, 5120),
        "xxl": (3072, 24, 128, 8192),
    }
    for size, (width, heads, head_dim, mlp) in main.items():
        fields["t5_config"].update(
            emb_dim=width,
            num_heads=heads,
            head_dim=head_dim,
            mlp_dim=mlp,
            num_encoder_layers=24,
            num_decoder_layers=24,
        )
        wide, heads, hidden = (768, 12, 2048) if size == "large" else (1024, 16, 4096)
        for name, latents in (("image_history_cfg", 32), ("audio_history_cfg", 16)):
            fields[name].update(
                latents_size=latents,
                emb_dim=wide,
                num_heads=heads,
                head_dim=64,
                mlp_dim=hidden,
                xattn_qk_norm=size != "xxl",
                xattn_scaled_cosine=size == "xxl",
            )
        assert official_config(fields) == SIZES[size]


def test_modalities_are_taken_over(fields):
    fields.update(input_modalities=["text", "audio"], target_modalities=["audio"])
    config = official_config(fields)
    assert (config.inputs, config.targets) == (("text", "audio"), ("audio",))


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("t5_config", "qk_norm", False, "t5_config.qk_norm = False, and only True"),
        ("t5_config", "text_pos_emb", "learnable", "text_pos_emb = learnable, and only llama_rope"),
        ("t5_config", "decoder_xattention_internval", 2, "internval = 2"),
        ("t5_config", "flavour", "sweet", "nobody knows: t5_config.flavour"),
        ("t5_config", "head_dim", 15, "head_dim is 15"),
        ("t5_config", "emb_dim", "wide", "emb_dim = wide, and only a positive whole number"),
        ("image_history_cfg", "resampler_type", "linear", "resampler_type = linear"),
        ("image_history_cfg", "xattention_index", [0], "xattention_index"),
        ("audio_history_cfg", "max_frames", 4, "audio_history_cfg.max_frames = 4, and only 8"),
        ("audio_vqgan", "decoder_num_layers", 3, "decoder_num_layers = 3, and only 2"),
        ("image_vit_cfg", "head_dim", 8, "image_vit_cfg.head_dim = 8"),
        (None, "input_modalities", ["text", "smell"], "smell"),
        (None, "use_audio_vit", False, "use_audio_vit = False"),
        (None, "image_vqgan", None, "has no image_vqgan"),
        (None, "secret", 1, "nobody knows: secret"),
    ],
)
def test_what_cannot_be_honoured_is_named(fields, section, key, value, told):
    (fields if section is None else fields[section])[key] = value
    with pytest.raises(BadCheckpoint, match=told):
        official_config(fields, "config.json")


def test_a_missing_setting_is_named(fields):
    del fields["t5_config"]["emb_dim"]
    with pytest.raises(BadCheckpoint, match="lacks t5_config.emb_dim"):
        official_config(fields)


@pytest.mark.parametrize("content", ["", "[1]", "{", "null"])
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(BadCheckpoint, match="config.json"):
        read_official_config(path)
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        read_official_config(tmp_path / "none.json")
