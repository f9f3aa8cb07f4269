"""`uio2 predict`, from the command line to the files it leaves."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from uio2_agent.errors import AgentError, BadSetting
from uio2_agent.launch import predict as launch
from uio2_agent.launch.main import main
from uio2_agent.launch.predict import device, rounded, verbatim
from uio2_agent.model.audio_files import read_audio, write_audio
from uio2_agent.model.checkpoint import save
from uio2_agent.model.config import SIZES, ViTVQGANConfig, VQGANConfig
from uio2_agent.model.unified import UnifiedIO2

GOLDEN = "tests/golden/model/tokenizer.npz"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder with random weights: pictures are 64 pixels wide and 64 tokens."""
    tiny = SIZES["tiny"]
    pixels = VQGANConfig(
        channels=32, multipliers=(1, 1, 1, 1), blocks=1, attention_sides=(), codes=250, size=64
    )
    mels = ViTVQGANConfig(
        width=32, heads=2, head_dim=16, layers=1, mlp_width=64, patch=32, codes=120, code_width=8
    )
    cfg = replace(
        tiny,
        image=replace(tiny.image, quantiser=pixels, target_grid=(8, 8)),
        audio=replace(tiny.audio, quantiser=mels, target_grid=(4, 8)),
    )
    folder = save(UnifiedIO2(cfg), tmp_path_factory.mktemp("model"))
    root = launch.__file__.rsplit("/launch/", 1)[0].removesuffix("/uio2_agent")
    with np.load(f"{root}/{GOLDEN}") as arrays:
        (folder / "tokenizer.model").write_bytes(arrays["base_model_proto"].tobytes())
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to be in, with a picture, a sound and a film."""
    monkeypatch.chdir(tmp_path)
    rows, cols = np.mgrid[:60, :90]
    scene = np.stack([rows * 4, cols * 2, 200 - rows - cols], axis=-1).astype(np.uint8)
    Image.fromarray(scene).save("scene.png")
    Image.fromarray(np.where(cols[..., None] > 45, 255, 0).repeat(3, 2).astype(np.uint8)).save(
        "mask.png"
    )
    pages = [Image.fromarray(np.roll(scene, 9 * i, axis=1)) for i in range(7)]
    pages[0].save("film.gif", save_all=True, append_images=pages[1:])
    write_audio("sound.wav", (np.sin(np.arange(20_000) / 9) * 0.5).astype(np.float32))
    return tmp_path


def predict(checkpoint, *arguments: str) -> dict:
    main(["predict", f"checkpoint={checkpoint}", "output_dir=out", "device=cpu", *arguments])
    with open("out/answer.json") as file:
        return json.load(file)


def answer(checkpoint, **settings) -> dict:
    """As `uio2 predict`, without Hydra's part, which takes longer than the rest."""
    given = {"checkpoint": str(checkpoint), "output_dir": "out", "device": "cpu", **settings}
    merged = OmegaConf.merge(OmegaConf.structured(launch.PredictConfig), given)
    assert isinstance(merged, DictConfig)
    launch.predict(merged)
    with open("out/answer.json") as file:
        return json.load(file)


SCENE_OPTIONS = ["image=scene.png", "box=[1,2,30,40]", "options=[a dog,cat]"]
SCENE = {"image": "scene.png"}
DRAWN = ["drawn.png"]
BOX = {"box": [1, 2, 30, 40]}


@pytest.mark.parametrize(
    ("task", "settings", "files"),
    [
        ("ask", {**SCENE, "text": "at <image_input> ?", "max_tokens": 9}, []),
        ("ask", {**BOX, "text": "at {box}", "video": "film.gif", "max_tokens": 9}, []),
        ("vqa", {**SCENE, "text": "Left, or right?"}, []),
        ("caption", SCENE, []),
        ("video_caption", {"video": "film.gif"}, []),
        ("video_tag", {"video": "film.gif"}, []),
        ("audio_caption", {"audio": "sound.wav"}, []),
        ("categorise", {**SCENE, "options": ["a dog", "cat"]}, []),
        ("region_class", {**SCENE, **BOX, "options": ["a", "b"]}, []),
        ("refexp", {**SCENE, "text": "the dog"}, DRAWN),
        ("localise", {**SCENE, "text": "the dog", "threshold": 0.0}, DRAWN),
        ("detect", SCENE, DRAWN),
        ("keypoint", {**SCENE, **BOX}, DRAWN),
        ("keypoint", SCENE, DRAWN),
        ("segment", {**SCENE, **BOX}, ["drawn.png", "mask0.png"]),
        ("segment", {**SCENE, "text": "dog"}, DRAWN),
        ("depth", {**SCENE, "max_depth": 3.0}, ["depth.npy", "drawn.png"]),
        ("normal", SCENE, ["drawn.png", "normals.npy"]),
        ("image", {"text": "a dog", "alpha": 2.0}, ["picture.png"]),
        ("edit", {**SCENE, "text": "redder"}, ["picture.png"]),
        ("inpaint", {**SCENE, "mask": "mask.png"}, ["picture.png"]),
        ("audio", {"text": "rain", "seconds": 0.5}, ["sound.wav"]),
    ],
)
def test_every_task_leaves_its_answer(place, checkpoint, task, settings, files):
    written = answer(checkpoint, task=task, **settings)
    assert sorted(written["files"]) == files
    left = sorted(path.name for path in (place / "out").iterdir())
    assert left == sorted([*files, "answer.json"])
    assert written["config"]["task"] == task
    for name in {"drawn.png", "mask0.png", *(["picture.png"] if "image" in settings else [])}:
        if name in files:
            assert Image.open(place / "out" / name).size == (90, 60)


