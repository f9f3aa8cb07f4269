"""PointNav's spaces in Unified-IO 2's words (specs uio2_model l, habitat_pointnav 7).

    [Text] [S] Predict the next action … with the discrete action space "stop, forward, left,
    right" based on agent's histories with the format "observation ( x z y ) yaw action".
    Goal: RHO PHI. History: <image_history_1> ( X Z Y ) YAW forward <image_history_2> …
    Observation: <image_input> ( X Z Y ) YAW

is answered by `left ( X Z Y ) YAW`: the action, and where it leads. States are bins in the frame of
the start (`whereabouts`, `room_scale`), the goal is seen from where the agent is. With depth, every
observation is two pictures, the second one grey; that of the present takes the last history slot.
"""

import math
from collections.abc import Sequence

import numpy as np

from uio2_agent.errors import BadInput, BadSetting, BadShape
from uio2_agent.interface import MOVES, PROMPT_SLOTS, RGB, STOP
from uio2_agent.model.vocabulary import Tokenizer
from uio2_agent.policies.codecs.base import Action, Observation, Prompt, Signal
from uio2_agent.policies.codecs.move_grammar import MoveGrammar
from uio2_agent.policies.codecs.room_scale import angle, angle_bin, length, length_bin
from uio2_agent.policies.codecs.walk_text import task_text, walk_text
from uio2_agent.policies.codecs.whereabouts import Journey, Odometer, State, Step

DEPTH = "depth"


class PointNavCodec:
    """One move after the other as text.

    Observations need `rgb`, one of `pointgoal_with_gps_compass` and `pointgoal`, and `depth` if
    that is shown. `gps` and `compass` are used where they are; `whereabouts` does without.

    Args:
        tokenizer: The checkpoint's own.
        table_size: Rows of the text table, the width of `allowed`'s mask.
        depth: Show depth as grey pictures, 0 black and the farthest white.
        past_steps: How many earlier steps are told and shown.
        states: Answers say the next state too.
        forward: Metres of a step, used where no sensor tells the place.
        turn: Degrees of a turn, likewise.

    Raises:
        BadSetting: More pictures than there are markers, or a step or a turn of nothing.
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
        past_steps: int = 3,
        states: bool = True,
        forward: float = 0.25,
        turn: float = 10.0,
    ) -> None:
        self.per_step = 2 if depth else 1
        most = (PROMPT_SLOTS - depth) // self.per_step
        if not 0 <= past_steps <= most:
            said = "with depth" if depth else "without depth"
            raise BadSetting("past_steps", past_steps, f"from 0 to {most} {said}")
        self.tokenizer, self.depth, self.past_steps = tokenizer, depth, past_steps
        self.past_frames = past_steps * self.per_step
        self.slots = max(self.past_frames + depth, 1)
        self.odometer = Odometer(forward=forward, turn=turn)
        self.grammar = MoveGrammar(tokenizer, table_size, states)
        self.max_answer = self.grammar.longest
        self._task = task_text(states)
        self._frames: dict[Signal, int] = {"image": self.per_step}  # at each step

    # --- question -------------------------------------------------------------------------------

    def prompt(
        self, observation: Observation, n_past: int = 0, memory: Journey | None = None
    ) -> Prompt:
        """Raises BadInput when a sensor is missing, BadShape when a picture is none."""
        image = self.pictures_of(observation)[0]
        past = memory.past if memory else ()
        n_steps = min(n_past // self.per_step, self.past_steps, len(past))
        state = self.odometer.state(observation, memory)
        goal = self._goal(observation, memory)
        return Prompt(
            text=self.question(past[len(past) - n_steps :], state, goal),
            image=image,
            pictures=np.zeros((0, *image.shape), np.uint8),
            n_past=n_steps * self.per_step,
        )

    def question(self, past: Sequence[Step], state: State, goal: str) -> list[int]:
        """Steps shown, where the agent is, and where it shall go, in words -> token ids."""
        walk = walk_text(self.grammar, past, state, self._frames)
        return self.tokenizer.encode(f"{self._task} Goal: {goal}. {walk}")

    def _goal(self, observation: Observation, memory: Journey | None) -> str:
        """Metres and radians to the goal, as bins."""
        rho, phi = self.odometer.goal(observation, memory)
        bins = length_bin(rho), angle_bin(phi)
        return " ".join(self.grammar.bin_text(number) for number in bins)

    def pictures_of(self, observation: Observation) -> list[np.ndarray]:
        """What is seen, uint8 (3, H, W): colours, and depth as grey if it is shown."""
        pictures = [_colours(_sensor(observation, RGB))]
        if self.depth:
            pictures.append(grey(_sensor(observation, DEPTH)))
        return pictures

    def remember(self, memory: Journey | None, observation: Observation, action: Action) -> Journey:
        """The goal as seen from the start and the last steps; the next state needs the last."""
        return self.odometer.went(memory, observation, int(action), self.past_steps)

    # --- answer ---------------------------------------------------------------------------------

    def allowed(self, observation: Observation, tokens: list[int]) -> np.ndarray:
        """What may follow depends on the answer alone."""
        return self.grammar.allowed(tokens)

    def encode(self, action: int, after: State) -> list[int]:
        """An action and where it leads -> the answer, without end token."""
        return self.grammar.write(action, self._bins(after))

    def decode(self, observation: Observation, tokens: list[int]) -> list[Action]:
        """An answer of `allowed` tokens -> its one action."""
        said = self.grammar.read(tokens)
        return [] if said is None else [np.int64(said[0])]

    def foreseen(self, tokens: list[int]) -> State | None:
        """Where the agent will be, as an answer says; None if it does not."""
        said = self.grammar.read(tokens)
        if said is None or not said[1]:
            return None
        x, z, y, yaw = said[1]
        return State(length(x), length(z), length(y), angle(yaw))

    def readable(self, tokens: list[int]) -> str:
        """The action, and metres and degrees in place of bins."""
        said = self.grammar.read(tokens)
        if said is None:
            return self.tokenizer.decode(tokens)
        s = self.foreseen(tokens)
        there = f" to ({s.x:.1f}, {s.z:.1f}, {s.y:.1f}), {math.degrees(s.yaw):.0f}°" if s else ""
        return MOVES[said[0]] + there

    def _bins(self, s: State) -> list[int]:
        return [length_bin(s.x), length_bin(s.z), length_bin(s.y), angle_bin(s.yaw)]


def grey(depth: np.ndarray) -> np.ndarray:
    """Depth float (H, W, 1) in [0, 1] -> a picture uint8 (3, H, W). Raises BadShape."""
    if depth.ndim != 3 or depth.shape[2] != 1 or not np.issubdtype(depth.dtype, np.floating):
        raise BadShape(DEPTH, f"{depth.dtype} {depth.shape}", "float (H, W, 1)")
    levels = np.rint(np.clip(depth[..., 0], 0.0, 1.0) * 255).astype(np.uint8)
    return np.repeat(levels[None], 3, axis=0)


def _colours(rgb: np.ndarray) -> np.ndarray:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise BadShape(RGB, f"{rgb.dtype} {rgb.shape}", "uint8 (H, W, 3)")
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))


def _sensor(observation: Observation, name: str) -> np.ndarray:
    if name not in observation:
        want = f"{name} among the environment's sensors"
        raise BadInput("observation", f"without {name} ({', '.join(observation)})", want)
    if not isinstance(observation[name], np.ndarray):
        want = "one array: this agent walks, in PointNav's environments"
        raise BadInput(f"observation {name}", f"a {type(observation[name]).__name__}", want)
    return observation[name]
