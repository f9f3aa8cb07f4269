"""Ask the model: `uio2 predict task=vqa image=cat.jpg text="What colour is it?" checkpoint=…`.

Prints the answer and leaves answer.json, and the pictures, arrays or sound that belong to it, in
`output_dir`.
"""

import io
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import torch
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from uio2_agent.errors import BadInput, BadSetting, UnknownName
from uio2_agent.launch.failures import told_plainly
from uio2_agent.launch.tasks import TASKS, Outcome, find_task
from uio2_agent.model.audio_files import write_audio
from uio2_agent.model.preprocessor import InputCut
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.signal_generation import Progress as OnProgress
from uio2_agent.policies.checkpoints import shipped
from uio2_agent.storage import make_folder, write_json, write_whole

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Settings whose values are taken as they are typed, whatever Hydra's grammar makes of a comma.
_VERBATIM = ("text", "image", "video", "audio", "mask", "checkpoint", "tokenizer", "vocoder")
_INPUTS = ("text", "image", "video", "audio", "mask", "box", "options")
_SETTINGS = ("threshold", "alpha", "max_depth", "seconds", "max_tokens")


@dataclass
class PredictConfig:
    """What can be set.

    Attributes:
        task: What is asked; `uio2 predict --help` lists them with what each reads.
        text, image, video, audio, mask: Words, and paths of files.
        box: x1, y1, x2, y2 in pixels of the image.
        options: Among which to choose.
        threshold: How likely a box must be to be given.
        alpha: Of classifier-free guidance.
        max_depth: Metres at white.
        seconds: Of sound.
        max_tokens: Of words, at most.
        checkpoint: A folder, a hub id or a shipped name.
        tokenizer: LLaMA's tokenizer.model; null takes the checkpoint's own.
        vocoder: HiFi-GAN weights; null makes sound by Griffin-Lim.
        device: auto, cpu, cuda, cuda:1 …
        dtype: Of the weights: float32, bfloat16; null as they are stored.
        int8: Keep the large matrices in 8 bits.
        seed: Of all that is drawn.
        output_dir: Everything is written below it.
    """

    task: str = MISSING
    text: str | None = None
    image: str | None = None
    video: str | None = None
    audio: str | None = None
    mask: str | None = None
    box: list[float] | None = None
    options: list[str] | None = None
    threshold: float | None = None
    alpha: float | None = None
    max_depth: float | None = None
    seconds: float | None = None
    max_tokens: int | None = None
    checkpoint: str = MISSING
    tokenizer: str | None = None
    vocoder: str | None = None
    device: str = "auto"
    dtype: str | None = None
    int8: bool = False
    seed: int = 0
    output_dir: str = MISSING


ConfigStore.instance().store("predict_schema", PredictConfig)


def main() -> None:
    sys.argv = [sys.argv[0], *(verbatim(argument) for argument in sys.argv[1:])]
    _main()


@hydra.main(version_base="1.3", config_path="conf", config_name="predict")
@told_plainly()
def _main(cfg: DictConfig) -> None:
    with told_what_was_cut():
        outcome, files = predict(cfg)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(rounded(outcome.answer))
    for path in files:
        console.print(f"wrote {path}")


def predict(cfg: DictConfig) -> tuple[Outcome, list[Path]]:
    """Answer one question, `cfg` being a `PredictConfig` -> the answer and the files written."""
    for key, want in (("task", ", ".join(TASKS)), ("checkpoint", "a folder, a hub id")):
        if OmegaConf.is_missing(cfg, key):
            raise BadInput(key, "missing", f"{key}=… with one of {want}")
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    given = {key: config[key] for key in (*_INPUTS, *_SETTINGS) if config[key] is not None}
    task = find_task(cfg.task)
    task.check(cfg.task, given)
    if config["dtype"] not in (None, *DTYPES):
        raise UnknownName("dtype", config["dtype"], DTYPES)
    predictor = Predictor.load(
        shipped().get(cfg.checkpoint, cfg.checkpoint),
        tokenizer=cfg.tokenizer,
        vocoder=cfg.vocoder,
        device=device(cfg.device),
        dtype=DTYPES.get(config["dtype"]),
        int8=cfg.int8,
        seed=cfg.seed,
    )
    with progress(cfg.task) as predictor.on_progress:
        outcome = task.run(predictor, given)
    return outcome, write(outcome, Path(cfg.output_dir), config)


def write(outcome: Outcome, folder: Path, config: dict[str, Any]) -> list[Path]:
    """answer.json with the settings it was got with, and a file for each picture, array, sound."""
    make_folder(folder)
    files = []
    for name, picture in outcome.pictures.items():
        content = io.BytesIO()
        Image.fromarray(picture).save(content, "PNG")
        files.append(folder / f"{name}.png")
        write_whole(files[-1], content.getvalue())
    for name, array in outcome.arrays.items():
        content = io.BytesIO()
        np.save(content, array)
        files.append(folder / f"{name}.npy")
        write_whole(files[-1], content.getvalue())
    if outcome.sound is not None:
        files.append(write_audio(folder / "sound.wav", outcome.sound))
    names = [path.name for path in files]
    files.append(folder / "answer.json")
    settings = {key: value for key, value in config.items() if value is not None}
    write_json(files[-1], {"answer": outcome.answer, "files": names, "config": settings})
    return files


def device(name: str) -> torch.device:
    """`auto` is the first GPU, or the CPU where there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(name)
    except RuntimeError as problem:
        raise BadSetting("device", name, "auto, cpu, cuda, or cuda:1 for example") from problem
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise BadSetting("device", name, f"one of {torch.cuda.device_count()} GPUs here, or cpu")
    return found


def verbatim(argument: str) -> str:
    """`text=Left, or right?` -> the same in quotes, if it is one of the settings taken as typed."""
    key, equals, value = argument.partition("=")
    if key not in _VERBATIM or not equals or value == "null":
        return argument
    if re.fullmatch(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", value):  # quoted already
        return argument
    # To OmegaConf a backslash means something before an interpolation, to Hydra before a quote.
    escaped = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", escaped)
    escaped = re.sub(r"(\\+)\Z", r"\1\1", escaped)
    return f"{key}='{escaped}'"


@contextmanager
def told_what_was_cut() -> Iterator[None]:
    """What the model will not read is a note on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", InputCut)
        show = warnings.showwarning

        def note(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if issubclass(category, InputCut):
                print(f"note: {message}", file=sys.stderr)
            else:
                show(message, category, *where)

        warnings.showwarning = note  # type: ignore[assignment]
        yield


def rounded(answer: Any) -> Any:
    """An answer as it is shown: numbers to two places; the files keep them all."""
    if isinstance(answer, float):
        return round(answer, 2)
    if isinstance(answer, dict):
        return {key: rounded(value) for key, value in answer.items()}
    return [rounded(value) for value in answer] if isinstance(answer, list | tuple) else answer


@contextmanager
def progress(name: str) -> Iterator[OnProgress]:
    """A bar on stderr for each picture or sound; yields what is told how far it is."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("tokens"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True))

    def advance(done: int, total: int) -> None:
        if not bar.tasks:  # words come without a bar
            bar.start()
        if done == 1:
            bar.add_task(name, total=total)
        bar.update(bar.task_ids[-1], completed=done)

    try:
        yield advance
    finally:
        if bar.tasks:
            bar.stop()
