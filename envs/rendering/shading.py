"""Colour and depth of what is seen: the second half of a perspective picture.

Every pixel is coloured once, in stretches of one face along a row. Texture coordinates come from
the face's gradients (see `chunks`); the level of detail from their exact derivatives on the screen,
as OpenGL defines it: the longer of the two steps, in texels, that one pixel right or down makes.
"""

import numpy as np
from numba import njit

from uio2_agent.envs.rendering.chunks import VARYING
from uio2_agent.envs.rendering.filtering import (
    HEIGHT_SHIFT,
    LAST_SHIFT,
    REPEAT_SHIFT,
    filter_texels,
)
from uio2_agent.envs.rendering.mipmaps import (
    FIRST_OFFSET,
    HEIGHT_BITS,
    LAST_LEVEL,
    NEAREST,
    REPEAT,
    WIDTH_BITS,
)

_FAR_TEXEL = np.float32(2.0**22)  # so that 1/256 texels fit 31 bits
FIRST_TINT = 10
SETTINGS = FIRST_TINT + 12  # columns of `setup`


@njit(cache=True, nogil=True, error_model="numpy")
def _affine(gradient, at, camera, scale, out, first) -> None:
    """gradient (4,): value(depth, column, row) = out[0] + depth (out[1] + out[2] c + out[3] r)."""
    gx, gy, gz = gradient[at] * scale, gradient[at + 1] * scale, gradient[at + 2] * scale
    constant = gradient[at + 3] * scale
    focal, cx, cy = camera[4, 0], camera[4, 1], camera[4, 2]
    right = (gx * camera[1, 0] + gy * camera[1, 1] + gz * camera[1, 2]) / focal
    down = (gx * camera[2, 0] + gy * camera[2, 1] + gz * camera[2, 2]) / focal
    ahead = gx * camera[3, 0] + gy * camera[3, 1] + gz * camera[3, 2]
    out[first] = gx * camera[0, 0] + gy * camera[0, 1] + gz * camera[0, 2] + constant
    out[first + 1] = ahead + right * (0.5 - cx) + down * (0.5 - cy)
    out[first + 2] = right
    out[first + 3] = down


@njit(cache=True, nogil=True, error_model="numpy")
def _coordinates(s, row, first, z, x, y) -> None:
    """Texture coordinates along a stretch, in texels of level 0."""
    lu, lv = (
        np.float32(s[1] + s[2] * first + s[3] * row),
        np.float32(s[5] + s[6] * first + s[7] * row),
    )
    u, v, du, dv = np.float32(s[0]), np.float32(s[4]), np.float32(s[2]), np.float32(s[6])
    for i in range(z.shape[0]):
        x[i] = min(max(u + z[i] * (lu + du * np.float32(i)), -_FAR_TEXEL), _FAR_TEXEL)
        y[i] = min(max(v + z[i] * (lv + dv * np.float32(i)), -_FAR_TEXEL), _FAR_TEXEL)


@njit(cache=True, nogil=True, error_model="numpy")
def _squares(texels, table, texture, x, y, out) -> None:
    """Nearest texels of level 0 along a stretch of one texture."""
    row = table[texture]
    width_bits = row[WIDTH_BITS]
    columns, rows = (1 << width_bits) - 1, (1 << row[HEIGHT_BITS]) - 1
    start = row[FIRST_OFFSET]
    if row[REPEAT]:
        for i in range(out.shape[0]):
            c, r = int(np.floor(x[i])) & columns, int(np.floor(y[i])) & rows
            out[i] = texels[np.uint64(start + (r << width_bits) + c)]
    else:
        for i in range(out.shape[0]):
            c = min(max(int(np.floor(x[i])), 0), columns)
            r = min(max(int(np.floor(y[i])), 0), rows)
            out[i] = texels[np.uint64(start + (r << width_bits) + c)]


