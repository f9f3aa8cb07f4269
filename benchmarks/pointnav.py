"""Pictures and steps of the embedded PointNav simulator per second, into `pointnav.md`.

Scenes: `apartment5k.glb` (5,152 triangles, spec section 13) and the same split into 330 k. Frames
are RGB and depth from poses inside the rooms, a new pose each time; one process, one thread. Steps
are those of the environment without cameras, task v1, in the apartment with a navmesh baked from
it: three forward to a left and a right one, or what the oracle says, which is asked at every step;
resets and new episodes are included.
Method: rounds of the calibration loop and of every case in turn, the median of their rates, so that
what else the machine does meets all alike. The calibration loop is fixed work in numba (a chain of
4 million multiplications); rates beside a slower loop are to be read as that much lower. OpenGL is
measured where it starts; in software (Mesa's llvmpipe) it draws in that one thread, too.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
from numba import njit

from uio2_agent.envs.pointnav.camera import sensor_pose
from uio2_agent.envs.pointnav.embedded import GL, RASTERISER
from uio2_agent.envs.pointnav.env import PointNav
from uio2_agent.envs.pointnav.gl_context import open_context
from uio2_agent.envs.pointnav.gl_renderer import GlRenderer
from uio2_agent.envs.pointnav.gltf import load_scene
from uio2_agent.envs.pointnav.renderer import FILTERS, SceneRenderer
from uio2_agent.envs.pointnav.scene import Scene
from uio2_agent.errors import AgentError
from uio2_agent.interface import ORACLE_ACTION

APARTMENT = Path(__file__).parent.parent / "tests/golden/pointnav/apartment5k.glb"
RESULTS = Path(__file__).parent / "pointnav.md"
ROUNDS = 7
SECONDS = 0.4
Case = tuple[int, str, str, str]  # pixels a side, renderer, filter, triangles
GOALS: dict[Case, int] = {
    (128, RASTERISER, "nearest", "5 k"): 2400,
    (256, RASTERISER, "nearest", "5 k"): 640,
    (256, RASTERISER, "mipmap", "5 k"): 450,
    (256, RASTERISER, "nearest", "330 k"): 100,
    (256, RASTERISER, "mipmap", "330 k"): 100,
}
WALKS = {"random": 2000, "oracle": 2000}  # who walks -> goal, steps a second


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


def opengl() -> str | None:
    """Who draws, if OpenGL starts here."""
    os.environ.setdefault("LP_NUM_THREADS", "0")  # of llvmpipe, beside the calling one
    try:
        context = open_context()
    except AgentError as problem:
        print(f"Without OpenGL: {problem}")
        return None
    with context:
        name = str(context.info["GL_RENDERER"])
    context.release()
    return name


def frames(renderer: SceneRenderer | GlRenderer) -> Callable[[], None]:
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


def walk(who: str) -> Callable[[], None]:
    """Takes the next step of an endless row of episodes."""
    oracle = who == "oracle"
    env = PointNav(scene=APARTMENT, sensors=["pointgoal_with_gps_compass"], oracle=oracle)
    actions = np.random.default_rng(0).choice([1, 1, 1, 2, 3], 4096).tolist()
    seed, steps = 0, 0
    _, info = env.reset(seed=seed)

    def step() -> None:
        nonlocal seed, steps, info
        action = info[ORACLE_ACTION] if oracle else actions[steps % len(actions)]
        _, _, terminated, truncated, info = env.step(action)
        steps += 1
        if terminated or truncated:
            seed += 1
            _, info = env.reset(seed=seed)

    return step


def rates(call: Callable[[], object]) -> tuple[float, float]:
    """Calls per second, by the clock on the wall and by CPU time."""
    done, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < SECONDS:
        call()
        done += 1
    return done / (time.perf_counter() - wall), done / (time.process_time() - cpu)


def measure(with_gl: bool) -> dict[Case | str, list[float]]:
    """Median rates, by both clocks, of the calibration loop, every walk and every case."""
    kinds: dict[str, Callable[..., SceneRenderer | GlRenderer]] = {RASTERISER: SceneRenderer}
    if with_gl:
        kinds[GL] = GlRenderer
    small = load_scene(APARTMENT)
    scenes = {"5 k": small, "330 k": subdivided(subdivided(subdivided(small)))}
    calls: dict[Case | str, Callable[[], object]] = {"chain": lambda: chain(4_000_000)}
    calls |= {who: walk(who) for who in WALKS}
    for size in (128, 256):
        for (name, kind), filter in product(kinds.items(), FILTERS):
            for triangles, scene in scenes.items():
                renderer = kind(scene, size, size, 90, filter=filter)
                calls[size, name, filter, triangles] = frames(renderer)
    for call in calls.values():
        call()
    rounds = [{what: rates(call) for what, call in calls.items()} for _ in range(ROUNDS)]
    return {c: [statistics.median(r[c][i] for r in rounds) for i in (0, 1)] for c in calls}


def main() -> None:
    drawn_by = opengl()
    measured = measure(drawn_by is not None)
    wall, cpu = measured["chain"]
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":")[1].strip() for line in cpus if line.startswith("model name"))
    lines = [
        "# Pictures and steps of the embedded PointNav simulator",
        "",
        f"`python benchmarks/pointnav.py`, {date.today()}: {next(names, platform.processor())}, "
        f"one of {os.cpu_count()} cores, Python {platform.python_version()}, load "
        f"{os.getloadavg()[0]:.1f}; calibration loop {1e3 / wall:.2f} ms, {1e3 / cpu:.2f} ms of "
        f"CPU; OpenGL: {drawn_by or 'none'}. Method: `benchmarks/pointnav.py`.",
        "",
        "| steps without pictures | steps/s | per CPU second | goal |",
        "|---|---|---|---|",
    ]
    for who, least in WALKS.items():
        wall, cpu = measured[who]
        lines.append(f"| {who} walk | {wall:,.0f} | {cpu:,.0f} | ≥ {least:,} |")
    lines += [
        "",
        "| picture | renderer | filter | triangles | frames/s | per CPU second | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, (wall, cpu) in measured.items():
        if isinstance(case, str):
            continue
        size, renderer, filter, triangles = case
        goal = f"≥ {GOALS[case]:,}" if case in GOALS else ""
        lines.append(
            f"| {size}² RGB-D | {renderer} | {filter} | {triangles} | {wall:,.0f} | {cpu:,.0f} "
            f"| {goal} |"
        )
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
