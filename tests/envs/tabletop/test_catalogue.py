"""The catalogue says what the fact sheet says (vima_bench.md §4, §5)."""

import pytest

from uio2_agent.envs.tabletop import catalogue as c
from uio2_agent.errors import UnknownName


def test_there_are_82_different_textures_in_catalogue_order():
    assert len(c.TEXTURES) == len(set(c.TEXTURES)) == 82
    assert (len(c.PLAIN_TEXTURES), len(c.DARK_TEXTURES)) == (49, 33)
    assert c.TEXTURES[0] == "brick" and c.TEXTURES[48] == "olive"


def test_default_lists_split_the_plain_textures_24_to_25():
    assert c.MOVABLE_TEXTURES[-4:] == tuple(
        f"red and {b} polka dot" for b in ("yellow", "green", "blue", "purple")
    )
    assert len(c.CONTAINER_TEXTURES) == 25
    assert c.CONTAINER_TEXTURES[0] == "yellow and green polka dot"
    assert c.CONTAINER_TEXTURES[-9:] == (
        "blue", "red", "green", "orange", "yellow", "purple", "pink", "cyan", "olive",
    )  # fmt: skip


def test_every_texture_but_paisley_material_and_olive_has_a_dark_twin():
    plain = [n for n in c.PLAIN_TEXTURES if n not in (*c.MATERIALS, *c.PAISLEYS, "olive")]
    assert set(c.DARK_TEXTURES) == {f"dark {n}" for n in plain}


def test_shapes_are_counted_and_sorted_by_kind():
    assert len(c.MOVABLES) == 21 and len(c.CONTAINERS) == 6 and len(c.SHAPES) == 32
    assert len(c.DEFAULT_MOVABLES) == 19
    assert all(c.SHAPES[n].kind == "movable" for n in c.MOVABLES)
    assert all(c.SHAPES[n].kind == "container" for n in c.CONTAINERS)


def test_profiles_name_exactly_the_listed_shapes():
    by_profile = {p: {n for n, s in c.SHAPES.items() if s.profile is p} for p in c.Profile}
    assert by_profile[c.Profile.SQUARE] == {
        "block", "shorter block", "pallet", "frame", "container", "square",
    }  # fmt: skip
    assert by_profile[c.Profile.CIRCLE] == {"bowl", "ring", "round", "pan", "disk"}


def test_square_blocks_have_quarter_turn_symmetry():
    assert {c.SHAPES[n].symmetry for n in ("block", "shorter block", "small block")} == {90}


def test_size_ranges_never_shrink():
    ranged = {n for n, s in c.SHAPES.items() if s.declared != s.declared_high}
    assert ranged == {"hexagon", "pentagon", "star", "container"}
    for s in c.SHAPES.values():
        assert all(lo <= hi for lo, hi in zip(s.declared, s.declared_high, strict=True))


def test_objects_are_called_texture_first():
    assert c.phrase("red swirl", "letter T") == "red swirl letter T"


def test_the_sweeps_rectangles_differ_in_size_but_not_in_name():
    one, other = c.SHAPES["three-sided rectangle"], c.SHAPES["wide three-sided rectangle"]
    assert one.declared != other.declared
    assert c.phrase("red", "wide three-sided rectangle") == "red three-sided rectangle"
    assert one.name == other.name


def test_an_unknown_shape_lists_the_known_ones():
    with pytest.raises(UnknownName, match="Did you mean 'letter T'") as caught:
        c.shape("leter T")
    assert "bowl" in str(caught.value)
