"""Words, pictures and sounds become the recorded inputs, or a sentence that says why not."""

import numpy as np
import pytest
import torch

from uio2_agent.errors import BadInput, BadSetting, UnknownName
from uio2_agent.model.config import SIZES
from uio2_agent.model.inputs import Patches
from uio2_agent.model.preprocessor import Example, InputCut, Preprocessor
from uio2_agent.model.prompt_text import AUDIO, IMAGE
from uio2_agent.model.sound import SEGMENT
from uio2_agent.model.target_signals import Answer
from uio2_agent.model.vocabulary import Tokenizer

PICTURE = np.random.default_rng(0).integers(0, 256, (100, 150, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def preprocessor(golden):
    tokenizer = Tokenizer(golden("tokenizer")["base_model_proto"].tobytes())
    return Preprocessor(tokenizer, SIZES["tiny"])


@pytest.fixture(scope="module")
def pictures(golden):
    arrays = golden("image_pre")
    return {k.removesuffix(".image_uint8"): v for k, v in arrays.items() if "uint8" in k}


def check_patches(matches, ours: Patches, recorded: dict, name: str, stride: tuple) -> None:
    matches(ours.pixels[0][stride], recorded[f"{name}.input_stride"], atol=1e-4)


def test_a_question_about_a_box_is_the_recorded_one(golden, matches, preprocessor, pictures):
    recorded = golden("preprocess")
    prepared = preprocessor(
        Example("find the red box {box} please", pictures["up_100x150"], boxes=[(20, 10, 90, 60)])
    )
    inputs = prepared.inputs
    assert inputs.text[0].tolist() == recorded["refbox.inputs.text.tokens"].tolist()
    stride = np.s_[::9, ::7]
    check_patches(matches, inputs.image, recorded, "refbox.inputs.image", stride)
    for part in ("mask", "pos_ids"):
        want = recorded[f"refbox.inputs.image.{part}"]
        assert getattr(inputs.image, part)[0].int().tolist() == want.tolist()
    matches(prepared.infos[0], recorded["refbox.meta.image_info"], atol=1e-6)
    assert inputs.audio is inputs.audio_history is inputs.image_history is None


def test_a_question_about_a_sound_is_the_recorded_one(golden, matches, preprocessor):
    recorded = golden("preprocess")
    inputs = preprocessor(
        Example("what is this sound", audio=golden("mel")["waveform_int16"])
    ).inputs
    assert inputs.text[0].tolist() == recorded["audio.inputs.text.tokens"].tolist()
    matches(
        inputs.audio.pixels[0][::2, ::4], recorded["audio.inputs.audio.input_stride"], atol=1e-4
    )
    for part in ("mask", "pos_ids"):
        want = recorded[f"audio.inputs.audio.{part}"]
        assert getattr(inputs.audio, part)[0].int().tolist() == want.tolist()


def test_a_history_is_the_recorded_one(golden, matches, preprocessor, pictures):
    recorded = golden("preprocess")
    frames = [pictures["up_100x150"], pictures["odd_333x517"]]
    inputs = preprocessor(Example("first", image_history=frames)).inputs
    assert inputs.text[0].tolist() == recorded["hist.inputs.text.tokens"].tolist()
    stride = np.s_[:2, ::8, ::8]
    check_patches(matches, inputs.image_history, recorded, "hist.inputs.image_history", stride)
    want = recorded["hist.inputs.image_history.mask"]
    assert inputs.image_history.mask[0].int().tolist() == want[:2].tolist() and not want[2:].any()
    text = preprocessor.targets(Answer("a dog")).text
    assert text.tolist() == [recorded["hist.targets.text.targets"].tolist()]


def test_a_picture_to_paint_is_the_recorded_one(golden, matches, preprocessor, pictures):
    recorded = golden("preprocess")
    inputs = preprocessor(Example("a red box", prefix=IMAGE)).inputs
    assert inputs.text[0].tolist() == recorded["imggen.inputs.text.tokens"].tolist()
    image = preprocessor.targets(Answer(image=pictures["up_100x150"])).image
    ours = image.signal[0].permute(1, 2, 0) * 2 - 1
    # Recorded with -1 where there is no picture, as zeros become.
    matches(ours[::2, ::2], recorded["imggen.targets.image.image_stride2"], atol=2e-4)
    for part in ("mask", "loss_mask", "task_mask"):
        want = recorded[f"imggen.targets.image.{part}"]
        assert getattr(image, part)[0].int().tolist() == want.tolist()


def test_rows_of_a_batch_are_what_they_are_alone(preprocessor, pictures):
    sound = np.sin(np.arange(2 * SEGMENT) / 9).astype(np.float32)
    examples = [
        Example("find {box} in <image_input>", pictures["up_100x150"], boxes=[(20, 10, 90, 60)]),
        Example("<image_history_1> then", image_history=[PICTURE, PICTURE[:, :70]]),
        Example("what a sound", audio=sound),
    ]
    together = preprocessor(*examples).inputs
    for i, example in enumerate(examples):
        alone = preprocessor(example).inputs
        length = alone.text.shape[1]
        assert torch.equal(together.text[i, :length], alone.text[0])
        assert not together.text[i, length:].any()
        for name in ("image", "image_history", "audio", "audio_history"):
            whole, part = getattr(together, name), getattr(alone, name)
            if part is None:
                assert not whole.mask[i].any() and not whole.pixels[i].any()
            else:
                assert torch.equal(whole.mask[i], part.mask[0])
                assert torch.equal(whole.pixels[i], part.pixels[0])


def test_what_it_prepares_is_what_the_model_reads(tiny, preprocessor):
    sound = np.random.default_rng(0).normal(size=3 * SEGMENT).clip(-1, 1) / 3
    examples = [Example("all", PICTURE, [PICTURE] * 2, sound), Example("")]
    inputs = preprocessor(*examples).inputs
    answers = [Answer("yes", PICTURE, audio=sound[:SEGMENT]), Answer("no")]
    targets = preprocessor.targets(*answers).quantised(tiny)
    with torch.inference_mode():
        logits = tiny(inputs, targets)
    assert {name: part.shape[:2] for name, part in logits.items()} == {
        "text": targets.text.tokens.shape,
        "image": (2, 1024),
        "audio": (2, 512),
    }
    assert all(part[0].isfinite().all() for part in logits.values())
    assert targets.image.mask[0].any() and not targets.image.mask[1].any()
    assert targets.audio.mask[0].all() and not targets.audio.mask[1].any()


def test_an_empty_text_is_just_its_prefix(preprocessor):
    ids = preprocessor(Example("")).inputs.text[0].tolist()
    assert ids == [*preprocessor.tokenizer.encode("[Text] [S]"), preprocessor.tokenizer.EOS]


def test_a_long_text_is_cut_and_the_user_told_what_is_missing(preprocessor):
    text = "a dog " * 600 + "the last words"
    with pytest.warns(InputCut, match="511 are read; left out.*the last words"):
        ids = preprocessor(Example(text)).inputs.text
    assert ids.shape == (1, 512) and ids[0, -1] == preprocessor.tokenizer.EOS


def test_of_a_text_far_too_long_beginning_and_end_are_told(preprocessor):
    with pytest.warns(InputCut, match="left out: '.* characters .*the last words'") as told:
        preprocessor(Example("a dog " * 6000 + "the last words"))
    assert len(str(told[0].message)) < 500


def test_a_text_that_just_fits_is_not_cut(preprocessor, recwarn):
    room = preprocessor(Example("a" * 40)).inputs.text.shape[1]
    assert room < 512 and not [w for w in recwarn if w.category is InputCut]


def test_the_first_frames_of_a_long_history_are_kept(golden):
    tokenizer = Tokenizer(golden("tokenizer")["base_model_proto"].tobytes())
    four = Preprocessor(tokenizer, SIZES["tiny"], slots=4)
    frames = [np.full((32, 32, 3), 40 * i, np.uint8) for i in range(6)]
    with pytest.warns(InputCut, match="6 pictures: only the first 4"):
        kept = four(Example("", image_history=frames)).inputs.image_history
    wanted = four(Example("", image_history=frames[:4])).inputs.image_history
    assert isinstance(kept, Patches) and isinstance(wanted, Patches)
    assert torch.equal(kept.pixels, wanted.pixels)


def test_a_long_sound_keeps_its_first_segments_and_its_last(preprocessor):
    levels = np.repeat(np.linspace(0.05, 0.9, 11), SEGMENT) * np.sin(np.arange(11 * SEGMENT) / 5)
    with pytest.warns(InputCut, match="only the first 8"):
        inputs = preprocessor(Example("", audio=levels.astype(np.float32))).inputs
    last = preprocessor(Example("", audio=levels[-SEGMENT:].astype(np.float32))).inputs
    assert inputs.audio_history.mask.shape == (1, 8, 128)
    assert torch.equal(inputs.audio.pixels, last.audio.pixels)
    loudness = inputs.audio_history.pixels.mean(dim=(2, 3))[0]
    assert (loudness.diff() > 0).all()  # oldest first


def test_a_sound_file_is_the_sound(tmp_path, preprocessor):
    from uio2_agent.model.audio_files import write_audio

    wave = (np.sin(np.arange(20_000) / 7) * 0.5).astype(np.float32)
    path = write_audio(tmp_path / "a.wav", wave)
    from_file = preprocessor(Example("", audio=path)).inputs.audio.pixels
    in_hand = preprocessor(Example("", audio=(wave, 16_000))).inputs.audio.pixels
    assert (from_file - in_hand).abs().median() < 1e-2


def test_silence_is_masked(preprocessor):
    inputs = preprocessor(Example("hush", audio=np.zeros(9000, np.float32))).inputs
    assert not inputs.audio.mask.any() and inputs.audio_history is None


@pytest.mark.parametrize(
    ("example", "told"),
    [
        (Example("where is <image_history_1>"), "at most 0 of image_history"),
        (Example("where is <image_input>"), "at most 0 of image_input"),
        (Example("a<audio_history_1>", audio=np.ones(9000)), "at most 0 of audio_history"),
        (Example("<image_history_9>", image_history=[PICTURE]), "<image_history_8>"),
        (Example("<image_history_>"), "for example"),
        (Example("<extra_id_1200>"), "<extra_id_1199>"),
        (Example("[Video] [S] dance"), r"one of \[Text\] \[S\]"),
        (Example("[Image] [S] dance"), r"a prefix for \[Text\]"),
        (Example("at {box}", PICTURE), "boxes is 0, expected 1"),
        (Example("at", PICTURE, boxes=[(0, 0, 5, 5)]), "boxes is 1, expected 0"),
        (Example("at {box}", boxes=[(0, 0, 5, 5)]), "the picture they lie on"),
        (Example("at {box}", PICTURE, boxes=[(9, 0, 5, 5)]), "150 wide and 100 high"),
        (Example("at {box}", PICTURE, boxes=[(150, 0, 170, 5)]), "150 wide and 100 high"),
        (Example("at {box}", PICTURE, boxes=[(0, np.nan, 5, 5)]), "150 wide and 100 high"),
        (Example("\ud800"), "Unicode"),
        (Example(None), "a string"),  # type: ignore[arg-type]
        (Example("", audio=np.full(9000, np.nan)), "not finite"),
    ],
)
def test_what_cannot_be_asked_is_refused(preprocessor, example, told):
    with pytest.raises(BadInput, match=told):
        preprocessor(example)


def test_a_modality_the_model_was_built_without_is_refused(golden):
    from dataclasses import replace

    tokenizer = Tokenizer(golden("tokenizer")["base_model_proto"].tobytes())
    deaf = replace(SIZES["tiny"], inputs=("text", "image"), targets=("text",))
    preprocessor = Preprocessor(tokenizer, deaf)
    for example in (Example("", audio=np.ones(9000)), Example("", image_history=[PICTURE])):
        with pytest.raises(BadInput, match="only text, image"):
            preprocessor(example)
    with pytest.raises(BadInput, match="only text, which"):
        preprocessor.targets(Answer(image=PICTURE))


def test_impossible_settings_are_refused(golden, preprocessor):
    with pytest.raises(BadSetting, match="from 0 to 8"):
        Preprocessor(preprocessor.tokenizer, SIZES["tiny"], slots=9)
    from dataclasses import replace

    small = replace(SIZES["tiny"], text_vocab_size=1024)
    with pytest.raises(BadSetting, match="1024"):
        Preprocessor(preprocessor.tokenizer, small)
    with pytest.raises(UnknownName, match="Did you mean"):
        preprocessor(Example("", prefix="[Text] [Z]"))
    with pytest.raises(BadInput, match="at least one"):
        preprocessor()


def test_masks_of_a_target_follow_its_picture(preprocessor):
    left = np.zeros((100, 150), bool)
    left[:, :75] = True
    image = preprocessor.targets(Answer(image=PICTURE, image_mask=left, hidden=~left)).image
    counts, hidden = (m.view(32, 32) for m in (image.loss_mask[0], image.task_mask[0]))
    assert counts[:, :16].any() and not counts[:, 16:].any()
    assert torch.equal(hidden | counts, image.mask[0].view(32, 32)) and not (hidden & counts).any()
    with pytest.raises(BadInput, match="image_mask"):
        preprocessor.targets(Answer(image=PICTURE, image_mask=left[:50]))


def test_a_sound_to_make_is_one_segment(preprocessor):
    with pytest.raises(BadInput, match="of 2 segments"):
        preprocessor.targets(Answer(audio=np.ones(2 * SEGMENT)))
    audio = preprocessor.targets(Answer(audio=np.ones(1000)), Answer("none")).audio
    assert audio.signal.shape == (2, 256, 128) and audio.mask.shape == (2, 512)


def test_an_audio_prompt_has_the_audio_prefix(preprocessor):
    ids = preprocessor(Example("rain", prefix=AUDIO)).inputs.text[0].tolist()
    assert preprocessor.tokenizer.piece(ids[0]) == "▁[Audio]▁[S]"