def test_the_answer_is_printed_and_nothing_is_written_elsewhere(place, capsys, checkpoint):
    before = {path.name for path in place.iterdir()}
    written = predict(checkpoint, "task=region_class", *SCENE_OPTIONS)
    assert written["answer"]["label"] in ("a dog", "cat")
    out = capsys.readouterr().out
    assert written["answer"]["label"] in out and "wrote out/answer.json" in out
    assert {path.name for path in place.iterdir()} == before | {"out"}


def test_the_drawn_picture_differs_where_the_box_is(place, checkpoint):
    written = answer(checkpoint, task="refexp", **SCENE, text="the dog")
    x1, y1, x2, y2 = written["answer"][0]["box"]
    changed = (np.asarray(Image.open("out/drawn.png")) != np.asarray(Image.open("scene.png"))).any(
        axis=2
    )
    assert 0 <= x1 < x2 <= 90 and 0 <= y1 < y2 <= 60
    assert changed[int(y1) : int(y2) + 1, int(x1) : int(x2) + 1].any()


def test_made_things_have_the_size_asked_for(place, checkpoint):
    answer(checkpoint, task="audio", text="rain", seconds=0.5)
    assert read_audio("out/sound.wav").shape == (8000,)
    answer(checkpoint, task="depth", **SCENE, max_depth=3)
    metres = np.load("out/depth.npy")
    assert metres.shape == (60, 90) and 0 <= metres.min() <= metres.max() <= 3
    answer(checkpoint, task="inpaint", **SCENE, mask="mask.png")
    old, new = (np.asarray(Image.open(p)) for p in ("scene.png", "out/picture.png"))
    np.testing.assert_array_equal(old[:, :46], new[:, :46])
    assert (old[:, 46:] != new[:, 46:]).any()


@pytest.mark.parametrize(
    "text",
    [
        "it\\'s \\\\${x} ${y} 'a' \\${z}",
        "'",
        "'quoted",
        "'a' or 'b'",
        "Left, or right?",
        'What\'s "this"?',
        "a=b {c} [d] \\ $x ${y}",
        "ends in \\",
        "",
        "1",
    ],
)
def test_words_arrive_as_they_were_typed(text):
    override = OverridesParser.create().parse_override(verbatim(f"text={text}"))
    assert OmegaConf.to_container(OmegaConf.create({"t": override.value()}), resolve=True) == {
        "t": text
    }


def test_words_with_commas_and_quotes_pass_the_whole_way(place, checkpoint):
    text = 'What\'s left, or right? ("two") ${x}'
    written = predict(checkpoint, "task=vqa", "image=scene.png", f"text={text}")
    assert written["config"]["text"] == text


def test_other_settings_are_left_to_hydra():
    for argument in ("seed=1", "text=null", "text='a, b'", "--help", "options=[a,b]"):
        assert verbatim(argument) == argument


def test_a_picture_shows_its_progress(place, capsys, checkpoint):
    predict(checkpoint, "task=image", "text=a dog", "alpha=0")
    assert "64/64 tokens" in capsys.readouterr().err
    assert np.asarray(Image.open("out/picture.png")).shape == (64, 64, 3)


def test_a_cut_text_is_a_note(place, capsys, checkpoint):
    predict(checkpoint, "task=ask", "text=" + "a dog " * 600, "max_tokens=3")
    errors = capsys.readouterr().err
    assert errors.startswith("note: text of") and "left out: " in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["task=vqa", "image=scene.png"], "text is missing"),
        (["task=captoin"], "Did you mean 'caption'"),
        (["image=scene.png"], "task is missing"),
        (["task=caption", "imge=scene.png"], "Key 'imge' not in 'PredictConfig'"),
        (["task=caption", "image=none.png"], "image none.png is missing"),
    ],
)
def test_what_cannot_be_done_is_one_line(place, capsys, checkpoint, arguments, told):
    with pytest.raises(SystemExit) as left:
        predict(checkpoint, *arguments)
    captured = capsys.readouterr()
    assert left.value.code == 1 and captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("uio2 predict: ") and told in lines[0]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({**SCENE, "text": "a"}, "text is given"),
        ({"image": "sound.wav"}, "image sound.wav is unreadable"),
        ({"task": "audio_caption", "audio": "scene.png"}, "audio file scene.png"),
        ({**SCENE, "task": "keypoint", "box": [1, 2]}, "four numbers"),
        ({**SCENE, "task": "segment"}, "box is missing"),
        ({**SCENE, "task": "detect", "threshold": 3}, "threshold is 3"),
        ({**SCENE, "dtype": "float9"}, "Known: bfloat16, float32"),
        ({**SCENE, "device": "gpu"}, "device is gpu"),
        ({**SCENE, "checkpoint": "nowhere"}, "nowhere"),
        ({**SCENE, "tokenizer": "scene.png"}, "scene.png"),
        ({**SCENE, "vocoder": "nothing.safetensors"}, "nothing.safetensors"),
        ({**SCENE, "task": "ask", "text": "a", "video": "film.gif"}, "one of the two"),
    ],
)
def test_other_mistakes_are_errors_of_ours(place, checkpoint, settings, told):
    with pytest.raises(AgentError, match=told):
        answer(**{"checkpoint": checkpoint, "task": "caption", **settings})


def test_a_shipped_agent_can_be_asked(place):
    written = answer("nano", task="ask", text="at <image_input> ?", **SCENE, max_tokens=5)
    assert isinstance(written["answer"], str)


def test_devices_are_checked_before_anything_is_loaded():
    assert device("auto").type in ("cpu", "cuda") and device("cpu") == torch.device("cpu")
    with pytest.raises(BadSetting, match="GPUs here"):
        device("cuda:99")


def test_shown_numbers_are_short():
    assert rounded({"a": (1.23456, "b"), "c": 2}) == {"a": [1.23, "b"], "c": 2}
