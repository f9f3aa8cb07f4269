"""AudioGoal's spaces in Unified-IO 2's words: PointNav (`pointnav`) with a goal that sounds.

    [Text] [S] Predict the next action … Goal: what is heard. History: <image_history_1>
    <audio_history_1> <audio_history_2> ( X Z Y ) YAW forward … Observation: <image_input>
    <audio_input> <audio_history_3> ( X Z Y ) YAW

is answered as PointNav is. The model hears one ear at a time (spec uio2_model c3), so the two are
told as colours and depth are: of the present, the left ear is the audio input and the right one
takes the last slot of audio history; of earlier steps both fill the slots before. Which ear is
louder survives, and how loud; what one ear hears less than a frame of 16 ms earlier does not. Ears
hear 16 bits a sample, as recordings keep them, so that what was learned is what is heard.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.interface import AUDIO, PROMPT_SLOTS, PROMPT_TEXT
from uio2_agent.model.sound import SEGMENT
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.pcm import from_pcm, to_pcm
from uio2_agent.policies.codecs.base import Observation, Prompt
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.codecs.whereabouts import Journey

EARS = 2
_MOST_STEPS = (PROMPT_SLOTS - (EARS - 1)) // EARS
_UNTOLD = "what is heard"


class AudioGoalCodec(PointNavCodec):
    """One move after the other as text, as `PointNavCodec` says them.

    Observations need `rgb`, `audio`, and `depth` if that is shown. `prompt_text` says what to go to
    if there is one; `gps` and `compass` are used where they are, otherwise steps are counted
    (`whereabouts`). No goal is looked at.

    Args:
        past_steps: How many earlier steps are told, shown and heard; the others are those of
            `PointNavCodec`.

    Raises:
        BadSetting: More sounds than there are markers, or a step or a turn of nothing.
        BadInput: A tokenizer that cannot say the moves.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        table_size: int,
        *,
        past_steps: int = _MOST_STEPS,
        **settings: Any,
    ) -> None:
        if not 0 <= past_steps <= _MOST_STEPS:
            raise BadSetting("past_steps", past_steps, f"from 0 to {_MOST_STEPS} with two ears")
        super().__init__(tokenizer, table_size, past_steps=past_steps, **settings)
        self._frames["audio"] = EARS
        self.past_sounds = EARS * past_steps
        self.sound_slots = self.past_sounds + EARS - 1

    def prompt(
        self, observation: Observation, n_past: int = 0, memory: Journey | None = None
    ) -> Prompt:
        """Raises BadInput when a sensor is missing, BadShape when it is no picture or no sound."""
        seen = super().prompt(observation, n_past, memory)
        n_steps = seen.n_past // self.per_step
        sound = self.sounds_of(observation)[0]
        return replace(seen, sound=sound, n_past_sounds=n_steps * EARS)

    def sounds_of(self, observation: Observation) -> list[np.ndarray]:
        """What is heard, float32 (T,) at 16 kHz: left ear, right ear. Raises BadInput, BadShape."""
        if AUDIO not in observation:
            want = f"{AUDIO} among the environment's sensors"
            raise BadInput("observation", f"without {AUDIO} ({', '.join(observation)})", want)
        audio = observation[AUDIO]
        ears_fit = audio.ndim == 2 and len(audio) == EARS and 0 < audio.shape[1] <= SEGMENT
        if not ears_fit or not np.issubdtype(audio.dtype, np.floating):
            want = f"float ({EARS}, T), both ears, T from 1 to {SEGMENT} samples"
            raise BadShape(AUDIO, f"{audio.dtype} {audio.shape}", want)
        return list(from_pcm(to_pcm(audio)))

    def _goal(self, observation: Observation, memory: Journey | None) -> str:
        """What to go to, if that is told."""
        return str(observation.get(PROMPT_TEXT, "")).strip().rstrip(".") or _UNTOLD
