"""Where a number comes from: code, libraries, machine, configuration, checkpoint."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import uio2_agent

# Asked for by name, never imported: the simulator or torch may not even be here.
_PACKAGES = ("torch", "numpy", "gymnasium", "pybullet", "numba", "pillow", "sentencepiece")


def provenance(
    config: Mapping[str, Any], checkpoint: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What would be needed to get the same result again, JSON-able.

    Args:
        config: The complete settings of the run.
        checkpoint: What the policy says about its weights (name, hash), if it has any.
    """
    return {
        "uio2_agent": uio2_agent.__version__,
        "git": git_state(Path(uio2_agent.__file__).resolve().parent.parent),
        "packages": {name: v for name in _PACKAGES if (v := _version(name)) is not None},
        "machine": {
            "platform": platform.platform(),
            "processor": processor(),
            "cores": usable_cores(),
            "python": platform.python_version(),
        },
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": sys.argv,
        "config": dict(config),
        "checkpoint": dict(checkpoint) if checkpoint else None,
    }


def git_state(root: Path) -> dict[str, Any] | None:
    """Commit of the checkout at `root` and whether files differ from it; None if it is none."""
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain"))}


def processor() -> str:
    """The processor's name; `platform` does not know it on Linux."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
