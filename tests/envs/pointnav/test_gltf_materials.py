"""What a material makes of a picture: wrapping, filter, factor, transform, and what is refused."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from uio2_agent.envs.pointnav.gltf_document import Document
from uio2_agent.envs.pointnav.gltf_materials import Materials
from uio2_agent.errors import BadScene

PICTURE = np.random.default_rng(0).integers(0, 256, (4, 8, 3), np.uint8)


def encoded(picture=PICTURE, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


def read(folder, info=None, sampler=None, texture=None, image=None, **pbr):
    """The material and textures of a file with one picture."""
    data = "data:image/png;base64," + base64.b64encode(encoded()).decode()
    base = {"baseColorTexture": {"index": 0, **(info or {})}, **pbr}
    content = {
        "asset": {"version": "2.0"},
        "materials": [{"pbrMetallicRoughness": base}],
        "textures": [texture if texture is not None else {"source": 0, "sampler": 0}],
        "samplers": [sampler or {}],
        "images": [image or {"uri": data}],
    }
    (folder / "file.gltf").write_text(json.dumps(content))
    materials = Materials(Document(folder / "file.gltf"))
    return materials.read(0), materials.in_order()[0]


def test_by_default_a_texture_repeats_and_is_smooth(tmp_path):
    material, (texture,) = read(tmp_path)
    np.testing.assert_array_equal(texture.picture, PICTURE)
    assert texture.repeat and not texture.nearest
    assert material.factor.tolist() == [1, 1, 1] and material.wraps == (True, True)


def test_samplers_clamp_and_draw_squares(tmp_path):
    sampler = {"wrapS": 33071, "wrapT": 33071, "magFilter": 9728}
    _, (texture,) = read(tmp_path, sampler=sampler)
    assert not texture.repeat and texture.nearest


def test_mirrored_repeating_is_repeating_of_a_mirrored_picture(tmp_path):
    material, (texture,) = read(tmp_path, sampler={"wrapS": 33648})
    np.testing.assert_array_equal(texture.picture, np.hstack([PICTURE, PICTURE[:, ::-1]]))
    np.testing.assert_allclose(material.matrix @ [1.0, 1.0, 1.0], [0.5, 1.0])


def test_the_factor_is_kept_without_its_alpha(tmp_path):
    material, _ = read(tmp_path, baseColorFactor=[0.25, 0.5, 0.75, 0.1])
    assert material.factor.tolist() == [0.25, 0.5, 0.75]


def test_a_texture_transform_turns_scales_and_shifts(tmp_path):
    transform = {"offset": [0.1, 0.2], "rotation": np.pi / 2, "scale": [2, 3], "texCoord": 1}
    info = {"extensions": {"KHR_texture_transform": transform}}
    material, _ = read(tmp_path, info)
    # Scaled (1, 0) is (2, 0); a quarter turn counter-clockwise, v pointing down, makes it (0, -2).
    np.testing.assert_allclose(material.matrix @ [1, 0, 1], [0.1, 0.2 - 2], atol=1e-12)
    np.testing.assert_allclose(material.matrix @ [0, 1, 1], [0.1 + 3, 0.2], atol=1e-12)
    assert material.texcoord == 1


def test_without_a_material_all_is_white(tmp_path):
    (tmp_path / "file.gltf").write_text(json.dumps({"asset": {"version": "2.0"}}))
    materials = Materials(Document(tmp_path / "file.gltf"))
    assert materials.read(None).factor.tolist() == [1, 1, 1]
    assert (materials.in_order()[0][0].picture == 255).all()


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_picture_beside_the_file_is_read(tmp_path, name):
    flat = np.full((8, 8, 3), 120, np.uint8)
    (tmp_path / name).write_bytes(encoded(flat, "PNG" if name == "a.png" else "JPEG"))
    _, (texture,) = read(tmp_path, image={"uri": name})
    assert np.abs(texture.picture.astype(int) - 120).max() <= 1


@pytest.mark.parametrize("mode", ["P", "L", "RGBA", "I;16"])
def test_pictures_of_other_kinds_become_rgb(tmp_path, mode):
    picture = Image.fromarray(PICTURE)
    grey = Image.fromarray(np.full((4, 8), 3000, np.uint16))
    (grey if mode == "I;16" else picture.convert(mode)).save(tmp_path / "a.png")
    _, (texture,) = read(tmp_path, image={"uri": "a.png"})
    assert texture.picture.shape == (4, 8, 3) and texture.picture.dtype == np.uint8


@pytest.mark.parametrize(
    "parts",
    [
        {"texture": {"extensions": {"KHR_texture_basisu": {"source": 0}}}},
        {
            "image": {
                "uri": "data:;base64," + base64.b64encode(b"\xabKTX 20\xbb\r\n\x1a\n").decode()
            }
        },
    ],
)
def test_basis_textures_are_named_with_the_simulator_that_reads_them(tmp_path, parts):
    with pytest.raises(BadScene, match="Basis/KTX2.*uio2/HabitatPointNav-v0"):
        read(tmp_path, **parts)


def test_a_picture_too_large_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("uio2_agent.envs.pointnav.gltf_materials._MOST_TEXELS", 31)
    with pytest.raises(BadScene, match="8 x 4 texels. Export it with smaller textures"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("EXT_texture_webp", {"texture": {"extensions": {"EXT_texture_webp": {"source": 0}}}}),
        ("wrap modes", {"sampler": {"wrapS": 5}}),
        ("number 3 of 1 textures", {"info": {"index": 3}}),
        ("number 4 of 1 samplers", {"texture": {"source": 0, "sampler": 4}}),
        ("number 9 of 1 images", {"texture": {"source": 9}}),
        ("baseColorFactor", {"baseColorFactor": [1, 1]}),
        ("picture 0 that cannot be read", {"image": {"uri": "data:,GIF89a"}}),
        ("a.png", {"image": {"uri": "a.png"}}),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, said, parts):
    with pytest.raises(BadScene, match=said):
        read(tmp_path, **parts)
