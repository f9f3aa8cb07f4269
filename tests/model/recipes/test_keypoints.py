"""Seventeen joints, however the model feels about it."""

import pytest
import torch

from uio2_agent.model.recipes import keypoints
from uio2_agent.model.recipes.keypoints import JOINTS, Grammar


def play(grammar: Grammar, choose) -> list[int]:
    """An answer in which `choose` picks among what is allowed."""
    tokens: list[int] = []
    while True:
        choices = grammar([tokens])[0].nonzero()[:, 0].tolist()
        token = choose(choices)
        if token == 1:
            return tokens
        tokens.append(token)


@pytest.mark.parametrize("unseen", [False, True])
def test_every_answer_has_all_joints_on_the_picture(predictor, picture, unseen):
    found = keypoints.pose(predictor, picture, (20, 10, 90, 60), unseen=unseen)
    assert tuple(found.joints) == JOINTS and len(JOINTS) == 17
    for point in found.joints.values():
        if point is None:
            assert unseen
        else:
            assert 0 <= point[0] <= 150 and 0 <= point[1] <= 100


def test_joints_come_back_in_pixels_of_the_picture(scripted, tokenizer, picture, bins):
    places = {name: (5.0 + 8 * i, 90.0 - 5 * i) for i, name in enumerate(JOINTS)}
    scripted.script = []
    for name, (x, y) in places.items():
        scripted.script += bins(picture, x, y, x, y)[:2] + tokenizer.encode(name)
    found = keypoints.pose(scripted, picture, (0, 0, 150, 100))
    for name, point in found.joints.items():
        assert point == pytest.approx(places[name], abs=0.2)


def test_the_answer_reads_as_the_model_was_taught(tokenizer):
    tokens = play(Grammar(tokenizer, 1664), min)
    text = tokenizer.decode(tokens)
    assert text.startswith("<extra_id_1199> <extra_id_1199> nose <extra_id_1199>")
    assert text.endswith("right ankle") and "MISSING" not in text


def test_a_joint_may_be_missing_if_that_is_asked_for(tokenizer):
    grammar = Grammar(tokenizer, 1664, unseen=True)
    missing = tokenizer.encode("MISSING")[0]
    tokens = play(grammar, lambda choices: missing if missing in choices else choices[0])
    assert tokenizer.decode(tokens).startswith("MISSING nose MISSING left eye")
    assert grammar.parse(tokens) == dict.fromkeys(JOINTS) and len(tokens) < grammar.longest

    turn = iter([False, True] * 17)

    def alternate(choices: list[int]) -> int:
        at_a_joint = missing in choices and len(choices) > 1
        return missing if at_a_joint and next(turn) else choices[-1]

    tokens = play(grammar, alternate)
    places = list(grammar.parse(tokens).values())
    assert [place is None for place in places] == [bool(i % 2) for i in range(17)]


def test_everyone_who_is_found_gets_joints(predictor, picture, monkeypatch):
    from uio2_agent.model.recipes.regions import Region

    people = [Region((10, 10, 60, 60), "person"), Region((80, 20, 140, 90), "person")]
    asked: dict[str, object] = {}

    def found(predictor, image, phrase, threshold):
        asked.update(phrase=phrase, threshold=threshold)
        return people

    monkeypatch.setattr(keypoints, "localise", found)
    poses = keypoints.keypoints(predictor, picture)
    assert [pose.box for pose in poses] == [person.box for person in people]
    assert asked == {"phrase": "person", "threshold": 0.5}


def test_rows_of_a_batch_are_at_their_own_places(tokenizer):
    grammar = Grammar(tokenizer, 1664)
    whole = play(grammar, max)
    for cut in (0, 1, 2, 3, len(whole)):
        together = grammar([whole[:cut], []])
        assert torch.equal(together[:1], grammar([whole[:cut]]))
