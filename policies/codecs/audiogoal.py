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

from collections.abc import Sequence

import numpy as np

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.interface import AUDIO, PROMPT_SLOTS, PROMPT_TEXT, STOP
from uio2_agent.model.sound import SEGMENT
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.pcm import from_pcm, to_pcm
from uio2_agent.policies.codecs.base import Action, Observation, Prompt, Signal
from uio2_agent.policies.codecs.pointnav import PointNavCodec
from uio2_agent.policies.codecs.walk_text import task_text, walk_text
from uio2_agent.policies.codecs.whereabouts import Journey, State, Step

EARS = 2
_MOST_STEPS = (PROMPT_SLOTS - (EARS - 1)) // EARS
_UNTOLD = "what is heard"


class AudioGoalCodec:
    """One move after the other as text.

    Observations need `rgb`, `audio`, and `depth` if that is shown. `prompt_text` says what to go to
    if there is one; `gps` and `compass` are used where they are, otherwise steps are counted
    (`whereabouts`). No goal is looked at.

    Args:
        tokenizer: The checkpoint's own.
        table_size: Rows of the text table, the width of `allowed`'s mask.
        depth: Show depth as grey pictures, 0 black and the farthest white.
        past_steps: How many earlier steps are told, shown and heard.
        states: Answers say the next state too.
        forward: Metres of a step, used where no sensor tells the place.
        turn: Degrees of a turn, likewise.

    Raises:
        BadSetting: More sounds than there are markers, or a step or a turn of nothing.
        BadInput: A tokenizer that cannot say the moves.
    """

    keep_first = False
    rest = np.int64(STOP)

    def __init__(
        self,
        tokenizer: Tokenizer,
        table_size: int,
        *,
        depth: bool = False,
        past_steps: int = _MOST_STEPS,
        states: bool = True,
        forward: float = 0.25,
        turn: float = 10.0,
    ) -> None:
        if not 0 <= past_steps <= _MOST_STEPS:
            raise BadSetting("past_steps", past_steps, f"from 0 to {_MOST_STEPS} with two ears")
        self.walk = PointNavCodec(
            tokenizer,
            table_size,
            depth=depth,
            past_steps=past_steps,
            states=states,
            forward=forward,
            turn=turn,
        )
        self.tokenizer, self.past_steps, self.per_step = tokenizer, past_steps, self.walk.per_step
        self.depth, self.odometer = depth, self.walk.odometer
        self.slots, self.past_frames = self.walk.slots, self.walk.past_frames
        self.past_sounds = EARS * past_steps
        self.sound_slots = self.past_sounds + EARS - 1
        self.max_answer = self.walk.max_answer
        self._task = task_text(states)

    # --- question -------------------------------------------------------------------------------

    def prompt(
        self, observation: Observation, n_past: int = 0, memory: Journey | None = None
    ) -> Prompt:
        """Raises BadInput when a sensor is missing, BadShape when it is no picture or no sound."""
        image, sound = self.pictures_of(observation)[0], self.sounds_of(observation)[0]
        past = memory.past if memory else ()
        n_steps = min(n_past // self.per_step, self.past_steps, len(past))
        state = self.odometer.state(observation, memory)
        told = str(observation.get(PROMPT_TEXT, ""))
        return Prompt(
            text=self.question(past[len(past) - n_steps :], state, told),
            image=image,
            pictures=np.zeros((0, *image.shape), np.uint8),
            n_past=n_steps * self.per_step,
            sound=sound,
            n_past_sounds=n_steps * EARS,
        )

    def question(self, past: Sequence[Step], state: State, goal: str = "") -> list[int]:
        """Steps shown, where the agent is, and what to go to, if that is told -> token ids."""
        frames: dict[Signal, int] = {"image": self.per_step, "audio": EARS}
        walked = walk_text(self.walk.grammar, past, state, frames)
        wanted = goal.strip().rstrip(".") or _UNTOLD
        return self.tokenizer.encode(f"{self._task} Goal: {wanted}. {walked}")

    def pictures_of(self, observation: Observation) -> list[np.ndarray]:
        """What is seen, uint8 (3, H, W): colours, and depth as grey if it is shown."""
        return self.walk.pictures_of(observation)

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

    def remember(self, memory: Journey | None, observation: Observation, action: Action) -> Journey:
        """The last steps; the next state needs the last."""
        return self.walk.remember(memory, observation, action)

    # --- answer ---------------------------------------------------------------------------------

    def allowed(self, observation: Observation, tokens: list[int]) -> np.ndarray:
        """What may follow depends on the answer alone."""
        return self.walk.allowed(observation, tokens)

    def encode(self, action: int, after: State) -> list[int]:
        """An action and where it leads -> the answer, without end token."""
        return self.walk.encode(action, after)

    def decode(self, observation: Observation, tokens: list[int]) -> list[Action]:
        """An answer of `allowed` tokens -> its one action."""
        return self.walk.decode(observation, tokens)

    def foreseen(self, tokens: list[int]) -> State | None:
        """Where the agent will be, as an answer says; None if it does not."""
        return self.walk.foreseen(tokens)

    def readable(self, tokens: list[int]) -> str:
        """The action, and metres and degrees in place of bins."""
        return self.walk.readable(tokens)
