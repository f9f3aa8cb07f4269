"""JAX parameters, written by the rules turned round, come back as the official tensors."""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadCheckpoint, CheckpointMismatch
from uio2_agent.model.config import SIZES
from uio2_agent.model.jax_names import JaxArchive, official_name
from uio2_agent.model.official import load_official
from uio2_agent.model.official_names import from_official

# Official name → JAX name, piece by piece: the way back of what is tested.
BACK = (
    (r"^input_embedders\.text\.", "input_text_encoder."),
    (r"^input_embedders\.(image|audio)\.", r"input_\1_encoder."),
    (r"^input_embedders\.(image|audio)_history\.", r"input_encoders_\1_history."),
    (r"^target_embedders\.", "target_encoders_"),
    (r"(?<=\.)(pre_\w+)_norm\.scale$", r"\1_layer_norm.scale"),
    (r"perceiver\.latents$", "perceiver.resampler_latents"),
    (r"\.perceiver\.", ".PerceiverResampler_0."),
    (r"resblocks\.(\d+)\.", r"ResidualAttentionBlock_\1."),
    (r"attn\.(query|key|value)_in_proj_weight", r"MultiHeadDotProductAttention_0.\1.kernel"),
    (r"attn\.(query|key|value)_in_proj_bias", r"MultiHeadDotProductAttention_0.\1.bias"),
    (r"attn\.out_proj\.", "MultiHeadDotProductAttention_0.out."),
    (r"(input_image.*)\.mlp\.fc1", r"\1.MLP_0.c_fc"),
    (r"(input_image.*)\.mlp\.fc2", r"\1.MLP_0.c_proj"),
    (r"(input_audio.*)\.mlp\.", r"\1.MLP_0."),
    (r"(input_audio.*)\.ln_", r"\1.norm"),
    (r"(input_audio.*)\.positional_embedding$", r"\1.pos_embed"),
    (r"quantize\.embedding\.weight$", "quantize.embedding"),
    (r"\.attn\.", ".MultiHeadDotProductAttention_0."),
    (r"encoderblock_(\d+)\.mlp\.fc1", r"encoderblock_\1.MlpBlock_0.DenseGeneral_0"),
    (r"encoderblock_(\d+)\.mlp\.fc2", r"encoderblock_\1.MlpBlock_0.DenseGeneral_1"),
    (r"encoderblock_(\d+)\.ln_1", r"encoderblock_\1.LayerNormWithBias_0"),
    (r"encoderblock_(\d+)\.ln_2", r"encoderblock_\1.LayerNormWithBias_1"),
    (r"conv_transpose", "ConvTranspose_0"),
    (r"\.vqgan\.", ".discrete_vae."),
    (r"\.transformer\.", ".Transformer_0."),
    (r"_token_embedder\.weight$", "_token_embedder.embedding"),
)
NORM = re.compile(r"(ln|ln_[12]|norm[12]?|norm_out)\.weight$")


def jax_entry(name: str, tensor: torch.Tensor) -> tuple[str, np.ndarray]:
    norm = bool(NORM.search(name))
    for pattern, new in BACK:
        name = re.sub(pattern, new, name)
    array = tensor.numpy()
    if name.endswith(".weight"):
        name = name.removesuffix("weight") + ("scale" if norm else "kernel")
    if name.endswith("ConvTranspose_0.kernel"):
        array = array[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
    elif name.endswith(".kernel"):
        array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T
    return name, array


def write(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


@pytest.fixture(scope="module")
def parameters(official) -> dict[str, np.ndarray]:
    return dict(jax_entry(name, tensor) for name, tensor in official.items())


@pytest.fixture(scope="module")
def archive(parameters, tmp_path_factory):
    path = tmp_path_factory.mktemp("jax") / "tiny.npz"
    write(path, parameters)
    return path


def test_every_tensor_comes_back_equal(archive, parameters, official):
    assert not any("weight" in name or "embedders" in name for name in parameters)
    source = JaxArchive(archive)
    assert source.shapes == {name: tuple(tensor.shape) for name, tensor in official.items()}
    for name, tensor in official.items():
        assert torch.equal(source.read(name), tensor), name


@pytest.mark.parametrize(
    ("jax", "official", "layout"),
    [
        ("encoder.layers_3.mlp.wi_0.kernel", "encoder.layers_3.mlp.wi_0.weight", "linear"),
        (
            "decoder.layers_0.pre_cross_attention_layer_norm.scale",
            "decoder.layers_0.pre_cross_attention_norm.scale",
            "same",
        ),
        ("text_token_embedder.embedding", "text_token_embedder.weight", "same"),
        (
            "input_encoders_image_history.resampler.PerceiverResampler_0.layers_1.xattention.logit_scale",
            "input_embedders.image_history.resampler.perceiver.layers_1.xattention.logit_scale",
            "same",
        ),
        (
            "target_encoders_image.discrete_vae.decoder.up_0_block_1.nin_shortcut.kernel",
            "target_embedders.image.vqgan.decoder.up_0_block_1.nin_shortcut.weight",
            "convolution",
        ),
        ("nobody.knows.this", "nobody.knows.this", "same"),
    ],
)
def test_names_follow_the_rules(jax, official, layout):
    assert official_name(jax) == (official, layout)


def test_the_model_of_an_archive_is_that_of_the_official_weights(archive, official):
    model = load_official(archive, "tiny")
    want = from_official(official, SIZES["tiny"]).state_dict
    state = model.state_dict()
    assert state.keys() == want.keys()
    assert all(torch.equal(state[name], want[name]) for name in want)


def test_names_may_be_joined_by_slashes(parameters, official, tmp_path):
    path = tmp_path / "slashes.npz"
    write(path, {name.replace(".", "/"): array for name, array in parameters.items()})
    model = load_official(path, "tiny", inputs=("text",), targets=("text",))
    want = official["target_embedders.text.modality_embedding"]
    assert torch.equal(model.state_dict()["targets.text.modality"], want)


def test_bfloat16_arrays_are_read_as_such(tmp_path):
    numbers = torch.tensor([1.5, -2.0, 0.25]).bfloat16()
    path = tmp_path / "b.npz"
    write(path, {"encoder.encoder_norm.scale": numbers.view(torch.int16).numpy().view("V2")})
    assert torch.equal(JaxArchive(path).read("encoder.encoder_norm.scale"), numbers)


def test_pickled_objects_are_not_opened(tmp_path):
    path = tmp_path / "objects.npz"
    write(path, {"encoder": np.array({"encoder_norm": {"scale": np.ones(3)}}, dtype=object)})
    with pytest.raises(BadCheckpoint, match=r"encoder\.npy holds pickled objects\. Save"):
        JaxArchive(path)


def test_damaged_archives_are_refused(archive, tmp_path):
    path = tmp_path / "broken.npz"
    for content in (b"", b"hello", archive.read_bytes()[:100_000]):
        path.write_bytes(content)
        with pytest.raises(BadCheckpoint, match="broken.npz"):
            JaxArchive(path)
    with pytest.raises(BadCheckpoint, match="nowhere.npz"):
        JaxArchive(tmp_path / "nowhere.npz")
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("readme.txt", "no arrays here")
    with pytest.raises(BadCheckpoint, match="broken.npz"):
        JaxArchive(path)


def test_strange_parameters_are_named(parameters, tmp_path):
    path = tmp_path / "strange.npz"
    write(path, {**parameters, "encoder.surprise.kernel": np.ones((2, 3, 4))})
    with pytest.raises(CheckpointMismatch, match=r"encoder\.surprise\.weight"):
        load_official(path, "tiny")