@njit(cache=True, nogil=True, error_model="numpy")
def _footprint(s, z, x, y, squared) -> None:
    """Squared length, in texels, of the longer step among one pixel right and one down."""
    u, v = np.float32(s[0]), np.float32(s[4])
    ur, ud, vr, vd = np.float32(s[2]), np.float32(s[3]), np.float32(s[6]), np.float32(s[7])
    qr, qd = np.float32(s[8]), np.float32(s[9])
    for i in range(z.shape[0]):
        a, b = x[i] - u, y[i] - v
        right = (ur - a * qr) ** 2 + (vr - b * qr) ** 2
        down = (ud - a * qd) ** 2 + (vd - b * qd) ** 2
        squared[i] = max(right, down) * z[i] * z[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _shades(s, row, first, z, shades) -> None:
    """Along a stretch, what its varying colour multiplies each channel by; shades: (3, n)."""
    for k in range(3):
        a = FIRST_TINT + 4 * k
        constant, right = np.float32(s[a]), np.float32(s[a + 2])
        start = np.float32(s[a + 1] + s[a + 2] * first + s[a + 3] * row)
        out = shades[k]
        for i in range(z.shape[0]):
            value = constant + z[i] * (start + right * np.float32(i))
            out[i] = min(max(value, np.float32(0)), np.float32(1))


@njit(cache=True, nogil=True, error_model="numpy")
def _constants(face, planes, uv, row, tint_gradient, varies, camera, s) -> None:
    """What a face's pixels share: affine functions of u and v in texels and of colours that vary,
    slopes of inverse depth."""
    if varies:
        for k in range(3):
            _affine(tint_gradient[face], 4 * k, camera, 1.0, s, FIRST_TINT + 4 * k)
    _affine(uv[face], 0, camera, float(1 << row[WIDTH_BITS]), s, 0)
    _affine(uv[face], 4, camera, float(1 << row[HEIGHT_BITS]), s, 4)
    n = planes[face]
    above = n[0] * camera[0, 0] + n[1] * camera[0, 1] + n[2] * camera[0, 2] - n[3]
    for k in range(2):
        r = camera[1 + k]
        s[8 + k] = -(n[0] * r[0] + n[1] * r[1] + n[2] * r[2]) / (above * camera[4, 0])


@njit(cache=True, nogil=True, error_model="numpy")
def _unpack(texel, rgb) -> None:
    for i in range(rgb.shape[0]):
        t = texel[i]
        rgb[i, 0] = t & 255
        rgb[i, 1] = (t >> 8) & 255
        rgb[i, 2] = (t >> 16) & 255


@njit(cache=True, nogil=True, error_model="numpy")
def _unpack_tinted(texel, shades, rgb) -> None:
    half = np.float32(0.5)
    for i in range(rgb.shape[0]):
        t = texel[i]
        rgb[i, 0] = np.uint8(np.float32(t & 255) * shades[0, i] + half)
        rgb[i, 1] = np.uint8(np.float32((t >> 8) & 255) * shades[1, i] + half)
        rgb[i, 2] = np.uint8(np.float32((t >> 16) & 255) * shades[2, i] + half)


@njit(cache=True, nogil=True, error_model="numpy")
def shade(
    planes,
    uv,
    paint,
    tint,
    tint_kind,
    tint_gradient,
    texels,
    table,
    camera,
    smooth,
    tinted,
    nearest,
    ids,
    made,
    setup,
    stamp,
    floats,
    integers,
    work,
    rgb,
    depth,
) -> None:
    """Colour a picture.

    Args:
        planes to tint_gradient: See `chunks.Chunks`. texels, table: `mipmaps.Mipmaps`.
        camera: (6, 3), see `visibility`.
        smooth: Filter with mip-maps, except textures that want squares; else nearest texels.
        tinted: Whether any face's tint is not PLAIN.
        nearest, ids: What `visibility.find_visible` wrote.
        made: (F,) int64, kept between pictures of this size, at first 0: where in `setup` the
            constants of a face are, counted from `stamp` times the number of pixels.
        setup: (H W, SETTINGS) float64, scratch: constants of the faces seen.
        stamp: Number of the picture, from 1.
        floats, integers: (6, n) float32 and (3, n) int32, scratch; n is W rounded up to a multiple
            of `filtering.BLOCK`. Zero beyond W.
        work: See `filtering.filter_texels`.
        rgb: (H, W, 3) uint8 and depth: (H, W) float32 in metres; written, 0 where nothing is.
    """
    height, width = ids.shape
    xs, ys, squares = floats[0], floats[1], floats[2]
    textures, kinds, found_texels = integers[0], integers[1], integers[2].view(np.uint32)
    base, used = stamp * ids.size, 0
    for row in range(height):
        found, distance, inverse, picture = ids[row], depth[row], nearest[row], rgb[row]
        for i in range(width):
            distance[i] = np.float32(1.0) / inverse[i] if found[i] >= 0 else np.float32(0.0)
        first = 0
        while first < width:
            face = found[first]
            end = first + 1
            while end < width and found[end] == face:
                end += 1
            if face < 0:
                found_texels[first:end] = 0
                textures[first:end] = 0
                kinds[first:end] = 0
                first = end
                continue
            texture, kind = paint[face], tint_kind[face]
            t, is_new = table[texture], made[face] < base
            if is_new:
                made[face] = base + used
                used += 1
            s = setup[made[face] - base]
            if is_new:
                _constants(face, planes, uv, t, tint_gradient, kind == VARYING, camera, s)
            z, x, y = distance[first:end], xs[first:end], ys[first:end]
            _coordinates(s, row, first, z, x, y)
            if kind == VARYING:
                _shades(s, row, first, z, floats[3:, first:end])
            elif tinted:
                for k in range(3):
                    floats[3 + k, first:end] = tint[face, k]
            if not smooth:
                _squares(texels, table, texture, x, y, found_texels[first:end])
            else:
                last = t[LAST_LEVEL]
                if t[NEAREST]:
                    last = 0
                    for i in range(x.shape[0]):
                        x[i] = np.floor(x[i]) + np.float32(0.5)
                        y[i] = np.floor(y[i]) + np.float32(0.5)
                else:
                    _footprint(s, z, x, y, squares[first:end])
                textures[first:end] = texture
                kinds[first:end] = (
                    t[WIDTH_BITS]
                    | t[HEIGHT_BITS] << HEIGHT_SHIFT
                    | last << LAST_SHIFT
                    | t[REPEAT] << REPEAT_SHIFT
                )
            first = end
        if smooth:
            filter_texels(texels, table, textures, kinds, xs, ys, squares, work, found_texels)
        if tinted:
            _unpack_tinted(found_texels, floats[3:], picture)
        else:
            _unpack(found_texels, picture)
        for i in range(width):
            if found[i] < 0:
                picture[i, 0] = picture[i, 1] = picture[i, 2] = 0
