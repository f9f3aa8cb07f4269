"""PointNav with a goal that sounds: what is heard where, and that all else is PointNav."""

import math

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import uio2_agent.envs  # noqa: F401  registers the id
from uio2_agent.envs.acoustics import Arrival, arrival
from uio2_agent.envs.audio import FADE, Listener
from uio2_agent.envs.pointnav.actuation import Pose, yaw_rotation
from uio2_agent.envs.pointnav.audiogoal import AudioGoal, way_of_sound
from uio2_agent.envs.pointnav.env import PointNav
from uio2_agent.envs.pointnav.episodes import Goal, PointNavEpisode
from uio2_agent.envs.pointnav.sensors import pointgoal
from uio2_agent.envs.sounds import HEARD, UNHEARD, find_sound
from uio2_agent.errors import BadInput, BadSetting, UnknownName

BLIND = ("gps", "compass")


@pytest.fixture(scope="module")
def make(episodes_file, scenes):
    """Called with arguments of `AudioGoal`: the six episodes, nothing drawn."""

    def env(sensors=BLIND, **kwargs):
        return AudioGoal(episodes=episodes_file, scenes_dir=scenes("v1"), sensors=sensors, **kwargs)

    return env


def level(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def difference(audio):
    """Decibels that the left ear hears more."""
    return level(audio[0, FADE:]) - level(audio[1, FADE:])


def walk(env, seed, actions):
    seen, info = env.reset(seed=seed)
    heard = [seen["audio"]]
    for action in actions:
        seen, *_, info = env.step(action)
        heard.append(seen["audio"])
    return heard, info


def test_keeps_the_gymnasium_contract(episodes_file, scenes):
    env = gym.make(
        "uio2/AudioGoal-v0",
        episodes=episodes_file,
        scenes_dir=scenes("v1"),
        size=32,
        oracle=True,
        render_mode="rgb_array",
    )
    space = env.observation_space
    assert isinstance(space, gym.spaces.Dict) and set(space) == {"rgb", "depth", "audio"}
    assert space["audio"] == gym.spaces.Box(-1, 1, (2, 16_000), np.float32)
    check_env(env.unwrapped)
    env.close()


def test_all_but_the_sound_is_pointnav(episodes_file, scenes, make):
    plain = PointNav(episodes=episodes_file, scenes_dir=scenes("v1"), sensors=BLIND, oracle=True)
    env = make(oracle=True)
    for seed in (0, 3):
        (seen, info), (told, same) = env.reset(seed=seed), plain.reset(seed=seed)
        for _ in range(12):
            assert info["metrics"] == same["metrics"]
            assert info["oracle_action"] == same["oracle_action"]
            for name in BLIND:
                np.testing.assert_array_equal(seen[name], told[name])
            seen, *rest, info = env.step(info["oracle_action"])
            told, *wanted, same = plain.step(same["oracle_action"])
            assert rest == wanted


def test_the_oracle_arrives_in_a_flat_and_hears_the_goal_come_nearer():
    env = AudioGoal(apartment="small", sensors=BLIND, sound="noise", oracle=True)
    seen, info = env.reset(seed=900_000)
    first, over = level(seen["audio"]), False
    while not over:
        seen, _, terminated, truncated, info = env.step(info["oracle_action"])
        over = terminated or truncated
    assert info["success"] and level(seen["audio"]) > first + 6


def test_the_same_episode_sounds_the_same_to_the_last_bit(make):
    actions = (1, 2, 1, 3, 3, 1)
    one, other = walk(make(), 2, actions)[0], walk(make(), 2, actions)[0]
    assert [a.tobytes() for a in one] == [a.tobytes() for a in other]
    env = make()
    walk(env, 5, (1, 1))
    assert [a.tobytes() for a in walk(env, 2, actions)[0]] == [a.tobytes() for a in one]


class InOneRoom:
    """The goal 2 m ahead of the start, in the middle of the first room, or as the caller turns."""

    def __init__(self, scene, yaw):
        self.scene, self.yaw = str(scene), yaw

    def episode(self, seed, simulator):
        simulator.load(self.scene)
        mesh = simulator.pathfinder
        rng = np.random.default_rng(seed)
        while True:
            start = mesh.random_point(rng)
            goal = mesh.snap(start - (0.0, 0.0, 2.0))
            if goal is not None and len(mesh.path(start, goal).points) == 2:
                break
        return PointNavEpisode(
            episode_id="0",
            scene_id=self.scene,
            start_position=tuple(start),
            start_rotation=tuple(yaw_rotation(self.yaw)),
            goals=(Goal(position=tuple(goal)),),
        )


@pytest.mark.parametrize("degrees", [50, -50])
def test_a_goal_to_the_left_is_louder_on_the_left_until_one_turns_to_it(scenes, make, degrees):
    env = make(sound="noise", sensors=("pointgoal_with_gps_compass",))
    env.episodes = InOneRoom(scenes("v1") / "two_rooms.glb", -math.radians(degrees))
    seen, _ = env.reset(seed=0)
    side = math.copysign(1, seen["pointgoal_with_gps_compass"][1])
    assert side == math.copysign(1, degrees)
    differences = [side * difference(seen["audio"])]
    for _ in range(5):
        seen = env.step(2 if degrees > 0 else 3)[0]
        differences.append(side * difference(seen["audio"]))
    assert differences[0] > 4 and abs(differences[-1]) < 0.5
    assert (np.diff(differences) < 0).all()


def test_in_sight_the_goal_is_heard_where_it_is_and_out_of_sight_along_the_way():
    env = AudioGoal(apartment="small", sound="noise", sensors=("compass",), oracle=True)
    straight = across = around = 0
    for seed in (4, 5, 6):
        _, info = env.reset(seed=seed)
        simulator, up = env.simulator, np.array([0.0, 1.25, 0.0])
        goal = simulator.pathfinder.snap(env.episode.goal_positions[0])
        assert goal is not None
        while info["oracle_action"]:
            pose = simulator.pose
            walked = simulator.pathfinder.path(pose.position, goal)
            heard = arrival(way_of_sound(simulator, goal), pose.yaw)
            if simulator.sees(pose.position + up, goal + up):
                straight += len(walked.points) == 2
                across += len(walked.points) > 2  # a table is in the way of feet, not of sound
                phi = float(pointgoal(pose, goal)[1])
                assert math.remainder(heard.azimuth - phi, math.tau) == pytest.approx(0, abs=1e-5)
                assert heard.detour == pytest.approx(0, abs=1e-9)
                assert heard.distance == pytest.approx(np.linalg.norm(goal - pose.position))
            else:
                around += 1
                assert heard.distance == pytest.approx(walked.distance, abs=1e-3)
            info = env.step(info["oracle_action"])[4]
    assert straight and across and around


def test_out_of_sight_the_goal_is_quieter_and_duller_than_in_the_open():
    env = AudioGoal(apartment="small", sound="noise", sensors=("compass",))
    for seed in range(4, 30):
        seen, _ = env.reset(seed=seed)
        goal = env.simulator.pathfinder.snap(env.episode.goal_positions[0])
        assert goal is not None
        hidden = arrival(way_of_sound(env.simulator, goal), env.simulator.pose.yaw)
        if hidden.detour > 0.5:
            break
    in_the_open = Arrival(hidden.azimuth, hidden.distance - hidden.detour)
    openly = Listener(find_sound("noise")).hear(in_the_open)
    assert level(seen["audio"]) < level(openly) - 6
    low, high = slice(100, 400), slice(3_000, 6_000)
    dullness = []
    for audio in (seen["audio"], openly):
        power = (np.abs(np.fft.rfft(audio)) ** 2).sum(axis=0)
        dullness.append(power[low].mean() / power[high].mean())
    assert dullness[0] > 1.5 * dullness[1]


def test_sounds_are_chosen_by_the_seed_from_those_asked_for(make):
    env = make()
    told = [env.reset(seed=seed)[1] for seed in range(40)]
    assert {info["task"] for info in told} == {*HEARD}
    assert all(info["prompt"] == f"go to the {info['task']} you hear" for info in told)
    unheard = make(sound="unheard")
    assert {unheard.reset(seed=seed)[1]["task"] for seed in range(15)} == {*UNHEARD}
    assert len(make(sound=["heard", "unheard"]).sounds) == len(HEARD) + len(UNHEARD)
    two = make(sound=["bird", "voice"])
    assert {two.reset(seed=seed)[1]["task"] for seed in range(15)} == {"bird", "voice"}
    assert make(sound="kettle").reset(seed=1)[1]["prompt"] == "go to the kettle you hear"


def test_a_file_of_ones_own_sounds(make, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    wave = 0.1 * np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    soundfile.write(tmp_path / "my_radio.wav", wave, 16_000)
    (audio, *_), info = walk(make(sound=tmp_path / "my_radio.wav"), 0, ())
    assert info["task"] == "my radio"
    assert np.argmax(np.abs(np.fft.rfft(audio)).sum(axis=0)) == pytest.approx(1_000, abs=25)


def test_a_step_after_the_end_is_heard_as_the_last_one_was(make):
    env = make()
    env.reset(seed=0)
    last, again = env.step(0)[0]["audio"], env.step(1)[0]["audio"]
    np.testing.assert_array_equal(last, again)


def test_where_no_way_is_found_the_goal_is_heard_straight_on(make):
    env = make(echoes=False)
    _, info = env.reset(seed=0)
    env.simulator.begin(Pose(np.array([50.0, 0.0, 50.0]), yaw_rotation(0.0)), 0)
    audio = env.step(2)[0]["audio"]
    assert np.isfinite(audio).all() and np.abs(audio).max() > 0


def test_several_at_once_hear_each_its_own_episode(episodes_file, scenes, make):
    def one():
        return make(sensors=["compass"])

    envs = gym.vector.SyncVectorEnv([one, one])
    seen, _ = envs.reset(seed=[3, 4])
    assert seen["audio"].shape == (2, 2, 16_000)
    for row, seed in enumerate((3, 4)):
        np.testing.assert_array_equal(seen["audio"][row], walk(one(), seed, ())[0][0])
    envs.close()


@pytest.mark.parametrize(
    ("sound", "error", "problem"),
    [
        ("trumpet", UnknownName, "telephone"),
        ("unherd", UnknownName, "Did you mean 'unheard'"),
        ([], BadSetting, "heard or unheard"),
        (5, BadSetting, "sound is 5, expected a name"),
        (["voice", 5], BadSetting, "expected a name"),
        (["voice", "gone.wav"], BadInput, "missing"),
    ],
)
def test_sounds_that_cannot_be_are_refused_at_construction(make, sound, error, problem):
    with pytest.raises(error, match=problem):
        make(sound=sound)


def test_echoes_are_there_or_not(make):
    with pytest.raises(BadSetting, match="echoes is 'maybe', expected true or false"):
        make(echoes="maybe")


def test_a_misspelt_argument_is_named(make):
    with pytest.raises(UnknownName, match="echoes"):
        make(echos=False)


def test_a_step_is_heard_150_times_a_second(make):
    from time import process_time

    env = make(oracle=True)
    _, info = env.reset(seed=0)
    began = process_time()
    for action in (2, 1, 2, 1, 3) * 8:
        env.step(action)
    assert process_time() - began < 40 / 150
