"""Draws are whole numbers that depend on their key alone."""

from collections import Counter

from uio2_agent.envs.draws import Draws


def test_the_same_key_gives_the_same_numbers():
    a, b = Draws(3, 1), Draws(3, 1)
    assert [a.below(1000) for _ in range(20)] == [b.below(1000) for _ in range(20)]


def test_another_key_gives_other_numbers():
    firsts = {Draws(*key).below(10**9) for key in [(3,), (3, 1), (3, 2), (4, 1)]}
    assert len(firsts) == 4


def test_the_stream_is_the_same_on_every_platform_and_numpy():
    draws = Draws(900_000, 0)
    assert [draws.below(1_000_000) for _ in range(4)] == [891957, 362630, 585109, 829059]


def test_every_number_below_n_comes_about_equally_often():
    draws = Draws(0)
    counts = Counter(draws.below(7) for _ in range(7000))
    assert set(counts) == set(range(7))
    assert all(850 < c < 1150 for c in counts.values())


def test_chance_is_what_it_says():
    draws = Draws(1)
    assert 1700 < sum(draws.chance(5, wins=2) for _ in range(5000)) < 2300


def test_distinct_never_repeats_and_leaves_the_options_alone():
    draws, options = Draws(2), ["a", "b", "c", "d"]
    for _ in range(50):
        assert len(set(draws.distinct(options, 3))) == 3
    assert options == ["a", "b", "c", "d"]
