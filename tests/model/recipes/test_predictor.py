"""One model, asked about one example at a time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from uio2_agent.errors import BadCheckpoint, BadSetting
from uio2_agent.model.checkpoint import save
from uio2_agent.model.preprocessor import Example
from uio2_agent.model.prompt_text import IMAGE
from uio2_agent.model.recipes import predictor as module
from uio2_agent.model.recipes.predictor import Predictor
from uio2_agent.model.sampling import Sampling
from uio2_agent.model.vocabulary import Tokenizer

GOLDEN = Path(__file__).parents[2] / "golden" / "model"


@pytest.fixture
def folder(tmp_path, small, golden):
    save(small, tmp_path / "model")
    proto = golden("tokenizer")["base_model_proto"].tobytes()
    (tmp_path / "model" / "tokenizer.model").write_bytes(proto)
    return tmp_path / "model"


def test_a_saved_model_answers_as_before(folder, predictor, picture):
    loaded = Predictor.load(folder)
    example = Example("what is this?", picture)
    assert loaded.tokens(example, max_new_tokens=9) == predictor.tokens(example, max_new_tokens=9)
    assert loaded.score(example, ["a", "b"]) == pytest.approx(predictor.score(example, ["a", "b"]))


def test_a_folder_without_a_tokenizer_needs_one(folder, tmp_path):
    words = (folder / "tokenizer.model").rename(tmp_path / "words.model")
    with pytest.raises(BadCheckpoint, match="has no tokenizer.model"):
        Predictor.load(folder)
    assert Predictor.load(folder, tokenizer=words).tokenizer.size == 1645


def test_a_tokenizer_of_another_model_is_refused(folder, tmp_path):
    (tmp_path / "other.model").write_bytes(b"none of ours")
    with pytest.raises(BadCheckpoint, match="other.model"):
        Predictor.load(folder, tokenizer=tmp_path / "other.model")


def test_a_released_folder_answers_as_its_weights_do(tmp_path, monkeypatch, official, tiny, golden):
    save_file(official, tmp_path / "model.safetensors")
    config = (GOLDEN / "tiny_config.json").read_text()
    (tmp_path / "config.json").write_text(config)
    proto = golden("tokenizer")["base_model_proto"].tobytes()
    (tmp_path / "tokenizer.model").write_bytes(proto)
    with pytest.raises(BadCheckpoint, match="LLaMA"):
        Predictor.load(tmp_path)  # the toy tokenizer is none of a release
    monkeypatch.setattr(module, "load_tokenizer", Tokenizer.from_file)
    loaded = Predictor.load(tmp_path)
    question = Example("what?")
    there = Predictor(tiny, loaded.tokenizer)
    assert loaded.tokens(question, max_new_tokens=9) == there.tokens(question, max_new_tokens=9)


def test_weights_in_8_bits_answer_nearly_alike(folder, predictor, picture):
    small, example = Predictor.load(folder, int8=True), Example("what?", picture)
    options = ["a dog", "cat"]
    ours, theirs = small.score(example, options), predictor.score(example, options)
    assert ours == pytest.approx(theirs, abs=0.2) and ours != theirs


def test_a_hub_id_without_a_tokenizer_is_refused_before_anything_is_fetched():
    with pytest.raises(BadCheckpoint, match="not distributed with the weights"):
        Predictor.load("allenai/uio2-large")


def test_one_reading_serves_several_answers(predictor, picture):
    example = Example("what is this?", picture)
    reading = predictor.read(example)
    for _ in range(2):
        assert predictor.ask(reading, max_new_tokens=8) == predictor.ask(example, max_new_tokens=8)
        assert predictor.score(reading, ["a"]) == pytest.approx(predictor.score(example, ["a"]))


def test_answers_end_before_their_end_token(predictor):
    def end_third(rows):
        mask = torch.zeros(len(rows), 1664, dtype=torch.bool)
        mask[:, 1 if len(rows[0]) == 2 else 300] = True
        return mask

    assert predictor.tokens(Example("a"), allowed=end_third) == [300, 300]


def test_drawn_answers_repeat_with_their_seed(small, tokenizer):
    def drawn(seed: int) -> list[int]:
        sampling = Sampling(temperature=2.0)
        predictor = Predictor(small, tokenizer, seed=seed)
        return predictor.tokens(Example("tell"), max_new_tokens=20, sampling=sampling)

    assert drawn(0) == drawn(0) != drawn(1)


def test_tokens_are_told_as_they_come(predictor):
    told: list[int] = []
    written = predictor.tokens(
        Example("a"), max_new_tokens=6, on_tokens=lambda tokens: told.extend(tokens)
    )
    assert told[: len(written)] == written


def test_painted_pictures_are_floats_in_range(predictor, picture):
    painted = predictor.paint(Example("paint", picture, prefix=IMAGE))
    assert painted.shape == (3, 64, 64) and painted.dtype == torch.float32
    assert 0 <= painted.min() <= painted.max() <= 1


def test_in_bfloat16_every_kind_of_answer_still_comes(folder, picture):
    predictor = Predictor.load(folder, dtype=torch.bfloat16)
    assert predictor.model.text_table.weight.dtype == torch.bfloat16
    sound = np.sin(np.arange(150_000) / 9)
    example = Example("all of it", picture, [picture], sound)
    assert isinstance(predictor.ask(example, max_new_tokens=4), str)
    assert np.isfinite(predictor.score(example, ["yes"])).all()
    assert predictor.paint(Example("a", prefix=IMAGE)).isfinite().all()


def test_a_history_longer_than_the_model_is_refused(small, tokenizer):
    with pytest.raises(BadSetting, match="slots"):
        Predictor(small, tokenizer, slots=9)
