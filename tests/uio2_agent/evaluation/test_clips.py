"""Clips keep every frame of a short episode, enough of a long one, and fit into a page."""

import base64
import io

import numpy as np
import pytest
from PIL.WebPImagePlugin import WebPImageFile

from uio2_agent.errors import BadShape
from uio2_agent.evaluation import clips, sounds


def frame(value: int, height: int = 16, width: int = 24) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


def opened(content: bytes) -> WebPImageFile:
    return WebPImageFile(io.BytesIO(content))


def test_every_frame_is_there_and_the_last_stays_longest():
    picture = opened(clips.encode([frame(10), frame(120), frame(240)]))
    assert picture.n_frames == 3 and picture.size == (24, 16)
    levels, durations = [], []
    for number in range(3):
        picture.seek(number)
        levels.append(int(np.asarray(picture.convert("RGB")).mean()))
        durations.append(picture.info["duration"])
    np.testing.assert_allclose(levels, [10, 120, 240], atol=4)
    assert durations[2] > durations[0] > 0


def test_of_a_long_episode_some_frames_are_left_out_evenly_and_it_is_shown_faster():
    shades = [61 * number % 256 for number in range(501)]  # neighbours differ, or WebP joins them
    long = opened(clips.encode([frame(shade) for shade in shades]))
    assert long.n_frames == 80
    levels, lasts = [], []
    for number in range(80):
        long.seek(number)
        levels.append(int(np.asarray(long.convert("RGB")).mean()))
        lasts.append(long.info["duration"])
    shown = [min(range(501), key=lambda n: abs(n - k * 500 / 79)) for k in range(80)]
    np.testing.assert_allclose(levels, [shades[n] for n in shown], atol=4)
    assert sum(lasts[:-1]) <= 15_000 and lasts[-1] > 2_000


def test_frames_of_different_size_are_padded_not_stretched():
    picture = opened(clips.encode([frame(0, 16, 24), frame(0, 20, 10)]))
    assert picture.size == (24, 20)
    corner = np.asarray(picture.convert("RGB"))[-1, -1]
    assert corner.min() > 240


def test_a_single_frame_is_a_clip():
    assert opened(clips.encode([frame(1)])).size == (24, 16)


@pytest.mark.parametrize("bad", [frame(0)[..., 0], frame(0).astype(np.float32)])
def test_what_is_no_picture_is_refused(bad):
    with pytest.raises(BadShape, match="frame"):
        clips.encode([bad])


def test_a_kept_clip_can_be_put_into_a_page(tmp_path):
    assert not clips.kept(tmp_path, 3)
    clips.keep(tmp_path, 3, clips.Clip(clips.encode([frame(0), frame(200)])))
    assert clips.kept(tmp_path, 3) and not clips.kept(tmp_path, 4)
    uri = clips.data_uri(tmp_path, 3) or ""
    kind, _, content = uri.partition(",")
    assert kind == "data:image/webp;base64"
    assert opened(base64.b64decode(content)).n_frames == 2
    assert clips.data_uri(tmp_path, 4) is None


def test_a_film_becomes_a_clip_with_sound_if_there_was_any_and_none_without_frames():
    heard = [np.zeros((100, 2), np.int16)] * 2
    assert clips.encode_film(clips.Film()) is None
    assert clips.encode_film(clips.Film(heard=heard)) is None
    silent = clips.encode_film(clips.Film([frame(0)]))
    assert silent is not None and silent.sound is None
    whole = clips.encode_film(clips.Film([frame(0)], heard))
    assert whole is not None and whole.picture == silent.picture
    assert whole.sound == sounds.encode(heard)


def test_a_sound_lies_beside_its_clip_and_is_found_from_where_the_page_is(tmp_path):
    run, page = tmp_path / "a run", tmp_path / "page"
    long, short = (sounds.encode([np.full((n, 2), 3277, np.int16)]) for n in (2**18, 16_000))
    assert clips.player(run, 3, page) is None
    clips.keep(run, 3, clips.Clip(b"picture", long))
    assert sorted(p.name for p in (run / "clips").iterdir()) == ["000003.wav", "000003.webp"]
    for folder, source in (
        (run, "clips/000003.wav"),
        (tmp_path, "a%20run/clips/000003.wav"),
        (page, "../a%20run/clips/000003.wav"),
    ):
        player = clips.player(run, 3, folder)
        assert player is not None and player.source == source
        assert player.loudest == pytest.approx(-20, abs=0.01)
    clips.keep(run, 4, clips.Clip(b"picture", short))
    inside = "data:audio/wav;base64," + base64.b64encode(short).decode()
    player = clips.player(run, 4, page)
    assert player is not None and player.source == inside
