"""Episodes as a recorder writes them, with pictures whose every pixel says where it is from."""

import numpy as np
import pytest

from uio2_agent.trajectories.episode import Episode

STRAIGHT = np.array([0, 0, 0, 1], np.float32)


@pytest.fixture
def demonstration() -> Episode:
    """Two steps, two prompt pictures; frame t is filled with t, picture i with 100 + i."""
    return Episode(
        frames=np.stack([np.full((3, 128, 256), t, np.uint8) for t in range(3)]),
        actions={
            "pose0_position": np.array([[0.3, -0.4], [0.5, 0.0]], np.float32),
            "pose0_rotation": np.stack([STRAIGHT] * 2),
            "pose1_position": np.array([[0.5, 0.0], [0.7, 0.4]], np.float32),
            "pose1_rotation": np.stack([STRAIGHT] * 2),
        },
        prompt_text="Put the <image_history_1> into the <image_history_2>.",
        prompt_pictures=np.stack([np.full((3, 128, 256), 100 + i, np.uint8) for i in range(2)]),
        info={"effector": 0},
    )


@pytest.fixture
def strewn() -> Episode:
    """Two objects: id 5 covers patch (0, 0) and its right half-neighbour, id 6 patch (7, 15)."""
    segm = np.ones((128, 256), np.uint8)
    segm[:16, :24] = 5
    segm[112:, 240:] = 6
    picture_segm = np.full((2, 128, 256), 255, np.uint8)
    picture_segm[:, 64:80, 128:144] = 0
    return Episode(
        frames=np.zeros((1, 3, 128, 256), np.uint8),
        actions={},
        prompt_text="",
        prompt_pictures=np.stack([np.full((3, 128, 256), 100 + i, np.uint8) for i in range(2)]),
        labels={
            "segm": segm[None],
            "picture_segm": picture_segm,
            "ids": np.array([5, 6]),
            "places": np.array([[(0.3, -0.4, 0.0), (0.7, 0.4, 0.0)]], np.float32),
            "pixels": np.array([[(8.0, 12.0), (120.0, 248.0)]], np.float32),
            "picture_pixel": np.array([64.0, 128.0], np.float32),
        },
        info={
            "objects": ["red bowl", "tiger letter T"],
            "kinds": [["bowl", "red"], ["letter T", "tiger"]],
        },
    )
