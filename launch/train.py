"""Train an agent from nothing: `uio2 train`.

Stop it when you like; the same command goes on where it stopped. Stages, each in its own folder:
the tokenizer, oracle demonstrations on disk, the ViT on dense labels, the whole model on examples,
the finished agent in `agent/`. What is taught is chosen by `lessons`: the tabletop's tasks, walks
of PointNav, or walks of AudioGoal.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import torch
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from uio2_agent.envs.tabletop.catalogue import GREY, SHAPES, TEXTURES
from uio2_agent.errors import BadSetting, UnknownName
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.launch.record import AUDIOGOAL, POINTNAV, RecordConfig, SourceConfig, record
from uio2_agent.launch.schema import schema_of
from uio2_agent.launch.train_tokenizer import TokenizerConfig, train_tokenizer
from uio2_agent.model.checkpoint import load, save
from uio2_agent.model.config import model_config
from uio2_agent.model.inputs import Patches, patchify
from uio2_agent.model.targets import text_targets
from uio2_agent.model.training.examples import Batch, Example, collate
from uio2_agent.model.training.loop import LoopConfig, Losses, train
from uio2_agent.model.training.losses import soft_bin_loss
from uio2_agent.model.training.remembered import RememberedViT
from uio2_agent.model.training.start import fit_to_vit, smooth_start
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint
from uio2_agent.policies.codecs.audiogoal import AudioGoalCodec
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.policies.latents import streams
from uio2_agent.policies.objectives.grounding import GroundingConfig
from uio2_agent.policies.objectives.lessons import Lessons
from uio2_agent.policies.objectives.tabletop import TabletopLessons
from uio2_agent.policies.objectives.views import Camera
from uio2_agent.policies.objectives.walks import WalkLessons
from uio2_agent.storage import make_folder, write_json, write_whole
from uio2_agent.trajectories.store import EpisodeStore

# Names of lessons, and what those who walk speak with.
TABLETOP, LISTENING = "tabletop", "audiogoal"
WALKERS: dict[str, type[PointNavCodec]] = {POINTNAV: PointNavCodec, LISTENING: AudioGoalCodec}
SHAPE_CLASSES = {name: i for i, name in enumerate(SHAPES)}
TEXTURE_CLASSES = {name: i for i, name in enumerate((*TEXTURES, GREY))}

CameraSchema = schema_of(Camera)
GroundingSchema = schema_of(GroundingConfig)
LoopSchema = schema_of(LoopConfig)


@dataclass
class PhaseConfig:
    """Examples come from these sources with these weights up to a step; null is up to the end."""

    until: int | None = None
    mixture: dict[str, float] = field(default_factory=dict)


@dataclass
class CodecConfig:
    """Of `VimaCodec`, for lessons=tabletop."""

    view: str = "top"
    past_frames: int = 2
    keep_first: bool = True
    max_steps: int = 8


@dataclass
class WalkCodecConfig:
    """Of `PointNavCodec`, for lessons=pointnav, or of `AudioGoalCodec`, for lessons=audiogoal."""

    depth: bool = True
    past_steps: int = 3
    states: bool = True
    forward: float = 0.25
    turn: float = 10.0


@dataclass
class TrainConfig:
    output_dir: str = "runs/train"
    data_dir: str = "data/tabletop"
    lessons: str = TABLETOP
    size: str = "nano"
    level: str = "placement_generalization"
    start_from: str | None = None  # an agent to go on with, instead of from nothing
    seed: int = 0
    text_length: int = 112
    temperature: float = 0.0  # the agent is to be played with
    bin_width: float = 8.0
    picture_share: float = 0.25
    grey_share: float = 0.3
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    codec: CodecConfig = field(default_factory=CodecConfig)
    walk_codec: WalkCodecConfig = field(default_factory=WalkCodecConfig)
    camera: CameraSchema = field(default_factory=CameraSchema)  # type: ignore[valid-type]
    grounding: GroundingSchema = field(default_factory=GroundingSchema)  # type: ignore[valid-type]
    sources: dict[str, SourceConfig] = field(default_factory=dict)
    vit_sources: list[str] = field(default_factory=list)
    vit: LoopSchema = field(default_factory=LoopSchema)  # type: ignore[valid-type]
    agent: LoopSchema = field(default_factory=LoopSchema)  # type: ignore[valid-type]
    phases: list[PhaseConfig] = field(default_factory=list)


ConfigStore.instance().store("train_schema", TrainConfig)


def run(cfg: TrainConfig) -> Path:
    """All stages -> the agent's folder."""
    check_plan(cfg)
    torch.set_flush_denormal(True)  # subnormal numbers are slow on CPUs
    torch.manual_seed(cfg.seed)
    out = Path(cfg.output_dir)
    tokenizer = _tokenizer(cfg, out / "tokenizer.model")
    model = _model(cfg, tokenizer)
    lessons = lessons_of(cfg, tokenizer, model.cfg.text_vocab_size)
    streams(model, lessons.codec, micro_batch=1)  # refuses a model that lacks what the codec shows
    folders = record(
        RecordConfig(
            output_dir=cfg.data_dir, level=cfg.level, view=cfg.codec.view, sources=cfg.sources
        )
    )
    stores = {
        name: EpisodeStore(folder, cfg.sources[name].episodes) for name, folder in folders.items()
    }
    check_pictures(stores, model.cfg.image.size)
    train_vit(cfg, model, lessons, [stores[name] for name in cfg.vit_sources], out / "vit")
    train_agent(cfg, model, lessons, stores, out / "agent_training")
    return export(cfg, model, out / "agent")


