"""Every error says what came and what would have done, and survives the way between processes."""

import inspect
import pickle

import pytest

from uio2_agent import errors
from uio2_agent.errors import AgentError, BadInput, CheckpointMismatch, UnknownName

BAD_INPUTS: list[type[BadInput]] = [BadInput, *BadInput.__subclasses__()]
EXAMPLES = [
    *(kind("episodes", 0, "at least 1") for kind in BAD_INPUTS),
    UnknownName("task", "rotat", ["rotate", "rearrange"]),
    errors.MissingDependency("pybullet", "stepping", "Install it: pip install pybullet"),
    errors.BadCheckpoint("nano/config.json", "cannot be read", "Fetch it again"),
    CheckpointMismatch("nano", ["a.weight"], ["b.weight"], ["c: (1,) != (2,)"]),
    errors.BadEpisode("episodes-0.bin", "is cut short", "Delete it"),
    errors.BadScene("flat.glb", "is cut short", "Copy it anew"),
    errors.GoalUnreachable([0.0, 0.2, 0.0], [9.0, 0.2, 0.0], "the goal lies on another island"),
    errors.RunMismatch("runs/x", ["seed: 0 then, 1 now"]),
    errors.SceneUnsolvable("a pallet", 200),
    errors.SimulatorBusy("VIMA-Bench", "another one is live", "Close it first"),
    errors.CannotWrite("runs/x", "the disk is full"),
    errors.RemoteFailed("uio2/Tabletop-v0", "ZeroDivisionError", "division by zero"),
    errors.RemoteLost("uio2/Tabletop-v0", "died", -9, "pybullet build time"),
    errors.WorkerLost("2 workers", "exit code -9"),
]


def leaves(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [str(value)]


def test_there_is_an_example_of_every_error():
    known = {
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, AgentError) and kind is not AgentError
    }
    assert {type(error) for error in EXAMPLES} == known


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_field_is_told_and_survives_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    fields = leaves(list(vars(error).values()))
    assert fields and all(field in str(error) for field in fields)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_it_can_be_caught_as_ours_or_as_the_built_in_it_is(error):
    with pytest.raises(AgentError):
        raise error
    assert isinstance(error, ValueError | KeyError | ImportError | RuntimeError | OSError)


def test_an_unknown_name_suggests_the_nearest_and_lists_the_known_in_order():
    assert str(EXAMPLES[[type(e) for e in EXAMPLES].index(UnknownName)]) == (
        "unknown task 'rotat'. Did you mean 'rotate'? Known: rearrange, rotate"
    )
    assert "Did you mean" not in str(UnknownName("task", "xyz", ["rotate"]))


def test_a_mismatch_names_only_what_does_not_fit():
    told = str(CheckpointMismatch("nano", missing=["a.weight", "b.weight"]))
    assert told.splitlines()[1:] == ["  2 missing: a.weight, b.weight"]
