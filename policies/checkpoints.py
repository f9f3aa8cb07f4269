"""Where an agent's files are: a shipped name, a folder, or a hub id."""

import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from uio2_agent.errors import BadCheckpoint, UnknownName

AGENT_FILES = ("weights.safetensors", "config.json", "policy.json", "tokenizer.model")
POLICY_SETTINGS = ("replan", "text_length")
WEIGHTS_AND_SETTINGS = (".safetensors", ".bin", ".npz", ".json", ".model")
CODEC = re.compile(r"uio2_agent\.policies\.codecs\.[a-z_]+\.[A-Z]\w+")


def shipped() -> dict[str, Path]:
    """Names of the agents that come with the package, and their folders."""
    root = Path(str(files("uio2_agent.checkpoints")))
    return {p.parent.name: p.parent for p in sorted(root.glob("*/weights.safetensors"))}


def find_checkpoint(name: str) -> Path:
    """A shipped name, a folder, or a hub id `owner/name` -> the folder with its files.

    Raises:
        UnknownName: Neither shipped, nor a folder, nor shaped like a hub id.
        BadCheckpoint: The folder or repository lacks a file, or the hub cannot be reached.
    """
    known = shipped()
    if name in known:
        return known[name]
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _complete(name, folder)
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _complete(name, _download(name))
    raise UnknownName("checkpoint", name, known)


def read_policy_settings(folder: Path) -> dict[str, Any]:
    """What the checkpoint was trained with: `codec`, `replan` and `text_length`, and `temperature`.

    The temperature is what it is best played with; 0 where the file does not say.

    A checkpoint may come from anywhere, so a codec is one of our classes and its settings are plain
    values: nothing in the file can name other code to run.

    Raises:
        BadCheckpoint: policy.json is missing, not ours, or names something else than our codecs.
    """
    path = folder / "policy.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        codec = dict(settings["codec"])
        target, known = str(codec.pop("_target_")), {k: settings[k] for k in POLICY_SETTINGS}
        known["temperature"] = float(settings.get("temperature", 0.0))
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise BadCheckpoint(
            str(path),
            f"is unreadable ({type(e).__name__}: {e})",
            "It holds `codec` with its `_target_`, " + " and ".join(map(repr, POLICY_SETTINGS)),
        ) from e
    if not CODEC.fullmatch(target):
        raise BadCheckpoint(str(path), f"names the codec {target}", "Only our own are loaded")
    odd = [k for k, v in codec.items() if k.startswith("_") or not isinstance(v, str | int | float)]
    if odd:
        raise BadCheckpoint(
            str(path), f"gives its codec {', '.join(odd)}", "A codec's settings are plain values"
        )
    return {"codec": {"_target_": target, **codec}, **known}


def fingerprint(checkpoint: str) -> dict[str, str]:
    """Name and SHA-256 of an agent's files, or of a release's.

    Raises as `find_checkpoint`, or as `find_official` for what looks like a release.
    """
    # These import torch, which a rollout without a model does not need.
    from uio2_agent.model.official import HUB_IDS, find_official

    released = checkpoint in HUB_IDS or _is_release(Path(checkpoint).expanduser())
    place, digest = (find_official if released else find_checkpoint)(checkpoint), hashlib.sha256()
    for path in sorted(place.iterdir()) if place.is_dir() else [place]:
        if path.suffix in WEIGHTS_AND_SETTINGS:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while block := file.read(2**24):
                    digest.update(block)
    return {"name": checkpoint, "sha256": digest.hexdigest()}


def _is_release(place: Path) -> bool:
    """An archive, or weights under the names of the release and nothing that makes them ours."""
    from uio2_agent.model.tensor_files import LAYOUTS

    if place.is_dir():
        names = {path.name for path in place.iterdir()}
        return "policy.json" not in names and any(names & {*layout} for layout in LAYOUTS)
    return place.is_file() and place.suffix == ".npz"


def _complete(name: str, folder: Path) -> Path:
    missing = [f for f in AGENT_FILES if not (folder / f).is_file()]
    if missing:
        remedy = "An agent's folder holds " + ", ".join(AGENT_FILES)
        raise BadCheckpoint(name, f"lacks {', '.join(missing)}", remedy)
    return folder


def _download(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(AGENT_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as e:
        raise BadCheckpoint(
            hub_id,
            f"could not be fetched from the hub ({type(e).__name__})",
            f"Check the id and the network, or name a folder or one of: {', '.join(shipped())}",
        ) from e
