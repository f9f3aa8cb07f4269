"""How cameras and wheels of the v2 robot err (habitat_pointnav.md §6).

All draws come from raw words of a bit generator, which no numpy version may change (NEP 19).
"""

import math
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uio2_agent.envs.pointnav.actuation import Motion
from uio2_agent.errors import BadInput, BadShape

RGB_STD = 0.1  # of the colour range
DEPTH_LIMIT = 10.0  # metres; farther things are not seen
DEPTH_JITTER = 0.25  # pixels
BASELINE = 35.13  # disparity in pixels, times metres
DISPARITY_STD = 0.027778
DISPARITY_STEPS = 8  # per pixel
DISTORTION_SHAPE = (80, 80, 5)  # rows and columns over the frame, then slices at 1, 3, … 9 m

# LoCoBot with the Proportional controller: means and variances of (forward m, right m, left rad).
FORWARD_ERRORS = ((0.017, 0.042, 0.031), (0.007, 0.023, 0.026))
TURN_ERRORS = ((0.001, 0.005, 0.043), (0.001, 0.004, 0.017))
ERROR_SCALE = 0.5
TRUNCATION = 3.0  # standard deviations
REMAINS = 0.05  # of what was commanded, at least


class Normals:
    """Standard normal numbers from the stream named by `key`, e.g. (seed, which sensor)."""

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def draw(self, *shape: int) -> NDArray[np.float32]:
        """float32 of the given shape, by Box and Muller's transform."""
        count = int(np.prod(shape))
        words = np.atleast_1d(self._bits.random_raw((count + 1) // 2))
        half = np.float32(2.0**-32)
        away = ((words >> np.uint64(32)).astype(np.float32) + np.float32(0.5)) * half  # (0, 1]
        angle = (words & np.uint64(0xFFFFFFFF)).astype(np.float32) * (half * np.float32(2 * np.pi))
        radius = np.sqrt(-2 * np.log(away))
        pairs = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
        return pairs[:count].reshape(shape)

    def truncated(self, mean: float, variance: float, low: float = -np.inf) -> float:
        """One number of that mean and variance, within 3 deviations and not below `low`."""
        deviation = variance**0.5
        while True:
            number = mean + deviation * self._one()
            if abs(number - mean) <= TRUNCATION * deviation and number >= low:
                return number

    def _one(self) -> float:
        word = int(self._bits.random_raw())
        radius = math.sqrt(-2 * math.log(((word >> 32) + 0.5) * 2.0**-32))
        return radius * math.cos((word & 0xFFFFFFFF) * 2.0**-32 * math.tau)


def read_distortion(table: str | Path | ArrayLike) -> NDArray[np.float32]:
    """A camera's distortion of depth, from a `.npy` file, a `.npz` of one array, or an array.

    Returns:
        Float32 of `DISTORTION_SHAPE`: what readings are divided by, over the frame and in slices
        at 1, 3, 5, 7 and 9 m.

    Raises:
        BadInput: No such file, not one array in it, or values that are negative or not finite.
        BadShape: An array of another shape or of no numbers.
    """
    name, given = "depth_distortion", table
    if isinstance(table, (str, Path)):
        want = f"a .npy file, or .npz of one array, of shape {DISTORTION_SHAPE}"
        try:
            given = np.load(table, allow_pickle=False)
            if isinstance(given, np.lib.npyio.NpzFile):
                with given as arrays:
                    if len(arrays.files) != 1:
                        raise BadInput(name, f"{table} with arrays {arrays.files}", want)
                    given = arrays[arrays.files[0]]
        except OSError as error:
            raise BadInput(name, f"{table}, which cannot be read: {error}", want) from error
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            if isinstance(error, BadInput):
                raise
            raise BadInput(name, f"{table}, which is broken: {error}", want) from error
    array = np.asarray(given)
    if array.shape != DISTORTION_SHAPE or array.dtype.kind not in "fiu":
        raise BadShape(name, f"{array.dtype} {array.shape}", f"numbers {DISTORTION_SHAPE}")
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise BadInput(name, "negative or not finite in places", "factors around 1, 0 where blind")
    return np.ascontiguousarray(array, np.float32)


def noisy_rgb(rgb: NDArray[np.uint8], normals: Normals) -> NDArray[np.uint8]:
    """Gaussian noise on every channel (H, W, 3) of every pixel."""
    noisy = rgb + np.float32(255 * RGB_STD) * normals.draw(*rgb.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def noisy_depth(
    depth: NDArray[np.float32], normals: Normals, distortion: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """The Redwood model of a structured-light camera.

    Args:
        depth: Metres (H, W), 0 where nothing is.
        normals: Where the errors come from.
        distortion: As of `read_distortion`; nothing is distorted if not given.

    Returns:
        Metres (H, W), 0 where the camera sees nothing.
    """
    height, width = depth.shape
    errors = normals.draw(height, width, 3)
    rows = _jitter(np.arange(height)[:, None], errors[..., 0], height)
    columns = _jitter(np.arange(width)[None, :], errors[..., 1], width)
    seen = depth[rows - rows % 2, columns - columns % 2]
    seen = np.where(seen < DEPTH_LIMIT, seen, np.float32(0))
    if distortion is not None:
        factor = _interpolated(distortion, rows, columns, seen)
        seen = np.where(factor < 1e-5, 0, seen / np.maximum(factor, 1e-5))
    with np.errstate(divide="ignore"):
        disparity = np.float32(BASELINE) / seen + np.float32(DISPARITY_STD) * errors[..., 2]
        steps = np.where(seen > 0, np.round(disparity * DISPARITY_STEPS), 0)
        metres = np.where(steps > 0, BASELINE * DISPARITY_STEPS / steps, 0)
    return metres.astype(np.float32)


def _jitter(pixels: NDArray[np.intp], errors: NDArray[np.float32], size: int) -> NDArray[np.intp]:
    moved = np.clip(pixels + DEPTH_JITTER * errors, 0, size - 1)
    return (moved + 0.5).astype(np.intp)


def _interpolated(
    table: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp], metres: NDArray
) -> NDArray[np.float32]:
    """The table is made for 640 x 480 pixels, 8 x 6 to a cell; any frame is stretched over it."""
    height, width = metres.shape
    down = (rows * (479 / max(height - 1, 1)) + 0.5).astype(np.intp) // 6
    across = (columns * (639 / max(width - 1, 1)) + 0.5).astype(np.intp) // 8
    place = np.clip((metres - 1) / 2, 0, DISTORTION_SHAPE[2] - 1)
    near = np.minimum(place.astype(np.intp), DISTORTION_SHAPE[2] - 2)
    far = place - near
    return (1 - far) * table[down, across, near] + far * table[down, across, near + 1]


def noisy_motion(motion: Motion, normals: Normals) -> Motion:
    """What the wheels make of a commanded step or turn; of no command they make nothing."""
    if motion == Motion():
        return motion
    means, variances = FORWARD_ERRORS if motion.forward else TURN_ERRORS
    commands = (motion.forward, motion.right, motion.turn)
    made = []
    for asked, mean, variance in zip(commands, means, variances, strict=True):
        low = -(1 - REMAINS) * abs(asked) / ERROR_SCALE if asked else -np.inf
        error = ERROR_SCALE * normals.truncated(mean, variance, low)
        made.append(asked + (error if asked >= 0 else -error))
    return Motion(*made)