def check_plan(cfg: TrainConfig) -> None:
    """Find what cannot work before hours are spent.

    Raises:
        UnknownName: No such lessons, or `phases` or `vit_sources` name a source that is not there.
        BadSetting: The phases come to an end before the training does, or a source is of a kind
            that these lessons are not about.
    """
    known = (TABLETOP, *WALKERS)
    if cfg.lessons not in known:
        raise UnknownName("lessons", cfg.lessons, known)
    used = {name: "phases" for phase in cfg.phases for name in phase.mixture}
    used |= {name: "vit_sources" for name in cfg.vit_sources}
    for name, where in used.items():
        if name not in cfg.sources:
            raise UnknownName(f"source in {where}", name, cfg.sources)
        task, env = cfg.sources[name].task, cfg.sources[name].env
        if (task == POINTNAV) != (cfg.lessons in WALKERS):
            kinds = " or ".join(WALKERS)
            want = f"{POINTNAV} with lessons={kinds}, and a tabletop task with lessons={TABLETOP}"
            raise BadSetting(f"sources.{name}.task", task, want)
        if (env == AUDIOGOAL) != (cfg.lessons == LISTENING):
            want = f"{AUDIOGOAL} with lessons={LISTENING}, and no other"
            raise BadSetting(f"sources.{name}.env", env, want)
    if not cfg.vit_sources:
        raise BadSetting("vit_sources", cfg.vit_sources, "at least one source")
    if not cfg.phases or cfg.phases[-1].until is not None:
        raise BadSetting("phases", [p.until for p in cfg.phases], "the last one without an end")


def check_pictures(stores: dict[str, EpisodeStore], size: tuple[int, int]) -> None:
    """Raises BadSetting where a source shows pictures of another size than the model reads."""
    for name, store in stores.items():
        height, width = store[0].frames.shape[-2:]
        if (height, width) != tuple(size):
            got = f"{height} x {width} pixels"
            want = f"{size[0]} x {size[1]}, which the model reads: record them so"
            raise BadSetting(f"pictures of sources.{name}", got, want)


def lessons_of(cfg: TrainConfig, tokenizer: Tokenizer, table_size: int) -> Lessons:
    """What the agent is taught, and the codec it speaks with."""
    if cfg.lessons in WALKERS:
        walker = WALKERS[cfg.lessons](tokenizer, table_size, **asdict(cfg.walk_codec))
        return WalkLessons(walker, Camera(**vars(cfg.camera)), cfg.grey_share)
    codec = VimaCodec(tokenizer, table_size, **asdict(cfg.codec))
    grounding = GroundingConfig(**vars(cfg.grounding))
    return TabletopLessons(codec, grounding, SHAPE_CLASSES, TEXTURE_CLASSES, cfg.picture_share)


def train_vit(
    cfg: TrainConfig,
    model: UnifiedIO2,
    lessons: Lessons,
    stores: list[EpisodeStore],
    folder: Path,
) -> None:
    """Labels of patches that the recordings give for free."""
    loop = LoopConfig(**vars(cfg.vit))
    head: Any = lessons.read_out(model.cfg.image.vit.width)

    def batch_at(step: int) -> tuple[Patches, Any]:
        return lessons.labelled(stores, loop.batch_size, np.random.default_rng((cfg.seed, 1, step)))

    def loss_of(batch: tuple[Patches, Any]) -> Losses:
        p, labels = batch
        last, _ = model.vit(p.pixels, p.mask, p.pos_ids, p.grid)
        losses = head.losses(last.float(), labels)
        minimised: list[Tensor] = [v for v in losses.values() if v.requires_grad]
        return {"loss": torch.stack(minimised).sum(), **losses}

    train(nn.ModuleDict({"vit": model.vit, "head": head}), loss_of, batch_at, loop, folder, "ViT")


