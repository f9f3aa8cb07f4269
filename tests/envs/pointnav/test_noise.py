"""Errors of cameras and wheels, against samples of the reference and by their formulas."""

import math
from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.actuation import Motion
from uio2_agent.envs.pointnav.noise import (
    Normals,
    noisy_depth,
    noisy_motion,
    noisy_rgb,
    read_distortion,
)
from uio2_agent.errors import BadInput, BadShape

COMMANDS = {
    "forward": Motion(forward=0.25),
    "left": Motion(turn=math.pi / 6),
    "right": Motion(turn=-math.pi / 6),
}


def test_normals_are_normal_and_the_same_for_the_same_key():
    numbers = Normals(3, 1).draw(200_000)
    assert abs(numbers.mean()) < 0.01 and abs(numbers.std() - 1) < 0.01
    assert abs((np.abs(numbers) > 2).mean() - 0.0455) < 0.002
    assert abs(np.corrcoef(numbers[:100_000], numbers[100_000:])[0, 1]) < 0.02
    np.testing.assert_array_equal(numbers[:7], Normals(3, 1).draw(200_000)[:7])
    assert (Normals(3, 2).draw(5) != Normals(3, 1).draw(5)).all()


def test_the_stream_is_pinned():
    numbers = [[-0.478702, 1.080551], [-0.067077, -0.047907]]
    np.testing.assert_allclose(Normals(0, 1).draw(2, 2), numbers, atol=1e-5)


@pytest.mark.parametrize("name", COMMANDS)
def test_wheels_err_as_the_reference_robots_do(golden, name):
    """4,000 samples each; means may differ by five standard errors of both."""
    normals = Normals(11)
    made = [noisy_motion(COMMANDS[name], normals) for _ in range(4000)]
    samples = np.array([[m.forward, m.right, m.turn] for m in made])
    want = {k: np.array(v) for k, v in golden["locobot_noise"]["stats"][name].items()}
    error = 5 * math.sqrt(2 / len(samples)) * want["std"]
    assert (np.abs(samples.mean(0) - want["mean"]) < error).all()
    np.testing.assert_allclose(samples.std(0), want["std"], rtol=0.06)
    reach = 0.25 * want["std"]  # truncation bounds both
    assert (np.abs(samples.min(0) - want["min"]) < reach).all()
    assert (np.abs(samples.max(0) - want["max"]) < reach).all()


def test_at_least_a_twentieth_of_a_command_remains():
    normals = Normals(2)
    made = [noisy_motion(Motion(forward=0.01), normals).forward for _ in range(500)]
    assert min(made) >= 0.0005 - 1e-12
    assert noisy_motion(Motion(), normals) == Motion()


def test_colours_err_by_a_tenth_of_their_range():
    grey = np.full((100, 100, 3), 128, np.uint8)
    noisy = noisy_rgb(grey, Normals(0))
    assert noisy.dtype == np.uint8 and abs(noisy.mean() - 127.5) < 1
    assert abs(noisy.std() - 25.5) < 0.5
    assert noisy_rgb(np.full((9, 9, 3), 255, np.uint8), Normals(0)).max() == 255


def test_depth_is_quantised_in_eighths_of_a_pixel_of_disparity():
    flat = np.full((120, 160), 3.0, np.float32)
    noisy = noisy_depth(flat, Normals(0))
    steps = 35.13 * 8 / noisy
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    assert abs(np.mean(steps) - 35.13 * 8 / 3) < 0.2
    assert 0.15 < np.std(steps) < 0.6  # 8 x 0.0278 pixels and rounding


def test_what_is_not_there_or_too_far_is_not_seen():
    depth = np.array([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0]], np.float32)
    assert (noisy_depth(depth, Normals(1)) == 0).all()


def test_depth_edges_are_ragged_by_a_pixel():
    edge = np.full((400, 40), 2.0, np.float32)
    edge[:, 20:] = 4.0
    far = noisy_depth(edge, Normals(5)) > 3
    assert not far[:, :19].any() and far[:, 21:].all()
    assert 0 < far[:, 19].sum() < 40 and 360 < far[:, 20].sum() < 400


def test_a_distortion_table_divides_and_is_interpolated_between_its_slices():
    table = np.ones((80, 80, 5), np.float32)
    table[..., 1], table[..., 2] = 1.1, 1.3  # 3 m and 5 m
    flat = np.full((48, 64), 4.0, np.float32)
    np.testing.assert_allclose(noisy_depth(flat, Normals(0), table).mean(), 4 / 1.2, rtol=0.01)
    unseen = noisy_depth(flat, Normals(0), np.zeros((80, 80, 5), np.float32))
    assert (unseen == 0).all()
    with pytest.raises(BadShape, match="distortion"):
        read_distortion(table[..., 0])


def test_a_table_is_stretched_over_the_frame_with_slices_at_odd_metres():
    table = np.ones((80, 80, 5), np.float32)
    table[:40, :, 4] = 1.5  # the upper half, at 9 m
    table[:, 40:, 0] = 0.5  # the right half, at 1 m and nearer
    for depth, half, there in (
        (9.5, np.s_[:58], 9.5 / 1.5),
        (8.0, np.s_[:58], 8 / 1.25),
        (9.5, np.s_[62:], 9.5),
        (0.5, np.s_[:, 82:], 1.0),
        (0.5, np.s_[:, :78], 0.5),
        (2.0, np.s_[:, 82:], 2 / 0.75),
    ):
        seen = noisy_depth(np.full((120, 160), depth, np.float32), Normals(0), table)
        assert seen[half].mean() == pytest.approx(there, rel=0.01)


def test_a_table_is_read_from_files_and_arrays_alike(tmp_path):
    table = np.random.default_rng(0).random((80, 80, 5))
    np.save(tmp_path / "a.npy", table)
    np.savez_compressed(tmp_path / "a.npz", model=table.astype(np.float32))
    for given in (table, tmp_path / "a.npy", str(tmp_path / "a.npz")):
        read = read_distortion(given)
        assert read.dtype == np.float32
        np.testing.assert_allclose(read, table, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ("missing.npy", BadInput, r"missing.npy, which cannot be read: .*expected a .npy file"),
        ("text.npy", BadInput, "broken"),
        ("cut.npy", BadInput, "broken"),
        ("cut.npz", BadInput, "broken"),
        ("empty.npy", BadInput, "broken"),
        ("two.npz", BadInput, r"two.npz with arrays \['a', 'b'\]"),
        ("flat.npy", BadShape, r"float64 \(80, 80\), expected numbers \(80, 80, 5\)"),
        ("words.npy", BadShape, "<U1"),
        ("nan.npy", BadInput, "not finite"),
        ([1, 2], BadShape, r"\(2,\)"),
        (np.full((80, 80, 5), -1.0), BadInput, "negative"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, monkeypatch, given, error, told):
    monkeypatch.chdir(tmp_path)
    table = np.ones((80, 80, 5))
    np.save("cut.npy", table)
    np.savez("cut.npz", table)
    for name in ("cut.npy", "cut.npz"):
        Path(name).write_bytes(Path(name).read_bytes()[:5000])
    Path("text.npy").write_text("1.0 1.0")
    Path("empty.npy").touch()
    np.savez("two.npz", a=table, b=table)
    np.save("flat.npy", table[..., 0])
    np.save("words.npy", np.full((80, 80, 5), "1"))
    np.save("nan.npy", np.where(table, np.nan, 0))
    with pytest.raises(error, match=told):
        read_distortion(given)
