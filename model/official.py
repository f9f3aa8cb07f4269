"""The released weights: from the hub, a folder, or a JAX archive, into our model.

    folder or hub id: config.json ─▶ ModelConfig ─▶ model without memory ─┐
                      *.safetensors, *.bin ─▶ tensors, one at a time ─────┴▶ model
    one .npz: the same, with the config named by its size

What a chosen set of modalities does not need is never read.
"""

from dataclasses import replace
from pathlib import Path

import torch

from uio2_agent.errors import BadCheckpoint, UnknownName
from uio2_agent.model.checkpoint import build_on_meta, fill
from uio2_agent.model.config import SIZES, ModelConfig, model_config
from uio2_agent.model.int8 import int8_layers, swap_linears
from uio2_agent.model.jax_names import JaxArchive
from uio2_agent.model.official_config import CONFIG, read_official_config
from uio2_agent.model.official_names import locate
from uio2_agent.model.tensor_files import LAYOUTS, TensorSource, open_weights
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer

HUB_IDS = tuple(
    f"allenai/uio2-{size}{suffix}"
    for size in ("large", "xl", "xxl")
    for suffix in ("", "-bfloat16")
)
LLAMA_PIECES = 32000


def load_official(
    source: str | Path,
    size: str | None = None,
    *,
    inputs: tuple[str, ...] | None = None,
    targets: tuple[str, ...] | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    int8: bool = False,
) -> UnifiedIO2:
    """The released model in evaluation mode, with memory for one copy of its weights.

    Args:
        source: A folder, an `.npz` archive of JAX parameters, or a hub id, one of `HUB_IDS`.
        size: One of `SIZES`, in place of the folder's config.json. Left out where there is no
            config.json, it is the released size whose text table has the shape found.
        inputs, targets: Modalities to keep; left out, those of the config. The rest is not read.
        dtype: Of the weights; ViTs and quantisers are float32 whenever it is given. Left out, as
            they are stored.
        int8: Keep the matrices of encoder and decoder as int8 (`model/int8.py`).

    Raises:
        BadCheckpoint: Something is missing, damaged, foreign, or cannot be fetched.
        CheckpointMismatch: Tensors do not fit, each by its official name.
        UnknownName: No such size or modality, or a source that is neither file nor hub id.
    """
    place = find_official(str(source))
    weights: TensorSource = JaxArchive(place) if place.suffix == ".npz" else open_weights(place)
    cfg = _config(place, size, weights)
    cfg = replace(cfg, inputs=inputs or cfg.inputs, targets=targets or cfg.targets)
    names, _ = locate(weights.shapes, cfg, weights.path)
    model = build_on_meta(cfg)
    if int8:
        swap_linears(model, int8_layers(model))
    fill(model, weights, names, device, dtype)
    return model.eval()


def find_official(source: str) -> Path:
    """A folder or an `.npz` file as it is, a hub id fetched.

    Raises:
        UnknownName: It is none of these.
        BadCheckpoint: The hub cannot be reached and nothing was fetched before.
    """
    place = Path(source).expanduser()
    if place.is_dir() or (place.is_file() and place.suffix == ".npz"):
        return place
    if place.is_file():
        remedy = "Give its folder, which holds config.json too, or an .npz archive"
        raise BadCheckpoint(source, "is a single file", remedy)
    if source.count("/") == 1 and not source.startswith((".", "/", "~")) and not place.suffix:
        return _fetched(source)
    raise UnknownName("official checkpoint", source, HUB_IDS)


def load_tokenizer(path: str | Path) -> Tokenizer:
    """LLaMA's `tokenizer.model`, which the release needs and may not hand on.

    Raises:
        BadCheckpoint: The file is missing, no SentencePiece model, or not LLaMA's.
    """
    return Tokenizer.from_file(path, base_size=LLAMA_PIECES)


def _config(place: Path, size: str | None, weights: TensorSource) -> ModelConfig:
    if size is not None:
        return model_config(size)
    if (place / CONFIG).is_file():
        return read_official_config(place / CONFIG)
    table = weights.shapes.get("text_token_embedder.weight")
    for cfg in SIZES.values():
        if table == (cfg.text_vocab_size, cfg.width):
            return cfg
    remedy = f"Put its {CONFIG} beside it or name the size: large, xl or xxl"
    raise BadCheckpoint(str(place), f"has no {CONFIG} and the shape of no released size", remedy)


def _fetched(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    folder = Path()
    try:
        for single, _ in LAYOUTS:  # the second kind only where the first is not to be had
            suffix = Path(single).suffix
            patterns = [CONFIG, f"*{suffix}", f"*{suffix}.index.json"]
            folder = Path(snapshot_download(hub_id, allow_patterns=patterns))
            if any(folder.glob(f"*{suffix}")):
                break
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as problem:
        raise BadCheckpoint(
            hub_id,
            f"could not be fetched from the hub ({type(problem).__name__})",
            f"Check the id ({', '.join(HUB_IDS)}) and the network, or fetch it elsewhere and "
            "give its folder",
        ) from problem
    return folder