def train_agent(
    cfg: TrainConfig,
    model: UnifiedIO2,
    lessons: Lessons,
    stores: dict[str, EpisodeStore],
    folder: Path,
) -> None:
    """Examples in the phases' mixture; the pictures' ViT is frozen, that of sound learns too."""
    if cfg.start_from is None:
        pictures = lessons.some_pictures(stores[cfg.vit_sources[0]], 64)
        fit_to_vit(model, patchify(torch.from_numpy(pictures)))
    model.vit.requires_grad_(False)
    vit = RememberedViT(model.vit) if lessons.recurring else model.vit
    draw = example_source(cfg, lessons, stores)

    def loss_of(batch: Batch) -> Losses:
        logits = model(batch.inputs(model, vit), text_targets(batch.targets))["text"].float()
        losses = soft_bin_loss(logits, batch.targets, lessons.codec.tokenizer, width=cfg.bin_width)
        return {"loss": losses.total, "words": losses.words, "bins": losses.bins}

    loop = LoopConfig(**vars(cfg.agent))
    train(model, loss_of, lambda step: collate(draw(step)), loop, folder, "agent")


def example_source(
    cfg: TrainConfig, lessons: Lessons, stores: dict[str, EpisodeStore]
) -> Callable[[int], list[Example]]:
    """The examples of a step: a function of the seed and the step alone."""
    loop = LoopConfig(**vars(cfg.agent))
    readings = -(-loop.batch_size // lessons.per_episode)

    def draw(step: int) -> list[Example]:
        rng = np.random.default_rng((cfg.seed, 2, step))
        phase = next(p for p in cfg.phases if p.until is None or step < p.until)
        names = list(phase.mixture)
        weights = np.array([phase.mixture[n] for n in names])
        chosen = rng.choice(names, readings, p=weights / weights.sum())
        examples = [e for name in chosen for e in lessons.examples(stores[name], rng)]
        return examples[: loop.batch_size]

    return draw


def export(cfg: TrainConfig, model: UnifiedIO2, folder: Path) -> Path:
    """Weights in half precision, and everything that is needed to act with them."""
    save(model, make_folder(folder), dtype=torch.float16)
    pieces = (Path(cfg.output_dir) / "tokenizer.model").read_bytes()
    write_whole(folder / "tokenizer.model", pieces)
    walker = WALKERS.get(cfg.lessons)
    codec, settings = (walker, cfg.walk_codec) if walker else (VimaCodec, cfg.codec)
    policy: dict[str, Any] = {
        "codec": {"_target_": f"{codec.__module__}.{codec.__name__}", **asdict(settings)},
        "replan": "step",
        "text_length": cfg.text_length,
        "temperature": cfg.temperature,
        "trained_on": {name: asdict(source) for name, source in cfg.sources.items()},
        "seed": cfg.seed,
    }
    write_json(folder / "policy.json", policy)
    return folder


def _tokenizer(cfg: TrainConfig, path: Path) -> Tokenizer:
    if not path.exists():
        make_folder(path.parent)
        if cfg.start_from is None:
            t = cfg.tokenizer
            pieces = train_tokenizer(t.pieces, t.sentences, t.seed)
        else:
            pieces = (find_checkpoint(cfg.start_from) / "tokenizer.model").read_bytes()
        write_whole(path, pieces)
    return Tokenizer.from_file(path)


def _model(cfg: TrainConfig, tokenizer: Tokenizer) -> UnifiedIO2:
    """The agent to go on with, or one that knows nothing."""
    if cfg.start_from is not None:
        return load(find_checkpoint(cfg.start_from))
    model = UnifiedIO2(model_config(cfg.size))
    smooth_start(model, tokenizer, cfg.seed)
    return model


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
@told_plainly()
def main(cfg: DictConfig) -> None:
    settings: Any = OmegaConf.to_object(cfg)
    with says_how_to_go_on(cfg.output_dir):
        print(f"agent: {run(settings)}")
