"""One picture of the whole suite: `uio2 gallery output=gallery.png`.

Every task's prompt, the table before the first step and after the oracle's last.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import hydra
import numpy as np
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from rich.progress import track

from uio2_agent.envs.rendering import drawing
from uio2_agent.envs.tabletop.partitions import LEVELS
from uio2_agent.envs.tabletop.tasks import TASKS
from uio2_agent.errors import BadSetting
from uio2_agent.interface import FIRST_EVALUATION_SEED, VIEWS
from uio2_agent.launch.failures import told_plainly
from uio2_agent.storage import make_folder, whole

_GAP = 4
_RULE = (205, 205, 205)


@dataclass
class GalleryConfig:
    """What can be set.

    Attributes:
        output: The picture, a .png.
        seed: Of every task's episode; the next seeds are tried should the oracle fail.
        columns: Tasks side by side.
        env: Id of the suite, embedded or real.
    """

    output: str = "runs/gallery.png"
    seed: int = FIRST_EVALUATION_SEED + 3
    columns: int = 3
    env: str = "uio2/Tabletop-v0"


ConfigStore.instance().store("gallery_schema", GalleryConfig)


def gallery(cfg: GalleryConfig) -> Path:
    """Play one episode of every task and write the picture.

    Raises:
        BadSetting: `columns` is less than one, `seed` is below 0, or `output` is no .png.
        CannotWrite: The disk is full.
    """
    path = Path(cfg.output)
    if cfg.columns < 1:
        raise BadSetting("columns", cfg.columns, "at least 1")
    if cfg.seed < 0:
        raise BadSetting("seed", cfg.seed, "a whole number, 0 or more")
    if path.suffix != ".png":
        raise BadSetting("output", cfg.output, "a file name that ends in .png")
    cells = [
        cell(f"{number}  {task}", *episode(cfg.env, task, cfg.seed))
        for number, task in enumerate(track(TASKS, description="gallery"), start=1)
    ]
    length = -(-len(cells) // cfg.columns)
    columns = [_stacked(cells[start : start + length]) for start in range(0, len(cells), length)]
    sheet = drawing.tile(columns, border=_GAP)
    make_folder(path.parent)
    with whole(path) as part, part.open("wb") as file:
        # 128 colours are enough for flat paints, and keep the file small.
        Image.fromarray(sheet).quantize(128, dither=Image.Dither.NONE).save(file, "PNG")
    return path


def episode(env_id: str, task: str, seed: int) -> tuple[str, list[np.ndarray], list[np.ndarray]]:
    """The oracle's first solved episode from `seed` on.

    Returns:
        The prompt with its pictures numbered, those pictures (64, 128, 3), and the first and the
        last top view (128, 256, 3), all uint8.
    """
    level = next(name for name, tasks in LEVELS.items() if task in tasks)
    env = gym.make(env_id, task=task, level=level, oracle=True, disable_env_checker=True)
    try:
        while True:
            observation, info = env.reset(seed=seed)
            first, over = observation, False
            while not over:
                observation, _, terminated, truncated, info = env.step(info["oracle_action"])
                over = terminated or truncated
            if info["success"]:
                break
            seed += 1
    finally:
        env.close()
    text = str(first["prompt_text"])
    pictures = []
    for number, views in enumerate(first["prompt_rgb"][first["prompt_mask"].astype(bool)], start=1):
        text = text.replace(f"<image_history_{number}>", f"[{number}]")
        picture = drawing.channels_last(views[VIEWS.index("top")])
        pictures.append(_close_up(picture) if _alone(picture) else picture[::2, ::2])
    tops = [drawing.channels_last(seen["rgb"]["top"]) for seen in (first, observation)]
    return text, pictures, tops


def cell(title: str, text: str, pictures: list[np.ndarray], tops: list[np.ndarray]) -> np.ndarray:
    """Title, prompt, its pictures, and the table before and after -> (H, W, 3) uint8."""
    sheet = drawing.tile(tops, border=_GAP)
    small = [
        drawing.caption(picture, f"[{number}]") for number, picture in enumerate(pictures, start=1)
    ]
    strip = drawing.tile([_framed(p) for p in small], columns=4, border=2)
    whole_cell = _stacked([strip, sheet])
    named = drawing.caption(drawing.caption(whole_cell, text), title, size=15)
    return np.pad(named, ((0, 3 * _GAP), (0, 0), (0, 0)), constant_values=255)


def _stacked(pictures: list[np.ndarray]) -> np.ndarray:
    """One below the other, white where one is narrower."""
    width = max(picture.shape[1] for picture in pictures)
    gaps = [((0, 0), (0, width - picture.shape[1]), (0, 0)) for picture in pictures]
    padded = [np.pad(p, gap, constant_values=255) for p, gap in zip(pictures, gaps, strict=True)]
    return np.concatenate(padded)


def _alone(picture: np.ndarray) -> bool:
    """Whether it shows one object in an empty, white world; it stands in the middle then."""
    return bool((picture[0] == 255).all())


def _close_up(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    return picture[height // 4 : -height // 4, width // 4 : -width // 4]


def _framed(picture: np.ndarray) -> np.ndarray:
    return drawing.tile([picture], border=1, colour=_RULE)


@hydra.main(version_base="1.3", config_path="conf", config_name="gallery")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    print(f"gallery: {gallery(settings)}")
