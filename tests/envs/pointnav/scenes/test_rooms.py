"""What kinds of rooms there are, and which of them adjoin."""

from uio2_agent.envs.pointnav.scenes.rooms import CORRIDORS, KINDS, PROGRAMMES, rank


def test_programmes_name_only_known_kinds_and_sizes_agree():
    assert {kind for flats in PROGRAMMES.values() for flat in flats for kind in flat} < set(KINDS)
    assert set(PROGRAMMES) == set(CORRIDORS)


def test_a_corridor_is_joined_first_and_baths_never_to_each_other():
    assert rank("bath", "corridor") == 0
    assert rank("bath", "bath") is None
    assert rank("bath", "storage") is None


def test_doors_know_no_direction():
    for a in KINDS:
        for b in KINDS:
            assert rank(a, b) == rank(b, a)


def test_every_room_is_wide_enough_for_its_own_smallest_area():
    for kind in KINDS.values():
        low, high = kind.area
        assert low < high
        assert kind.narrowest**2 <= 100 * high
