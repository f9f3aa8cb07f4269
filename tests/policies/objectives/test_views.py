"""Labels of the patches of a walk's pictures, from its depth."""

import numpy as np
import pytest

from uio2_agent.errors import BadInput
from uio2_agent.policies.objectives.views import Camera, View, range_labels, view_of
from uio2_agent.trajectories.episode import Episode

CAMERA = Camera(height=1.0, hfov=90.0, farthest=10.0)


def view(depth) -> View:
    return View(picture=np.zeros((3, 32, 32), np.uint8), depth=np.asarray(depth, np.float32))


def corridor() -> np.ndarray:
    """What a level camera 1 m above an endless floor sees, as a fraction of 10 m; no sky."""
    below = (np.arange(32) + 0.5 - 16) / 16
    depth = np.where(below > 0, 1.0 / np.maximum(below, 1e-9), 10.0).clip(0, 10) / 10
    return np.repeat(depth[:, None], 32, axis=1)


def test_a_floor_is_floor_and_in_nobodys_way():
    labels = range_labels([view(corridor())], CAMERA)
    floor, obstacle = labels.floor[0].reshape(2, 2), labels.obstacle[0].reshape(2, 2)
    assert (floor[0] == 0).all()
    # The first row of pixels below the horizon looks beyond 10 m.
    assert (floor[1] >= 14 / 16).all()
    assert (obstacle[1] > 0.99).all()


def test_a_box_on_the_floor_is_in_the_way_where_it_stands():
    depth = corridor()
    depth[12:20, :16] = 0.2  # 2 m ahead, from half a metre above the floor on
    labels = range_labels([view(depth)], CAMERA)
    obstacle = labels.obstacle[0].reshape(2, 2)
    np.testing.assert_allclose(obstacle[:, 0], np.sqrt(0.2), atol=1e-6)
    assert (obstacle[:, 1] > 0.99).all()


def test_depth_is_the_root_of_the_mean_of_a_patch():
    depth = np.full((32, 32), 0.25)
    depth[:16, 16:] = 0.04
    labels = range_labels([view(depth)], CAMERA)
    np.testing.assert_allclose(labels.depth[0], [0.5, 0.2, 0.5, 0.5], atol=1e-6)


def test_where_nothing_is_hit_it_is_far():
    labels = range_labels([view(np.zeros((32, 32)))], CAMERA)
    assert (labels.depth == 1).all() and (labels.obstacle == 1).all() and (labels.floor == 0).all()


def walk(**labels) -> Episode:
    return Episode(
        frames=np.stack([np.full((3, 32, 32), t, np.uint8) for t in range(2)]),
        actions={"action": np.array([1])},
        prompt_text="",
        prompt_pictures=np.zeros((0, 3, 32, 32), np.uint8),
        labels=labels,
    )


def test_a_moment_is_seen_in_colours_or_as_depth():
    depth = np.stack([np.full((32, 32, 1), value, np.float32) for value in (0.2, 0.4)])
    episode = walk(depth=depth)
    assert (view_of(episode, 1, as_grey=False).picture == 1).all()
    assert (view_of(episode, 1, as_grey=True).picture == 102).all()
    assert view_of(episode, 1, as_grey=True).depth.shape == (32, 32)


def test_a_walk_without_depth_has_no_labels():
    with pytest.raises(BadInput, match="without depth"):
        view_of(walk(), 0, as_grey=False)
