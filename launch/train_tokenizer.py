"""Train nano's SentencePiece model: `uio2 train tokenizer output=tokenizer.model`.

Its text covers the words of all 17 VIMA-Bench tasks (the embedded ones and those still to come),
every shape and texture, the made-up words, PointNav and the auxiliary questions, so that one
tokenizer serves every nano.
"""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hydra
import sentencepiece
from hydra.core.config_store import ConfigStore

from uio2_agent.envs.tabletop.catalogue import GREY, SHAPES, TEXTURES
from uio2_agent.errors import BadSetting
from uio2_agent.launch.failures import told_plainly
from uio2_agent.storage import make_folder, write_whole

PHRASES = (
    "Put the {o} into the {o}.",
    "Put the {t} object in {p} into the {t} object.",
    "Rotate the {o} {n} degrees.",
    "Rearrange to this {p}.",
    "Rearrange objects to this setup {p} and then restore.",
    "Move the {o} to {n} cm from the top and {n} cm from the left.",
    "{p} is {a} than {p}. Put the {a} {p} into the {p}. Put the less {a} {p} into the {p}.",
    "This is a {w} {p}. This is a {w} {p}. Put a {w} into a {w}.",
    '"Twist" is defined as rotating object a specific angle. '
    "For examples: From {p} to {p}. Now twist all {t} objects.",
    "Follow this motion for {p}: {p} {p} {p}.",
    "Stack objects in this order {p} {p} {p}.",
    "Sweep {q} {o} into {o} without exceeding {o}.",
    "Sweep {q} {p} into {p} without touching {p}.",
    "Put all objects with the same texture as {o} into it.",
    "Put all objects with the same profile as {o} into it.",
    "First put {o} into {o} then put the object that was previously at its {d} into the same {o}.",
    "Put {o} into {o} then {o}. Finally restore it into its original container.",
    "Where are {o}, {o} and {o}? {o} {o}",
    "What is {p}? {o}",
    "List all objects and their locations in the image {p}. {o} ( ) {o} ( )",
    "{n}: pick from ( ) and place to ( ) {n}: push from ( ) and push to ( )",
    "Predict a sequence of actions to achieve the goal. History: {p} {p}",
    "Predict the following action with the discrete action space forward left right stop.",
    "based on the agent's histories with the format observation ( x z y ) action : {m}",
    "Go to the goal at distance ( ) and angle ( ). {m} ( ) {m} ( ) {m}",
    "Next position and rotation ( ). Is the prediction correct? Should the agent take {m}? yes no",
)
CHOICES = {
    "t": TEXTURES,
    "p": ("this", "it", "that", "the picture"),
    "a": ("daxer", "blicker", "modier", "kobar"),
    "w": ("dax", "blicket", "wug", "zup"),
    "q": ("any", "one", "two", "three", "all"),
    "d": ("north", "south", "west", "east"),
    "m": ("forward", "left", "right", "stop", "turn left", "turn right", "move forward"),
}


@dataclass
class TokenizerConfig:
    output: str = "tokenizer.model"
    pieces: int = 1000
    sentences: int = 40_000
    seed: int = 0


ConfigStore.instance().store("train_tokenizer_schema", TokenizerConfig)


def sentences(count: int, seed: int) -> Iterator[str]:
    """Every phrase again and again, each time with other words in it."""
    rng = random.Random(seed)
    shapes = [*dict.fromkeys(shape.name for shape in SHAPES.values())]  # as they are called
    fillers = {key: (lambda words=words: rng.choice(words)) for key, words in CHOICES.items()} | {
        "o": lambda: f"{rng.choice((*TEXTURES, GREY))} {rng.choice(shapes)}",
        "n": lambda: str(rng.randrange(200)),
    }
    for i in range(count):
        parts = PHRASES[i % len(PHRASES)].split("{")
        yield parts[0] + "".join(fillers[p[0]]() + p[2:] for p in parts[1:])


def train_tokenizer(pieces: int, count: int, seed: int) -> bytes:
    """A serialized SentencePiece model with LLaMA's settings.

    These are byte fallback, split digits and the identity normaliser.

    Raises:
        BadSetting: Too few pieces for the characters, or more than the sentences have.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=sentences(count, seed),
            model_writer=model,
            model_type="bpe",
            vocab_size=pieces,
            byte_fallback=True,
            split_digits=True,
            normalization_rule_name="identity",
            character_coverage=1.0,
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=-1,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as e:
        raise BadSetting("pieces", pieces, f"what {count} sentences give: {e}") from e
    return model.getvalue()


@hydra.main(version_base="1.3", config_path="conf", config_name="train_tokenizer")
@told_plainly()
def main(cfg: TokenizerConfig) -> None:
    path = Path(cfg.output)
    make_folder(path.parent)
    write_whole(path, train_tokenizer(cfg.pieces, cfg.sentences, cfg.seed))
    print(f"wrote {path} ({cfg.pieces} pieces)")
