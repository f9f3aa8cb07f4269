"""Films of every kind become the middle frames of equal parts."""

import sys

import numpy as np
import pytest
from PIL import Image

from uio2_agent.errors import BadInput, MissingDependency
from uio2_agent.model.recipes.video import as_history, middles, trim_bars


def frame(value: int, height: int = 12, width: int = 16) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def first_pixels(frames) -> list[int]:
    return [int(f[0, 0, 0]) for f in frames]


FILM = [frame(20 * i + 20) for i in range(11)]
MIDDLES = [20 * i + 20 for i in (1, 3, 5, 7, 9)]


@pytest.mark.parametrize(
    ("count", "chosen"),
    [
        (1, [0]),
        (3, [0, 1, 2]),
        (5, [0, 1, 2, 3, 4]),
        (10, [1, 3, 5, 7, 9]),
        (100, [10, 30, 50, 70, 90]),
    ],
)
def test_frames_are_the_middles_of_equal_parts(count, chosen):
    assert middles(count, 5) == chosen


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_animations_are_films(tmp_path, kind):
    path = tmp_path / f"film.{kind}"
    pages = [Image.fromarray(f) for f in FILM]
    pages[0].save(path, save_all=True, append_images=pages[1:], duration=40, lossless=True)
    assert first_pixels(as_history(path)) == MIDDLES


def test_a_folder_of_pictures_is_read_in_the_order_of_its_numbers(tmp_path):
    for i, picture in enumerate(FILM):
        Image.fromarray(picture).save(tmp_path / f"frame{i}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert first_pixels(as_history(tmp_path)) == MIDDLES
    assert first_pixels(as_history(FILM)) == MIDDLES


def test_black_bars_are_cut_as_far_as_all_frames_have_them():
    films = [np.zeros((100, 200, 3), np.uint8) for _ in range(2)]
    films[0][10:90, 20:190], films[1][12:95, 30:150] = 200, 200
    films[1][:3] = 16  # as dark as compression leaves black
    assert [f.shape for f in trim_bars(films)] == [(85, 170, 3)] * 2
    assert trim_bars(films)[0][0, 0, 0] == 200


def test_at_most_30_percent_of_a_side_are_cut():
    dark = np.zeros((100, 200, 3), np.float32)
    dark[50, 190] = 1.0
    assert trim_bars([dark])[0].shape == (40, 131, 3)


def test_a_black_film_and_frames_of_several_sizes_are_left_alone():
    assert trim_bars([frame(0)])[0].shape == (12, 16, 3)
    mixed = [frame(0), frame(90, 30, 30)]
    assert [f.shape for f in as_history(mixed)] == [(12, 16, 3), (30, 30, 3)]


def test_what_is_no_film_is_refused(tmp_path):
    (tmp_path / "broken.gif").write_bytes(b"GIF89a nothing")
    (tmp_path / "empty").mkdir()
    for path in ("missing.gif", "broken.gif", "empty"):
        with pytest.raises(BadInput, match=path):
            as_history(tmp_path / path)
    with pytest.raises(BadInput, match="without frames"):
        as_history([])


def test_a_film_that_needs_pyav_says_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "film.mp4").write_bytes(b"0")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match="pip install av"):
        as_history(tmp_path / "film.mp4")


def test_pyav_reads_films(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for picture in FILM:
            page = av.VideoFrame.from_ndarray(np.resize(picture, (64, 64, 3)), format="rgb24")
            film.mux(stream.encode(page))
        film.mux(stream.encode(None))
    assert first_pixels(as_history(path)) == pytest.approx(MIDDLES, abs=6)
    (tmp_path / "broken.mp4").write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadInput, match="unreadable"):
        as_history(tmp_path / "broken.mp4")
