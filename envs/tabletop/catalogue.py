"""What can stand on the table: shapes with their sizes, textures with their names.

Source: vima_bench.md §4 (shapes), §5 (textures), §14 (what is fixed on purpose). Lengths in metres.
An object is called "<texture> <shape>", e.g. "red swirl letter T".
"""

from dataclasses import dataclass, replace
from enum import Enum
from itertools import combinations
from typing import Literal

from uio2_agent.errors import UnknownName

Size = tuple[float, float, float]
Kind = Literal["movable", "container", "other"]


class Profile(Enum):
    """Outline class that the same_shape task asks for."""

    SQUARE = "square-like"
    CIRCLE = "circle-like"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One kind of object.

    Attributes:
        name: As it is called in prompts; its key in `SHAPES` but for the wide rectangle.
        kind: movable, container (a fixed body that things are put into) or other (task furniture).
        declared: Size x, y, z used for spacing and spawn height; the low end where it has a range.
        declared_high: High end of the size range; equal to `declared` where there is none.
        real: Visible extent x, y, z of the mesh at scale 1.
        symmetry: Period in degrees after which a yaw looks the same; 0 = any yaw does, 360 = none.
        profile: Outline class.
        scales: The mesh follows the sampled size (boxes); other meshes keep their fixed size (§4).
    """

    name: str
    kind: Kind
    declared: Size
    declared_high: Size
    real: Size
    symmetry: float
    profile: Profile
    scales: bool = False


def _shape(
    name: str,
    declared: Size,
    real: Size,
    symmetry: float,
    profile: Profile = Profile.UNDETERMINED,
    declared_high: Size | None = None,
    *,
    kind: Kind = "movable",
    scales: bool = False,
) -> Shape:
    return Shape(
        name=name,
        kind=kind,
        declared=declared,
        declared_high=declared_high or declared,
        real=real,
        symmetry=symmetry,
        profile=profile,
        scales=scales,
    )


_S, _L = (0.128, 0.128, 0.032), (0.144, 0.144, 0.036)
_SQUARE, _CIRCLE = Profile.SQUARE, Profile.CIRCLE

# Square blocks turn into themselves after 90 degrees; upstream's 45 is a slip (§4.1, §14).
_MOVABLES = (
    _shape("block", (0.07, 0.07, 0.07), (0.07, 0.07, 0.07), 90, _SQUARE, scales=True),
    _shape("shorter block", (0.07, 0.07, 0.03), (0.07, 0.07, 0.03), 90, _SQUARE, scales=True),
    _shape("L-shaped block", _S, (0.096, 0.096, 0.029), 360),
    _shape("letter A", _L, (0.090, 0.103, 0.033), 360),
    _shape("letter E", _L, (0.058, 0.102, 0.033), 360),
    _shape("letter G", _L, (0.082, 0.105, 0.033), 360),
    _shape("letter M", (0.136, 0.136, 0.034), (0.092, 0.096, 0.031), 360),
    _shape("letter R", _L, (0.073, 0.102, 0.033), 360),
    _shape("letter T", _L, (0.108, 0.108, 0.033), 360),
    _shape("letter V", _L, (0.085, 0.102, 0.033), 360),
    _shape("cross", _S, (0.096, 0.096, 0.029), 180),
    _shape("diamond", _S, (0.120, 0.096, 0.029), 180),
    _shape("triangle", _S, (0.096, 0.096, 0.029), 120),
    _shape("flower", _L, (0.108, 0.108, 0.033), 90),
    _shape("heart", _L, (0.103, 0.095, 0.033), 360),
    _shape("hexagon", _S, (0.094, 0.108, 0.033), 60, declared_high=_L),
    _shape("pentagon", _S, (0.103, 0.098, 0.033), 72, declared_high=_L),
    _shape("star", _S, (0.104, 0.109, 0.033), 72, declared_high=_L),
    _shape("ring", _S, (0.096, 0.096, 0.029), 0, _CIRCLE),
    _shape("round", _S, (0.096, 0.096, 0.029), 0, _CIRCLE),
    _shape("small block", (0.03, 0.03, 0.03), (0.03, 0.03, 0.03), 90, scales=True),
)

# Bowl and pan are centred on their origin here, which upstream's are not (§14).
_BASES = (
    _shape("bowl", (0.17, 0.17, 0.0), (0.200, 0.200, 0.069), 0, _CIRCLE, kind="container"),
    _shape("pan", (0.16, 0.24, 0.03), (0.294, 0.169, 0.041), 360, _CIRCLE, kind="container"),
    _shape(
        "frame",
        (0.225, 0.225, 0.0),
        (0.180, 0.180, 0.002),
        90,
        _SQUARE,
        kind="container",
    ),
    _shape(
        "container",
        (0.15, 0.15, 0.05),
        (0.15, 0.15, 0.0455),
        90,
        _SQUARE,
        (0.17, 0.17, 0.05),
        kind="container",
        scales=True,
    ),
    _shape(
        "square",
        (0.2, 0.04, 0.001),
        (0.24, 0.24, 0.001),
        90,
        _SQUARE,
        kind="container",
    ),
    _shape("pallet", (0.21, 0.175, 0.035), (0.210, 0.175, 0.026), 180, _SQUARE, kind="container"),
)

_OTHERS = (
    _shape(
        "three-sided rectangle",
        (0.27, 0.27, 0.0),
        (0.31, 0.29, 0.001),
        360,
        kind="other",
    ),
    _shape("line", (0.25, 0.04, 0.001), (0.25, 0.04, 0.001), 180, kind="other", scales=True),
    _shape("stand", (0.18, 0.54, 0.01), (0.18, 0.54, 0.01), 180, kind="other"),
    _shape("disk", (0.18, 0.18, 0.035), (0.18, 0.18, 0.035), 0, _CIRCLE, kind="other"),
)

# The strips of a three-sided rectangle are 40 mm wide whatever its size, so it is not scaled: each
# sweep has one of its own (§6, 12 and 13), and both are called the same.
_WIDE = replace(
    _OTHERS[0],
    declared=(0.30, 0.172, 0.0),
    declared_high=(0.30, 0.172, 0.0),
    real=(0.34, 0.192, 0.001),
)

SHAPES: dict[str, Shape] = {
    **{s.name: s for s in (*_MOVABLES, *_BASES, *_OTHERS)},
    "wide three-sided rectangle": _WIDE,
}
MOVABLES: tuple[str, ...] = tuple(s.name for s in _MOVABLES)
CONTAINERS: tuple[str, ...] = tuple(s.name for s in _BASES)

# What a task draws from when nobody says otherwise (§7): the sweeps' block and the block that
# only same_texture and same_shape use are named by those tasks themselves.
DEFAULT_MOVABLES: tuple[str, ...] = tuple(
    n for n in MOVABLES if n not in ("shorter block", "small block")
)
DEFAULT_CONTAINERS: tuple[str, ...] = CONTAINERS

RGB = tuple[int, int, int]

PLAIN_COLOURS: dict[str, RGB] = {
    "blue": (78, 121, 167),
    "red": (255, 87, 89),
    "green": (89, 169, 79),
    "orange": (242, 142, 43),
    "yellow": (237, 201, 72),
    "purple": (176, 122, 161),
    "pink": (255, 157, 167),
    "cyan": (118, 183, 178),
    "olive": (128, 128, 0),
}
DARK_COLOURS: dict[str, RGB] = {
    "dark blue": (42, 66, 90),
    "dark red": (178, 61, 62),
    "dark green": (49, 92, 43),
    "dark orange": (165, 97, 29),
    "dark yellow": (160, 136, 49),
    "dark purple": (100, 69, 91),
    "dark pink": (178, 110, 117),
    "dark cyan": (69, 106, 104),
}
GREY = "grey"  # not in the catalogue: what a made-up noun's picture is painted with (§2.3)
GREY_COLOUR: RGB = (186, 176, 172)

MATERIALS: tuple[str, ...] = (
    "brick",
    "tiles",
    "wooden",
    "granite",
    "plastic",
    "polka dot",
    "checkerboard",
    "tiger",
    "magma",
    "rainbow",
)
_BASE_COLOURS = ("red", "yellow", "green", "blue", "purple")
_PAIRS = tuple(f"{a} and {b}" for a, b in combinations(_BASE_COLOURS, 2))
STRIPES: tuple[str, ...] = tuple(f"{pair} stripe" for pair in _PAIRS)
POLKA_DOTS: tuple[str, ...] = tuple(f"{pair} polka dot" for pair in _PAIRS)
SWIRLS: tuple[str, ...] = tuple(f"{c} swirl" for c in _BASE_COLOURS)
PAISLEYS: tuple[str, ...] = tuple(f"{c} paisley" for c in _BASE_COLOURS)

PLAIN_TEXTURES: tuple[str, ...] = (
    *MATERIALS,
    *STRIPES,
    *POLKA_DOTS,
    *SWIRLS,
    *PAISLEYS,
    *("blue", "red", "green", "orange", "yellow", "purple", "pink", "cyan", "olive"),
)
DARK_TEXTURES: tuple[str, ...] = (
    *DARK_COLOURS,
    *(f"dark {name}" for name in (*STRIPES, *POLKA_DOTS, *SWIRLS)),
)
TEXTURES: tuple[str, ...] = PLAIN_TEXTURES + DARK_TEXTURES

MOVABLE_TEXTURES: tuple[str, ...] = PLAIN_TEXTURES[:24]  # default list of movables (§5)
CONTAINER_TEXTURES: tuple[str, ...] = PLAIN_TEXTURES[24:]  # default list of containers (§5)


def shape(name: str) -> Shape:
    """The shape called `name`.

    Raises:
        UnknownName: No such shape in the catalogue.
    """
    if name not in SHAPES:
        raise UnknownName("shape", name, SHAPES)
    return SHAPES[name]


def phrase(texture: str, shape_name: str) -> str:
    """How prompts call an object: texture first, then shape."""
    return f"{texture} {shape(shape_name).name}"
