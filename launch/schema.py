"""Frozen dataclasses as Hydra schemas."""

from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any


def schema_of(frozen: type) -> type:
    """A mutable twin with the same fields, since OmegaConf makes a frozen schema deaf to overrides.

    Its instances are turned into the real thing by `frozen(**vars(twin))`, which checks the values.
    """
    twins: list[tuple[str, Any, Any]] = []
    for f in fields(frozen):
        default = "???" if f.default is MISSING else f.default
        twins.append((f.name, f.type, field(default=default)))
    return make_dataclass(f"{frozen.__name__}Schema", twins)
