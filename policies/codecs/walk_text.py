"""What all walkers' questions say: what is asked for, and the walk so far (spec uio2_model l).

    [Text] [S] Predict the next action … "observation ( x z y ) yaw action".

    History: <image_history_1> ( X Z Y ) YAW forward … Observation: <image_input> ( X Z Y ) YAW

Before every place stand the markers of what was seen, and of what was heard, there. Of several
frames at a step the first of the present is the model's input, the others take the slots after the
past.
"""

from collections.abc import Mapping, Sequence

from uio2_agent.interface import MOVES
from uio2_agent.policies.codecs.base import Signal
from uio2_agent.policies.codecs.move_grammar import MoveGrammar
from uio2_agent.policies.codecs.room_scale import angle_bin, length_bin
from uio2_agent.policies.codecs.whereabouts import State, Step

_ASKED = {False: "Predict the next action", True: "Predict the next action and the next state"}
_FORM = (
    f'with the discrete action space "{", ".join(MOVES)}" based on agent\'s histories '
    'with the format "observation ( x z y ) yaw action".'
)


def task_text(states: bool) -> str:
    """What to predict; `states` if answers say the next state too."""
    return f"[Text] [S] {_ASKED[states]} {_FORM}"


def walk_text(
    grammar: MoveGrammar, past: Sequence[Step], now: State, frames: Mapping[Signal, int]
) -> str:
    """Steps that are told, oldest first, the present, and how many frames a step has."""
    said = ["History:"] if past else []
    for number, step in enumerate(past):
        for signal, count in frames.items():
            said += _markers(signal, number * count + 1, count)
        said += [_place(grammar, step.state), MOVES[step.action]]
    said.append("Observation:")
    for signal, count in frames.items():
        said.append(f"<{signal}_input>")
        said += _markers(signal, len(past) * count + 1, count - 1)
    said.append(_place(grammar, now))
    return " ".join(said)


def _markers(signal: Signal, first: int, count: int) -> list[str]:
    return [f"<{signal}_history_{slot}>" for slot in range(first, first + count)]


def _place(grammar: MoveGrammar, s: State) -> str:
    bins = [length_bin(s.x), length_bin(s.z), length_bin(s.y), angle_bin(s.yaw)]
    return grammar.state_text(bins)
