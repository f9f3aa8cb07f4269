"""Task 15; what it shares with task 14 is in test_same_texture.py."""

from uio2_agent.envs.tabletop.catalogue import SHAPES, Profile
from uio2_agent.envs.tabletop.tasks import sample

L1, L3 = "placement_generalization", "novel_object_generalization"


def profile(body):
    return SHAPES[body.shape].profile


def test_two_of_three_movables_have_the_profile_of_the_container():
    for level in (L1, L3):
        profiles = set()
        for seed in range(150):
            scenario = sample("same_shape", level, seed=seed)
            base, one, two, other = scenario.bodies
            assert profile(one) is profile(two) is profile(base) is not profile(other)
            assert {goal.obj_id for goal in scenario.goals} == {one.obj_id, two.obj_id}
            assert scenario.distractors == (other.obj_id,)
            profiles.add(profile(base))
        assert profiles == {Profile.SQUARE, Profile.CIRCLE}


def test_the_odd_one_has_a_texture_of_its_own():
    for seed in range(150):
        _, one, two, other = sample("same_shape", L3, seed=seed).bodies
        assert other.texture not in (one.texture, two.texture)


def test_the_prompt_reads_as_upstream():
    scenario = sample("same_shape", seed=0)
    template = "Put all objects with the same profile as {base_obj} into it."
    assert scenario.prompt.template == template
    base = scenario.bodies[0]
    words = sample("same_shape", prompt="words", seed=0).prompt.text
    name = f"{base.texture} {base.shape}"
    assert words == f"Put all objects with the same profile as the {name} into it."
