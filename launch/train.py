"""Train an agent from nothing: `uio2 train`.

Stop it when you like; the same command goes on where it stopped. Stages, each in its own folder:
the tokenizer, oracle demonstrations on disk, the ViT on dense labels, the whole model on questions
and demonstrations, the finished agent in `agent/`.
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
from uio2_agent.launch.record import POINTNAV, RecordConfig, SourceConfig, record
from uio2_agent.launch.schema import schema_of
from uio2_agent.launch.train_tokenizer import TokenizerConfig, train_tokenizer
from uio2_agent.model.checkpoint import load, save
from uio2_agent.model.config import model_config
from uio2_agent.model.inputs import Patches, patchify
from uio2_agent.model.targets import text_targets
from uio2_agent.model.training.dense import DenseHead, DenseLabels
from uio2_agent.model.training.examples import Batch, Example, collate
from uio2_agent.model.training.loop import LoopConfig, Losses, train
from uio2_agent.model.training.losses import soft_bin_loss
from uio2_agent.model.training.remembered import RememberedViT
from uio2_agent.model.training.start import fit_to_vit, smooth_start
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.checkpoints import find_checkpoint
from uio2_agent.policies.codecs.vima import VimaCodec
from uio2_agent.policies.objectives.cloning import cloning_example
from uio2_agent.policies.objectives.grounding import GroundingConfig, grounding_example
from uio2_agent.policies.objectives.patches import dense_labels, labelled_picture, labelled_scene
from uio2_agent.storage import make_folder, write_json, write_whole
from uio2_agent.trajectories.episode import Episode
from uio2_agent.trajectories.store import EpisodeStore

SHAPE_CLASSES = {name: i for i, name in enumerate(SHAPES)}
TEXTURE_CLASSES = {name: i for i, name in enumerate((*TEXTURES, GREY))}

GroundingSchema = schema_of(GroundingConfig)
LoopSchema = schema_of(LoopConfig)


@dataclass
class PhaseConfig:
    """Examples come from these sources with these weights up to a step; null is up to the end."""

    until: int | None = None
    mixture: dict[str, float] = field(default_factory=dict)


@dataclass
class CodecConfig:
    view: str = "top"
    past_frames: int = 2
    keep_first: bool = True
    max_steps: int = 8


@dataclass
class TrainConfig:
    output_dir: str = "runs/train"
    data_dir: str = "data/tabletop"
    size: str = "nano"
    level: str = "placement_generalization"
    start_from: str | None = None  # an agent to go on with, instead of from nothing
    seed: int = 0
    text_length: int = 112
    bin_width: float = 8.0
    picture_share: float = 0.25
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    codec: CodecConfig = field(default_factory=CodecConfig)
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
    folders = record(
        RecordConfig(
            output_dir=cfg.data_dir, level=cfg.level, view=cfg.codec.view, sources=cfg.sources
        )
    )
    stores = {
        name: EpisodeStore(folder, cfg.sources[name].episodes) for name, folder in folders.items()
    }
    model = _model(cfg, tokenizer)
    train_vit(cfg, model, [stores[name] for name in cfg.vit_sources], out / "vit")
    codec = VimaCodec(tokenizer, model.cfg.text_vocab_size, **asdict(cfg.codec))
    train_agent(cfg, model, codec, stores, out / "agent_training")
    return export(cfg, model, out / "agent")


def check_plan(cfg: TrainConfig) -> None:
    """Find what cannot work before hours are spent.

    Raises:
        UnknownName: `phases` or `vit_sources` name a source that is not there.
        BadSetting: The phases come to an end before the training does, or a source has walks.
    """
    used = {name: "phases" for phase in cfg.phases for name in phase.mixture}
    used |= {name: "vit_sources" for name in cfg.vit_sources}
    for name, where in used.items():
        if name not in cfg.sources:
            raise UnknownName(f"source in {where}", name, cfg.sources)
        if cfg.sources[name].task == POINTNAV:
            want = "a tabletop task: walks can be recorded, not yet trained on"
            raise BadSetting(f"sources.{name}.task", POINTNAV, want)
    if not cfg.vit_sources:
        raise BadSetting("vit_sources", cfg.vit_sources, "at least one source of strewn objects")
    if not cfg.phases or cfg.phases[-1].until is not None:
        raise BadSetting("phases", [p.until for p in cfg.phases], "the last one without an end")


def train_vit(
    cfg: TrainConfig, model: UnifiedIO2, stores: list[EpisodeStore], folder: Path
) -> None:
    """Dense labels of scenes, and of prompt pictures in `picture_share` of the examples."""
    loop = LoopConfig(**vars(cfg.vit))

    def batch_at(step: int) -> tuple[Patches, DenseLabels]:
        rng = np.random.default_rng((cfg.seed, 1, step))
        chosen = []
        for _ in range(loop.batch_size):
            store = stores[rng.integers(len(stores))]
            episode = store[int(rng.integers(len(store)))]
            picture = int(rng.integers(len(episode.prompt_pictures)))
            as_picture = rng.random() < cfg.picture_share
            chosen.append(
                labelled_picture(episode, picture) if as_picture else labelled_scene(episode)
            )
        images = torch.from_numpy(np.stack([x.rgb for x in chosen]))
        return patchify(images), dense_labels(chosen, SHAPE_CLASSES, TEXTURE_CLASSES)

    head = DenseHead(model.cfg.image.vit.width, len(SHAPE_CLASSES), len(TEXTURE_CLASSES))

    def loss_of(batch: tuple[Patches, DenseLabels]) -> Losses:
        p, labels = batch
        last, _ = model.vit(p.pixels, p.mask, p.pos_ids, p.grid)
        losses = head.losses(last.float(), labels)
        minimised: list[Tensor] = [v for v in losses.values() if v.requires_grad]
        return {"loss": torch.stack(minimised).sum(), **losses}

    train(nn.ModuleDict({"vit": model.vit, "head": head}), loss_of, batch_at, loop, folder, "ViT")


def train_agent(
    cfg: TrainConfig,
    model: UnifiedIO2,
    codec: VimaCodec,
    stores: dict[str, EpisodeStore],
    folder: Path,
) -> None:
    """Questions and demonstrations, in the phases' mixture, with the ViT frozen."""
    if cfg.start_from is None:
        some = stores[cfg.vit_sources[0]]
        pictures = np.stack([some[i].frames[0] for i in range(min(64, len(some)))])
        fit_to_vit(model, patchify(torch.from_numpy(pictures)))
    model.vit.requires_grad_(False)
    vit = RememberedViT(model.vit)
    draw = example_source(cfg, codec, stores)

    def loss_of(batch: Batch) -> Losses:
        logits = model(batch.inputs(model, vit), text_targets(batch.targets))["text"].float()
        losses = soft_bin_loss(logits, batch.targets, codec.tokenizer, width=cfg.bin_width)
        return {"loss": losses.total, "words": losses.words, "bins": losses.bins}

    loop = LoopConfig(**vars(cfg.agent))
    train(model, loss_of, lambda step: collate(draw(step)), loop, folder, "agent")


