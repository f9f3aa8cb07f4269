"""Questions answered in words: what is asked, with what, and how long the answer may be."""

import numpy as np
import pytest

from uio2_agent.errors import BadInput
from uio2_agent.model.recipes import language
from uio2_agent.model.recipes.predictor import Predictor


class Asked(Predictor):
    """Keeps what it was asked, with how many tokens, and answers 'yes'."""

    def ask(self, example, *, max_new_tokens=512):
        self.example, self.limit = example, max_new_tokens
        self.read(example)
        return "yes"


@pytest.fixture
def asked(small, tokenizer) -> Asked:
    return Asked(small, tokenizer)


def test_a_question_asks_for_a_short_answer(asked, picture):
    assert language.vqa(asked, picture, "What is {this}?") == "yes"
    assert asked.example.text == "What is {this}? Short answer:" and asked.limit == 32


def test_captions_have_their_prompts_and_limits(asked, picture):
    language.caption(asked, picture)
    assert (asked.example.text, asked.limit) == ("Write a caption", 64)
    language.audio_caption(asked, np.ones(90_000, np.float32))
    assert asked.limit == 64 and "audio" in asked.example.text


def test_of_a_video_the_last_frame_is_the_picture(asked):
    film = [np.full((20, 20, 3), 20 * i + 20, np.uint8) for i in range(10)]
    language.video_tag(asked, film)
    seen = [frame[0, 0, 0] for frame in (*asked.example.image_history, asked.example.image)]
    assert seen == [20 * i + 20 for i in (1, 3, 5, 7, 9)] and asked.limit == 16
    language.video_caption(asked, film[:1])
    assert len(asked.example.image_history) == 0 and asked.limit == 64


def test_answers_of_a_model_are_words(predictor, picture):
    answers = {
        language.vqa(predictor, picture, "what?"),
        language.caption(predictor, picture),
        language.video_tag(predictor, [picture] * 3),
        language.audio_caption(predictor, np.sin(np.arange(90_000) / 9)),
    }
    assert all(isinstance(answer, str) for answer in answers)
    assert language.vqa(predictor, picture, "") == language.vqa(predictor, picture, "")


def test_the_chosen_option_has_the_least_loss(predictor, picture):
    options = ["a dog", "cat", "two red boxes"]
    choice = language.categorise(predictor, picture, options)
    assert list(choice.losses) == options
    assert choice.losses[choice.label] == min(choice.losses.values())
    shuffled = language.categorise(predictor, picture, options[::-1])
    assert shuffled.label == choice.label
    assert shuffled.losses == pytest.approx(choice.losses, abs=1e-4)


def test_a_region_is_told_from_another(predictor, picture):
    options = ["a dog", "cat"]
    one = language.region_class(predictor, picture, (0, 0, 50, 50), options)
    other = language.region_class(predictor, picture, (80, 20, 150, 100), options)
    assert one.losses != other.losses


def test_no_options_are_refused(predictor, picture):
    with pytest.raises(BadInput, match="options"):
        language.categorise(predictor, picture, [])
