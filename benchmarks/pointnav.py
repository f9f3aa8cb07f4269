"""Pictures of the embedded PointNav simulator per second, into `pointnav.md`.

Scenes: `apartment5k.glb` (5,152 triangles, spec section 13) and the same split into 330 k. Frames
are RGB and depth from poses inside the rooms, a new pose each time; one process, one thread.
Method: rounds of the calibration loop and of every case in turn, the median of their rates, so that
what else the machine does meets all alike. The calibration loop is fixed work in numba (a chain of
4 million multiplications); rates beside a slower loop are to be read as that much lower.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from numba import njit

from uio2_agent.envs.pointnav.camera import sensor_pose
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.renderer import FILTERS, SceneRenderer
from uio2_agent.envs.pointnav.scene import Scene

APARTMENT = Path(__file__).parent.parent / "tests/golden/pointnav/apartment5k.glb"
RESULTS = Path(__file__).parent / "pointnav.md"
ROUNDS = 7
SECONDS = 0.4
Case = tuple[int, str, str]  # pixels a side, filter, triangles
GOALS: dict[Case, int] = {
    (128, "nearest", "5 k"): 2400,
    (256, "nearest", "5 k"): 640,
    (256, "mipmap", "5 k"): 450,
    (256, "nearest", "330 k"): 100,
    (256, "mipmap", "330 k"): 100,
}


@njit(cache=True)
def chain(n: int) -> float:
    """Fixed work that nothing but the clock of a core can speed up."""
    x = 1.0
    for _ in range(n):
        x = x * 0.999999 + 2e-6
    return x


def subdivided(scene: Scene) -> Scene:
    """Every face in four; corners are not shared, as in a scan."""
    corners, uv = scene.vertices[scene.faces], scene.uv[scene.faces]
    middle, uv_middle = ((a + np.roll(a, -1, axis=1)) / 2 for a in (corners, uv))

    def four(at: np.ndarray, half: np.ndarray) -> np.ndarray:
        parts = [np.stack([at[:, i], half[:, i], half[:, i - 1]], 1) for i in range(3)]
        return np.stack([*parts, half], 1).reshape(-1, *at.shape[2:]).astype(np.float32)

    vertices = four(corners, middle)
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return Scene(
        vertices, faces, four(uv, uv_middle), np.repeat(scene.paint, 4), scene.textures, None
    )


def frames(renderer: SceneRenderer) -> Callable[[], None]:
    """Draws the next of 64 poses in the rooms of the apartment."""
    rng = np.random.default_rng(0)
    places = [(x, 0.2, z) for x in (-5.0, -1.0, 1.0, 5.0) for z in (-4.0, -1.2, 1.2, 4.0)] * 4
    halves = rng.uniform(0, np.pi, len(places))
    poses = [
        sensor_pose(np.array(p), np.array([0, np.sin(h), 0, np.cos(h)]), 1.25)
        for p, h in zip(places, halves, strict=True)
    ]
    turn = 0

    def draw() -> None:
        nonlocal turn
        renderer.render(*poses[turn % len(poses)])
        turn += 1

    return draw


def rates(call: Callable[[], object]) -> tuple[float, float]:
    """Calls per second, by the clock on the wall and by CPU time."""
    done, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < SECONDS:
        call()
        done += 1
    return done / (time.perf_counter() - wall), done / (time.process_time() - cpu)


def measure() -> tuple[list[float], dict[Case, list[float]]]:
    """Median rates, by both clocks, of the calibration loop and of every case."""
    small = load_scene(APARTMENT)
    scenes = {"5 k": small, "330 k": subdivided(subdivided(subdivided(small)))}
    calls: dict[Case | None, Callable[[], object]] = {None: lambda: chain(4_000_000)}
    for size in (128, 256):
        for kind in FILTERS:
            for name, scene in scenes.items():
                calls[size, kind, name] = frames(SceneRenderer(scene, size, size, 90, filter=kind))
    for call in calls.values():
        call()
    rounds = [{what: rates(call) for what, call in calls.items()} for _ in range(ROUNDS)]
    medians = {c: [statistics.median(r[c][i] for r in rounds) for i in (0, 1)] for c in calls}
    return medians[None], {case: medians[case] for case in medians if case is not None}


def main() -> None:
    (wall, cpu), measured = measure()
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":")[1].strip() for line in cpus if line.startswith("model name"))
    lines = [
        "# Pictures of the embedded PointNav simulator",
        "",
        f"`python benchmarks/pointnav.py`, {date.today()}: {next(names, platform.processor())}, "
        f"one of {os.cpu_count()} cores, Python {platform.python_version()}, load "
        f"{os.getloadavg()[0]:.1f}; calibration loop {1e3 / wall:.2f} ms, {1e3 / cpu:.2f} ms of "
        "CPU. Method: `benchmarks/pointnav.py`.",
        "",
        "| picture | filter | triangles | frames/s | per CPU second | goal |",
        "|---|---|---|---|---|---|",
    ]
    for case, (wall, cpu) in measured.items():
        size, kind, name = case
        goal = f"≥ {GOALS[case]:,}" if case in GOALS else ""
        lines.append(f"| {size}² RGB-D | {kind} | {name} | {wall:,.0f} | {cpu:,.0f} | {goal} |")
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
