"""Task 4."""

import math
import re
from collections import Counter

from uio2_agent.envs.tabletop.tasks import sample

SCENARIOS = [sample("rearrange", seed=seed) for seed in range(400)]


def in_the_way(scenario):
    *_, last = scenario.bodies
    return math.dist(last.xy, scenario.goals[0].xy) < 0.10


def test_there_are_one_two_or_three_objects_in_the_published_shares():
    counts = Counter(len(s.goals) for s in SCENARIOS)
    assert 130 < counts[1] < 190 and 130 < counts[2] < 190 and 55 < counts[3] < 105


def test_a_single_object_has_a_distractor_of_another_shape_on_its_target_half_of_the_time():
    single = [s for s in SCENARIOS if len(s.goals) == 1]
    assert all(not s.distractors for s in SCENARIOS if len(s.goals) > 1)
    for scenario in single:
        dragged, other = scenario.bodies
        assert scenario.distractors == (other.obj_id,)
        assert dragged.shape != other.shape
    assert 0.4 < sum(map(in_the_way, single)) / len(single) < 0.6


def test_nothing_else_starts_near_a_target():
    for scenario in SCENARIOS:
        movers = [b for b in scenario.bodies if b.obj_id not in scenario.distractors]
        for goal in scenario.goals:
            assert min(math.dist(b.xy, goal.xy) for b in movers) > 0.10


def test_the_scene_shows_the_movables_at_their_targets():
    for scenario in SCENARIOS[:30]:
        assert scenario.prompt.template == "Rearrange to this {scene}."
        shown = scenario.prompt.pictures["scene"].bodies
        assert [b.obj_id for b in shown] == list(range(2, 2 + len(scenario.goals)))
        assert tuple(b.xy for b in shown) == tuple(g.xy for g in scenario.goals)
        for picture, body in zip(shown, scenario.bodies, strict=False):
            assert (picture.shape, picture.texture) == (body.shape, body.texture)


def test_words_say_for_every_object_where_it_goes_to_the_centimetre():
    for seed in range(50):
        scenario = sample("rearrange", prompt="words", seed=seed)
        sentences = re.findall(
            r"Move the (.+?) to (\d+) cm from the top and (\d+) cm from the left\.",
            scenario.prompt.text,
        )
        assert len(sentences) == len(scenario.goals)
        for (name, top, left), goal, body in zip(
            sentences, scenario.goals, scenario.bodies, strict=False
        ):
            assert name == f"{body.texture} {body.shape}"
            said = (0.25 + int(top) / 100, -0.5 + int(left) / 100)
            assert math.dist(said, goal.xy) < 0.0075
