"""Where an agent's files are: a shipped name, a folder, or a hub id."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from uio2_agent.errors import BadCheckpoint, UnknownName

AGENT_FILES = ("weights.safetensors", "config.json", "policy.json", "tokenizer.model")


def shipped() -> dict[str, Path]:
    """Names of the agents that come with the package, and their folders."""
    root = Path(str(files("uio2_agent.checkpoints")))
    return {p.parent.name: p.parent for p in sorted(root.glob("*/weights.safetensors"))}


def find_checkpoint(name: str) -> Path:
    """A shipped name, a folder, or a hub id `owner/name` -> the folder with its files.

    Raises:
        UnknownName: Neither shipped, nor a folder, nor shaped like a hub id.
        BadCheckpoint: The folder lacks a file, or the hub has no such repository.
    """
    known = shipped()
    if name in known:
        return known[name]
    folder = Path(name).expanduser()
    if folder.is_dir():
        missing = [f for f in AGENT_FILES if not (folder / f).is_file()]
        if missing:
            raise BadCheckpoint(
                name, f"lacks {', '.join(missing)}", "An agent's folder holds " + ", ".join(AGENT_FILES)
            )
        return folder
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _download(name)
    raise UnknownName("checkpoint", name, known)


def read_policy_settings(folder: Path) -> dict[str, Any]:
    """What the checkpoint was trained with. Raises BadCheckpoint when policy.json is not ours."""
    try:
        settings = json.loads((folder / "policy.json").read_text())
        target = settings["codec"]["_target_"]
    except (json.JSONDecodeError, KeyError, TypeError) as e:
        raise BadCheckpoint(
            str(folder), f"policy.json is unreadable ({e})", "It names a codec by `_target_`"
        ) from e
    if not target.startswith("uio2_agent.policies.codecs."):
        raise BadCheckpoint(
            str(folder), f"policy.json names the codec {target}", "Only our own codecs are loaded"
        )
    return settings


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
