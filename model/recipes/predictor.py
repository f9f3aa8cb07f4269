"""One model with all that asking it takes: words and pictures in; words, pictures and sounds out.

Shapes: T samples at 16 kHz, R, C rows and columns of the padded input picture.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from uio2_agent.errors import BadCheckpoint, BadInput, BadSetting
from uio2_agent.model.checkpoint import WEIGHTS, load
from uio2_agent.model.generation import Allowed, generate_text
from uio2_agent.model.int8 import quantise
from uio2_agent.model.official import load_official, load_tokenizer
from uio2_agent.model.preprocessor import Example, Preprocessor
from uio2_agent.model.prompt_text import AUDIO, IMAGE
from uio2_agent.model.recipes import prompts
from uio2_agent.model.sampling import Rule, Sampling
from uio2_agent.model.scoring import score_answers
from uio2_agent.model.signal_generation import (
    SIGNAL_SAMPLING,
    Guidance,
    Progress,
    generate_image,
    generate_long_audio,
)
from uio2_agent.model.sound import SAMPLE_RATE, SEGMENT
from uio2_agent.model.transformer import Encoded
from uio2_agent.model.unified import UnifiedIO2
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.model.vocoder import Vocoder, griffin_lim

TOKENIZER = "tokenizer.model"
_LONGEST = 600.0  # seconds of sound in one call; beyond, a slip of the finger is likelier


@dataclass(frozen=True)
class Reading:
    """An example as the model read it, for any number of answers.

    info: The 11 numbers of its input picture (`preprocessing.FittedPicture`), if it has one.
    """

    encoded: Encoded
    info: Tensor | None

    def picture_info(self) -> Tensor:
        """`info`, where the answer is about the picture; `BadInput` without one."""
        if self.info is None:
            raise BadInput("image", "missing", "the picture that is asked about")
        return self.info


class Predictor:
    """Asks one example at a time; recipes are functions of it.

    Args:
        model: In evaluation mode, on the device to use.
        vocoder: Turns spectrograms into sound; left out, Griffin-Lim does.
        seed: Of everything that is drawn: the same call gives the same answer.
        slots: Most frames of a history, see `Preprocessor`.
        on_progress: Told how many tokens of a picture or sound are written, and of how many.
    """

    def __init__(
        self,
        model: UnifiedIO2,
        tokenizer: Tokenizer,
        *,
        vocoder: Callable[[Tensor], Tensor] | None = None,
        seed: int = 0,
        slots: int | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self.model, self.tokenizer, self.seed = model, tokenizer, seed
        self.preprocessor = Preprocessor(tokenizer, model.cfg, slots)
        self.vocoder = vocoder or partial(griffin_lim, seed=seed)
        self.on_progress = on_progress

    @property
    def device(self) -> torch.device:
        return self.model.text_table.weight.device

    @torch.inference_mode()
    def read(self, example: Example) -> Reading:
        """Encode one example. Raises as `Preprocessor.__call__`."""
        prepared = self.preprocessor(example)
        return Reading(self.model.encode(prepared.inputs.to(self.device)), prepared.infos[0])

    def tokens(
        self,
        example: Example | Reading,
        *,
        max_new_tokens: int = 512,
        allowed: Allowed | None = None,
        rule: Rule | None = None,
        sampling: Sampling | None = None,
        on_tokens: Callable[[list[int]], None] | None = None,
    ) -> list[int]:
        """The answer as token ids, without start and end. Greedy unless `sampling` says otherwise.

        Args:
            allowed, rule: See `generate_text`.
            on_tokens: Called with each new token, in a list of one.
        """
        sampling = sampling or Sampling()
        written = generate_text(
            self.model,
            self._read(example).encoded,
            max_new_tokens=max_new_tokens,
            allowed=allowed,
            rule=rule,
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            generators=self._generators(),
            on_tokens=on_tokens,
        )[0, 1:].tolist()
        end = self.tokenizer.EOS
        return written[: written.index(end)] if end in written else written

    def ask(self, example: Example | Reading, *, max_new_tokens: int = 512) -> str:
        """The likeliest answer, as text."""
        return self.tokenizer.decode(self.tokens(example, max_new_tokens=max_new_tokens)).strip()

    def score(self, example: Example | Reading, options: Sequence[str]) -> list[float]:
        """The mean loss of each option as the answer, in nats per token; the least is the best.

        Raises:
            BadInput: No options.
        """
        ids = [self.preprocessor.ids(option, f"option {option!r}") for option in options]
        return score_answers(self.model, self._read(example).encoded, ids)[0].tolist()

    def paint(
        self,
        example: Example | Reading,
        *,
        sampling: Sampling = SIGNAL_SAMPLING,
        alpha: float = 0.0,
    ) -> Tensor:
        """The picture that answers: (3, 256, 256) float32 in [0, 1], on the CPU.

        Args:
            example: Its prefix must be `prompt_text.IMAGE`.
            alpha: Of classifier-free guidance away from a prompt for any picture; 0 is none.
        """
        guidance = self._guidance(prompts.RANDOM_IMAGE, IMAGE, alpha)
        return (
            generate_image(
                self.model,
                self._read(example).encoded,
                sampling=sampling,
                guidance=guidance,
                generators=self._generators(),
                on_progress=self.on_progress,
            )
            .signal[0]
            .float()
            .cpu()
        )

    def sound(
        self,
        example: Example,
        *,
        seconds: float = SEGMENT / SAMPLE_RATE,
        sampling: Sampling = SIGNAL_SAMPLING,
        alpha: float = 0.0,
    ) -> np.ndarray:
        """The sound that answers: (T,) float32 at 16 kHz in [-1, 1].

        Beyond 4.08 s it is made in segments, each with those before it as history.

        Args:
            example: Its prefix must be `prompt_text.AUDIO`.
            seconds: How long, up to 600.

        Raises:
            BadSetting: An impossible length.
        """
        if not 0 < seconds <= _LONGEST:
            raise BadSetting("seconds", seconds, f"above 0, at most {_LONGEST:g}")
        length = max(1, round(seconds * SAMPLE_RATE))
        mels = generate_long_audio(
            self.model,
            self.preprocessor(example).inputs.to(self.device),
            math.ceil(length / SEGMENT),
            sampling=sampling,
            guidance=self._guidance(prompts.RANDOM_AUDIO, AUDIO, alpha),
            generators=self._generators(),
            on_progress=self.on_progress,
        ).signal
        frames = self.model.cfg.audio.size[0]
        waves = self.vocoder(mels.float().unflatten(1, (-1, frames))[0])  # (S, 65536)
        # A segment's last 256 samples belong to the next one.
        joined = waves[:, :SEGMENT].flatten()[:length]
        return joined.clamp(-1.0, 1.0).float().cpu().numpy()

    def _read(self, example: Example | Reading) -> Reading:
        return example if isinstance(example, Reading) else self.read(example)

    def _guidance(self, prompt: str, prefix: str, alpha: float) -> Guidance | None:
        if alpha == 0:
            return None
        return Guidance(self.read(Example(prompt, prefix=prefix)).encoded, alpha)

    def _generators(self) -> list[torch.Generator]:
        return [torch.Generator().manual_seed(self.seed)]

    @classmethod
    def load(
        cls,
        checkpoint: str | Path,
        *,
        tokenizer: str | Path | None = None,
        vocoder: str | Path | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
        int8: bool = False,
        seed: int = 0,
    ) -> "Predictor":
        """Everything from disk or the hub.

        Args:
            checkpoint: A folder of ours (`checkpoint.save`), or what `load_official` takes: a
                folder, a JAX archive or a hub id of the release.
            tokenizer: LLaMA's tokenizer.model; left out, the one in the checkpoint's folder.
            vocoder: What `Vocoder.load` takes; left out, Griffin-Lim.
            dtype: Of the weights; left out, as they are stored.
            int8: Keep the matrices of encoder and decoder as int8.

        Raises:
            BadCheckpoint, CheckpointMismatch: One of the three is missing, truncated or foreign.
            UnknownName: A checkpoint that is neither file nor hub id.
        """
        ours = (Path(checkpoint) / WEIGHTS).is_file()
        if tokenizer is None:
            tokenizer = Path(checkpoint) / TOKENIZER
            if not tokenizer.is_file():
                remedy = "Name LLaMA's tokenizer.model; it is not distributed with the weights"
                raise BadCheckpoint(str(checkpoint), f"has no {TOKENIZER}", remedy)
        if ours:
            words = Tokenizer.from_file(tokenizer)
            model = load(checkpoint, device=device, dtype=dtype)
            if int8:
                quantise(model)
        else:
            words = load_tokenizer(tokenizer)
            model = load_official(checkpoint, device=device, dtype=dtype, int8=int8)
        speaker = None if vocoder is None else Vocoder.load(vocoder, device=device)
        return cls(model, words, vocoder=speaker, seed=seed)