def example_source(
    cfg: TrainConfig, codec: VimaCodec, stores: dict[str, EpisodeStore]
) -> Callable[[int], list[Example]]:
    """The examples of a step: a function of the seed and the step alone."""
    loop, grounding = LoopConfig(**vars(cfg.agent)), GroundingConfig(**vars(cfg.grounding))

    def draw(step: int) -> list[Example]:
        rng = np.random.default_rng((cfg.seed, 2, step))
        phase = next(p for p in cfg.phases if p.until is None or step < p.until)
        names = list(phase.mixture)
        weights = np.array([phase.mixture[n] for n in names])
        examples = []
        for name in rng.choice(names, loop.batch_size, p=weights / weights.sum()):
            episode = any_of(stores[name], rng)
            if episode.n_steps:
                examples.append(cloning_example(episode, codec, int(rng.integers(episode.n_steps))))
            else:
                other = any_of(stores[name], rng)
                examples.append(grounding_example(episode, codec, grounding, rng, other))
        return examples

    return draw


def any_of(store: EpisodeStore, rng: np.random.Generator) -> Episode:
    """An episode that did not fail."""
    while True:
        episode = store[int(rng.integers(len(store)))]
        if episode.info.get("success", True):
            return episode


def export(cfg: TrainConfig, model: UnifiedIO2, folder: Path) -> Path:
    """Weights in half precision, and everything that is needed to act with them."""
    save(model, make_folder(folder), dtype=torch.float16)
    pieces = (Path(cfg.output_dir) / "tokenizer.model").read_bytes()
    write_whole(folder / "tokenizer.model", pieces)
    policy: dict[str, Any] = {
        "codec": {"_target_": "uio2_agent.policies.codecs.vima.VimaCodec", **asdict(cfg.codec)},
        "replan": "step",
        "text_length": cfg.text_length,
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
