"""The tokenizer against the recorded one; markers and locations."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uio2_agent.errors import BadCheckpoint, BadInput
from uio2_agent.model.vocabulary import Tokenizer, added_pieces, location_number


@pytest.fixture(scope="module")
def arrays(golden):
    return golden("tokenizer")


@pytest.fixture(scope="module")
def proto(arrays) -> bytes:
    return arrays["base_model_proto"].tobytes()


@pytest.fixture(scope="module")
def tokenizer(proto) -> Tokenizer:
    return Tokenizer(proto)


def test_pieces_after_the_surgery_are_the_recorded_ones(tokenizer, arrays):
    want = json.loads(arrays["pieces_json"].tobytes())
    assert [tokenizer.piece(i) for i in range(tokenizer.size)] == want
    assert (tokenizer.size, tokenizer.base_size) == (1645, 420)


def test_texts_encode_and_decode_as_recorded(tokenizer, arrays):
    texts = json.loads(arrays["strings_json"].tobytes())
    decoded = json.loads(arrays["decoded_json"].tobytes())
    for i, (text, back) in enumerate(zip(texts, decoded, strict=True)):
        ids = tokenizer.encode(text)
        assert ids == arrays[f"ids_{i}"].tolist(), text
        assert tokenizer.decode([*ids, 1, 5, 6]) == back


def test_locations_are_the_recorded_ones(tokenizer, golden):
    bins = golden("bins")
    for value, number, llama_id, back in zip(
        bins["values"], bins["extra_id"], bins["llama_token_id"], bins["decoded_value"], strict=True
    ):
        token = tokenizer.location(value)
        assert location_number(value) == number
        assert token - tokenizer.base_size == llama_id - 32000
        assert tokenizer.location_value(token) == pytest.approx(back, abs=1e-12)
        assert tokenizer.piece(token) == f"▁<extra_id_{number}>"


def test_larger_locations_have_smaller_ids(tokenizer):
    assert tokenizer.location(1.0) == tokenizer.first_location_id == tokenizer.extra_id(1199)
    assert tokenizer.location(0.0) == tokenizer.last_location_id == tokenizer.extra_id(200)
    assert not tokenizer.is_location(tokenizer.extra_id(199))


@given(value=st.floats(0, 1))
def test_a_location_comes_back_within_one_bin(value):
    back = (location_number(value) - 200) / 999
    assert value - 1 / 999 - 1e-6 <= back <= value + 1e-6


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_location_outside_the_unit_interval_is_refused(tokenizer, value):
    with pytest.raises(BadInput, match="location"):
        tokenizer.location(value)


def test_ids_that_are_no_locations_are_refused(tokenizer):
    for token in (5, tokenizer.first_location_id - 1, tokenizer.last_location_id + 1):
        with pytest.raises(BadInput):
            tokenizer.location_value(token)
    for number in (-1, 1200):
        with pytest.raises(BadInput):
            tokenizer.extra_id(number)


def test_a_marker_is_one_piece_only_after_one_space(tokenizer):
    marker = tokenizer.encode("<image_history_3>")
    assert len(marker) == 1
    assert tokenizer.encode("a <image_history_3> b").count(marker[0]) == 1
    assert marker[0] not in tokenizer.encode("a<image_history_3>")


def test_decoding_stops_at_eos_and_survives_ids_beyond_the_vocabulary(tokenizer):
    ids = tokenizer.encode("a dog")
    assert tokenizer.decode([*ids, tokenizer.EOS, *ids]) == "a dog"
    assert tokenizer.decode([*ids, tokenizer.size + 7, -3]).startswith("a dog")


def test_llama_gets_the_published_layout():
    pieces = added_pieces()
    assert len(pieces) == 1225
    at = {32000 + i: piece for i, piece in enumerate(pieces)}
    assert at[32999] == "<extra_id_200>" and at[33199] == "<extra_id_0>"
    assert at[33200] == "<image_history_1>" and at[33215] == "<audio_history_8>"
    assert at[33218] == "[Text]▁[S]" and at[33224] == "[Audio]▁[R]"


def test_a_tokenizer_survives_pickling(tokenizer):
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.encode("find the red box") == tokenizer.encode("find the red box")


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path, proto, tokenizer):
    path = tmp_path / "tokenizer.model"
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        Tokenizer.from_file(path)
    for content in (b"", b"hello world", proto[: len(proto) // 2], bytes(300), b"\xff" * 40):
        path.write_bytes(content)
        with pytest.raises(BadCheckpoint, match="tokenizer.model"):
            Tokenizer.from_file(path)
    path.write_bytes(proto)
    assert Tokenizer.from_file(path).size == tokenizer.size


def test_a_file_of_another_size_than_asked_for_is_refused(tmp_path, proto):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(proto)
    assert Tokenizer.from_file(path, base_size=420).base_size == 420
    with pytest.raises(BadCheckpoint, match="has 420 pieces, not 32000. Give the tokenizer.model"):
        Tokenizer.from_file(path, base_size=32000)
