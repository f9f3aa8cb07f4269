"""VIMA's published trajectory folders read as canonical episodes (vima_bench.md section 9).

Layout: `<task>/<number>/` with `rgb_front/0.jpg … T.jpg`, `rgb_top/…`, `obs.pkl`, `action.pkl` and
`trajectory.pkl`. Neither the simulator nor torch is needed, and nothing in a pickle is run.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from PIL import Image

from uio2_agent.errors import BadEpisode, UnknownName
from uio2_agent.interface import IMAGE_HEIGHT, IMAGE_WIDTH, VIEWS
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.unpickling import read_pickle

TASKS = (
    *("visual_manipulation", "scene_understanding", "rotate"),
    *("rearrange", "rearrange_then_restore"),
    *("novel_adj", "novel_noun", "novel_adj_and_noun", "twist"),
    *("follow_motion", "follow_order"),
    *("sweep_without_exceeding", "sweep_without_touching"),
    *("same_texture", "same_shape"),
    *("manipulate_old_neighbor", "pick_in_order_then_restore"),
)
OLD_TASK_NAMES = {  # as folders of the published archive may be called
    "simple_manipulation": "visual_manipulation",
    "same_color": "same_texture",
    "same_profile": "same_shape",
    "sweep": "sweep_without_exceeding",
}

# The action space (vima_bench.md section 2.2) by width: places in metres, quaternions.
_LOW = {2: (0.25, -0.5), 4: (-1.0,) * 4}
_HIGH = {2: (0.75, 0.5), 4: (1.0,) * 4}
_ROUNDING = 1e-4
_EFFECTORS = ("suction", "spatula")  # by the number `ee` (vima_bench.md section 2.1)
_PICTURE = (IMAGE_HEIGHT, IMAGE_WIDTH)
_PLACEHOLDER = re.compile(r"{(\w+)}")
_REMEDY = "Fetch the trajectory again, or leave it out"


class VimaFolder:
    """Trajectories below a folder, in order of task and number.

    `root` holds task folders, or is one. Reading is lazy: only names are looked at here.

    Attributes:
        paths: The trajectories' folders.

    Raises:
        BadEpisode: `root` is no folder or has no trajectories.
        UnknownName: No such view.
    """

    def __init__(self, root: Path | str, view: str = "top") -> None:
        _check_view(view)
        self.root, self.view = Path(root), view
        self.paths = trajectories_in(self.root)
        if not self.paths:
            remedy = "Name a folder laid out as <task>/<number>/trajectory.pkl"
            raise BadEpisode(str(root), "holds no trajectories", remedy)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> Episode:
        """Raises `BadEpisode` when that one cannot be trusted."""
        return read_vima_episode(self.paths[i], self.view)

    def __iter__(self) -> Iterator[Episode]:
        """All of them; the first corrupted one raises `BadEpisode`."""
        return (self[i] for i in range(len(self)))


def trajectories_in(root: Path) -> list[Path]:
    """Folders of trajectories in order of task and number; none if `root` is laid out otherwise.

    `root` holds task folders, or is one. Only names are looked at.
    """
    if not root.is_dir():
        return []
    tasks = sorted(p for p in root.iterdir() if p.is_dir())
    return _numbered(root) or [path for task in tasks for path in _numbered(task)]


def task_of(folder: Path) -> str:
    """Today's name of the task that a trajectory's folder lies in.

    Raises:
        BadEpisode: It lies in no task's folder.
    """
    name = folder.resolve().parent.name
    task = OLD_TASK_NAMES.get(name, name)
    if task not in TASKS:
        remedy = f"Keep it in a folder named after its task: {', '.join(TASKS)}"
        raise BadEpisode(str(folder), f"lies in {name!r}, which is no task", remedy)
    return task


def count_steps(folder: Path) -> int:
    """How many actions a trajectory has, by its smallest file; raises `BadEpisode`."""
    played = _Part(folder / "action.pkl")
    positions = played.typed("pose0_position", np.ndarray, "an array")
    if not positions.ndim:
        played.refuse("pose0_position", "a single number", "floats (T, 2)")
    return len(positions)


def read_vima_episode(folder: Path | str, view: str = "top") -> Episode:
    """One trajectory as seen by one camera.

    Positions with three numbers lose the third, a height the primitives do not use. Rotations are
    quaternions x, y, z, w.

    Returns:
        Episode with frames (T + 1, 3, 128, 256); actions `pose{0,1}_position` float32 (T, 2) and
        `pose{0,1}_rotation` float32 (T, 4); labels `segm` uint8 (T + 1, 128, 256), `ee` int64
        (T + 1,), `ids` int64 (objects,), `picture_segm` uint8 (P, 128, 256), `action_low` and
        `action_high` float32 (2,); info env, task (today's name), seed, view, prompt, effector
        (0 suction, 1 spatula), success, failure; objects ("purple container") and kinds ([shape,
        texture]) in the order of `ids`; placeholders, and in their order pictures (kind, objects).

    Raises:
        BadEpisode: A file is missing, cut short, refers to code, or has arrays of a wrong shape;
            or the trajectory lies in no task's folder.
        UnknownName: No such view.
    """
    _check_view(view)
    folder = Path(folder)
    trajectory = _Part(folder / "trajectory.pkl")
    observations, played = _Part(folder / "obs.pkl"), _Part(folder / "action.pkl")

    steps = trajectory.number("steps")
    pictures = trajectory.child("prompt_assets")
    text, names = _read_prompt(trajectory)
    shown = [pictures.child(name) for name in names]
    ee = observations.array("ee", (steps + 1,), np.integer).astype(np.int64)
    effector = trajectory.text("end_effector_type")
    if effector not in _EFFECTORS or (ee != _EFFECTORS.index(effector)).any():
        seen = f"{effector!r} where ee is {sorted(set(ee.tolist()))}"
        trajectory.refuse("end_effector_type", seen, "'suction' and 0 or 'spatula' and 1")
    ids, kinds = _read_objects(trajectory)
    bounds = trajectory.child("action_bounds")

    return Episode(
        frames=_read_frames(folder / f"rgb_{view}", steps + 1),
        actions={
            f"pose{i}_{name}": played.poses(f"pose{i}_{name}", steps, width)
            for i in range(2)
            for name, width in (("position", 2), ("rotation", 4))
        },
        prompt_text=text,
        prompt_pictures=_stacked(
            [p.child("rgb").array(view, (3, *_PICTURE), np.uint8) for p in shown], (3, *_PICTURE)
        ),
        labels={
            "segm": observations.child("segm").array(view, (steps + 1, *_PICTURE), np.uint8),
            "ee": ee,
            "ids": ids,
            "picture_segm": _stacked(
                [p.child("segm").array(view, _PICTURE, np.uint8) for p in shown], _PICTURE
            ),
            "action_low": bounds.floats("low", None, 2),
            "action_high": bounds.floats("high", None, 2),
        },
        info={
            "env": "uio2/VIMABench-v0",
            "task": task_of(folder),
            "seed": trajectory.number("seed"),
            "view": view,
            "prompt": "pictures" if names else "words",
            "effector": _EFFECTORS.index(effector),
            "success": trajectory.truth("success"),
            "failure": trajectory.truth("failure"),
            "objects": [f"{texture} {shape}" for shape, texture in kinds],
            "kinds": kinds,
            "placeholders": names,
            "pictures": [_describe(p) for p in shown],
        },
    )


class _Part:
    """A dict in one of the pickles, every look into which is checked."""

    def __init__(self, path: Path, values: Any = None, where: str = "") -> None:
        self.path, self.where = path, where
        self.values = read_pickle(path) if values is None else values
        if not isinstance(self.values, dict):
            self.refuse("", f"a {type(self.values).__name__}", "a dict")

    def refuse(self, name: object, got: object, wanted: str) -> NoReturn:
        what = "/".join(str(part) for part in (self.where, name) if part != "") or "all of it"
        raise BadEpisode(str(self.path), f"{what} is {got}, expected {wanted}", _REMEDY)

    def get(self, name: object) -> Any:
        if name not in self.values:
            self.refuse(name, "missing", f"beside {', '.join(map(str, self.values)) or 'it all'}")
        return self.values[name]

    def child(self, name: object) -> "_Part":
        return _Part(self.path, self.get(name), f"{self.where}/{name}".lstrip("/"))

    def typed(self, name: object, kinds: Any, wanted: str) -> Any:
        value = self.get(name)
        if not isinstance(value, kinds):
            self.refuse(name, f"{value!r:.60}", wanted)
        return value

    def text(self, name: object) -> str:
        return self.typed(name, str, "a string")

    def truth(self, name: object) -> bool:
        return bool(self.typed(name, bool | np.bool_, "a truth value"))

    def number(self, name: object) -> int:
        value = int(self.typed(name, int | np.integer, "a whole number"))
        if value < 0:
            self.refuse(name, value, "no less than 0")
        return value

    def array(self, name: object, shape: tuple[int, ...], kind: type) -> np.ndarray:
        value = self.typed(name, np.ndarray, "an array")
        if value.shape != shape or not np.issubdtype(value.dtype, kind):
            self.refuse(name, f"{value.dtype} {value.shape}", f"{kind.__name__} {shape}")
        return value

    def floats(self, name: str, steps: int | None, width: int) -> np.ndarray:
        """float32 (steps, width), or (width,) without steps; a position's height is cut off."""
        value = self.typed(name, np.ndarray, "an array")
        rows = () if steps is None else (steps,)
        widths = (2, 3) if width == 2 else (width,)
        if value.shape not in [(*rows, w) for w in widths] or value.dtype.kind != "f":
            self.refuse(name, f"{value.dtype} {value.shape}", f"floats {(*rows, width)}")
        if not np.isfinite(value).all():
            self.refuse(name, "not finite", "finite numbers")
        return np.ascontiguousarray(value[..., :width], dtype=np.float32)

    def poses(self, name: str, steps: int, width: int) -> np.ndarray:
        """float32 (steps, width) that the simulator would have taken."""
        value = self.floats(name, steps, width)
        low, high = np.array(_LOW[width]), np.array(_HIGH[width])
        if (value < low - _ROUNDING).any() or (value > high + _ROUNDING).any():
            self.refuse(name, value.tolist(), f"from {_LOW[width]} to {_HIGH[width]}")
        return value


def _check_view(view: str) -> None:
    if view not in VIEWS:
        raise UnknownName("view", view, VIEWS)


def _numbered(folder: Path) -> list[Path]:
    found = [p for p in folder.iterdir() if p.name.isdecimal() and p.is_dir()]
    return sorted(found, key=lambda p: (int(p.name), p.name))


def _read_prompt(trajectory: _Part) -> tuple[str, list[str]]:
    """The sentence with `<image_history_k>` for picture k, and the placeholders in that order."""
    template = trajectory.text("prompt")
    names = list(dict.fromkeys(_PLACEHOLDER.findall(template)))
    text = _PLACEHOLDER.sub(lambda m: f"<image_history_{names.index(m[1]) + 1}>", template)
    return text, names


def _read_objects(trajectory: _Part) -> tuple[np.ndarray, list[list[str]]]:
    """Ids in segmentation pictures (objects,), and [shape, texture] of each."""
    objects = trajectory.child("obj_id_to_info")
    for obj_id in objects.values:
        if not isinstance(obj_id, int | np.integer) or not 0 <= obj_id < 256:
            objects.refuse(obj_id, "an object's id", "a number from 0 to 255")
    each = [objects.child(obj_id) for obj_id in objects.values]
    kinds = [[thing.text("obj_name"), thing.text("texture_name")] for thing in each]
    return np.array(list(objects.values), np.int64), kinds


def _describe(picture: _Part) -> dict[str, Any]:
    """A prompt picture's kind, and [id in its segmentation, shape, texture] of what it shows."""
    segmentation = picture.child("segm")
    listed = segmentation.typed("obj_info", dict | list, "a dict or a list")
    entries = [listed] if isinstance(listed, dict) else listed
    parts = [_Part(picture.path, entry, f"{segmentation.where}/obj_info") for entry in entries]
    return {
        "kind": picture.text("placeholder_type"),
        "objects": [[p.number("obj_id"), p.text("obj_name"), p.text("obj_color")] for p in parts],
    }


def _read_frames(folder: Path, count: int) -> np.ndarray:
    """uint8 (count, 3, 128, 256)."""
    if (folder / f"{count}.jpg").exists():
        raise BadEpisode(str(folder), f"holds more pictures than steps = {count - 1}", _REMEDY)
    return np.stack([_read_frame(folder / f"{t}.jpg") for t in range(count)])


def _read_frame(path: Path) -> np.ndarray:
    try:
        with Image.open(path, formats=("JPEG",)) as picture:
            rgb = np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadEpisode(str(path), f"cannot be read ({error})", _REMEDY) from error
    if rgb.shape[:2] != _PICTURE:
        raise BadEpisode(str(path), f"is a picture {rgb.shape[:2]}, expected {_PICTURE}", _REMEDY)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))  # (3, 128, 256)


def _stacked(arrays: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    return np.stack(arrays) if arrays else np.zeros((0, *shape), np.uint8)
