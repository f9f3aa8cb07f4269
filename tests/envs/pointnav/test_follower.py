"""The follower acts as the reference's does, from the poses the reference recorded."""

from pathlib import Path

import numpy as np
import pytest

from uio2_agent.envs.pointnav.follower import GreedyFollower
from uio2_agent.envs.pointnav.navmesh import NavMesh
from uio2_agent.envs.pointnav.navmesh_file import read_navmesh
from uio2_agent.errors import BadInput, BadSetting, BadShape, GoalUnreachable
from uio2_agent.interface import MOVES

GOLDEN = Path(__file__).parents[2] / "golden" / "pointnav"
ROOM = NavMesh([(0, 0, 0), (0, 0, 4), (4, 0, 4), (4, 0, 0)], [[0, 1, 2, 3, -1, -1]], [[-1] * 6])


@pytest.mark.parametrize("config, file", [("v1", "v1"), ("v2_noiseless", "v2")])
def test_of_the_recorded_actions_99_in_100_are_chosen_again(golden, config, file):
    want = golden["configs"][config]
    agent, navmesh = want["agent"], read_navmesh(GOLDEN / f"two_rooms_{file}.navmesh")
    same = []
    for episode in want["follower_episodes"]:
        follower = GreedyFollower(
            navmesh, agent["fwd"], agent["turn"], episode["goal_radius"], agent["slide"]
        )
        poses = [[*episode["start"], np.radians(episode["yaw_deg"])], *episode["poses_xyz_yaw"]]
        for pose, action in zip(poses, episode["actions"], strict=False):
            chosen = follower.next_action(pose[:3], pose[3], episode["goal"])
            same.append(MOVES.index(chosen) == int(action))
    assert len(same) > 200 and np.mean(same) >= 0.99


def test_it_turns_to_the_goal_walks_there_and_stops():
    follower = GreedyFollower(ROOM, forward=0.25, turn_degrees=10, goal_radius=0.2)
    place, yaw = np.array([2.0, 0.0, 2.0]), 0.0
    actions: list[str] = []
    while len(actions) < 100 and actions[-1:] != ["stop"]:
        actions.append(follower.next_action(place, yaw, (2.0, 0.0, 3.5)))
        yaw += {"left": 1, "right": -1}.get(actions[-1], 0) * np.radians(10)
        if actions[-1] == "forward":
            place = place + 0.25 * np.array([-np.sin(yaw), 0, -np.cos(yaw)])
    assert actions[:17] == ["left"] * 17  # turns before it walks: the goal lies behind it
    assert actions[-1] == "stop" and np.linalg.norm(place - (2, 0, 3.5)) < 0.2


def test_a_quaternion_is_the_yaw_it_turns_by():
    turned = [0.0, np.sin(np.pi / 4), 0.0, np.cos(np.pi / 4)]  # 90 degrees to the left: along -x
    follower = GreedyFollower(ROOM)
    assert follower.next_action((3, 0, 2), turned, (1, 0, 2)) == "forward"
    assert follower.next_action((3, 0, 2), np.pi / 2, (1, 0, 2)) == "forward"
    assert follower.next_action((3, 0, 2), 0.0, (1, 0, 2)) == "left"


def test_a_goal_on_another_island_is_an_error():
    corners = [[0, 1, 2, 3, -1, -1], [4, 5, 6, 7, -1, -1]]
    points = [(x + i, 0, j) for x in (0, 3) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]
    follower = GreedyFollower(NavMesh(points, corners, [[-1] * 6] * 2))
    with pytest.raises(GoalUnreachable, match="no path"):
        follower.next_action((0.5, 0, 0.5), 0.0, (3.5, 0, 0.5))


def test_a_goal_below_the_mesh_is_never_reached():
    """As in the reference: the height that is left counts, so it must not stop above it."""
    follower = GreedyFollower(ROOM, goal_radius=0.1)
    with pytest.raises(GoalUnreachable, match="no step"):
        follower.next_action((2, 0, 2), 0.0, (2.02, -0.4, 2))


def test_after_eight_times_left_and_right_it_carries_its_choice_to_the_end():
    follower = GreedyFollower(ROOM)
    for _ in range(8):  # the goal jumps from one side to the other
        assert follower.next_action((2, 0, 2), 0.0, (0.5, 0, 2)) == "left"
        assert follower.next_action((2, 0, 2), 0.0, (3.5, 0, 2)) == "right"
    assert follower.next_action((2, 0, 2), 0.0, (0.5, 0, 2)) == "left"
    committed = [follower.next_action((2, 0, 2), 0.0, (3.5, 0, 2)) for _ in range(10)]
    turns = committed.index("forward")  # to its end, although the goal is now on the right
    assert turns > 4 and set(committed[:turns]) == {"left"} and committed[turns + 1] == "right"
    follower.reset()
    assert follower.next_action((2, 0, 2), 0.0, (3.5, 0, 2)) == "right"


@pytest.mark.parametrize("bad", [{"forward": 0}, {"turn_degrees": -10}, {"goal_radius": np.nan}])
def test_steps_and_turns_must_be_positive(bad):
    with pytest.raises(BadSetting, match=next(iter(bad))):
        GreedyFollower(ROOM, **bad)


def test_poses_that_are_none_are_refused():
    follower = GreedyFollower(ROOM)
    with pytest.raises(BadShape):
        follower.next_action((0, 0), 0.0, (1, 0, 1))
    with pytest.raises(BadInput):
        follower.next_action((0, np.inf, 0), 0.0, (1, 0, 1))
    with pytest.raises(BadShape):
        follower.next_action((1, 0, 1), [0.0, 1.0], (1, 0, 1))
