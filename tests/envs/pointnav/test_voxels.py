"""Where one can stand: floors, headroom, steps, ledges, and the width of a body."""

from dataclasses import replace

import numpy as np
import pytest

from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.envs.pointnav.voxels import walkable_spans
from uio2_agent.errors import BadInput, BadSetting

THIN = NavMeshSettings(agent_radius=0.0, agent_height=1.0, filter_ledge_spans=False)


def slab(x0, y, z0, x1, z1):
    """A level rectangle that looks upwards: vertices (4, 3)."""
    return [(x0, y, z0), (x0, y, z1), (x1, y, z1), (x1, y, z0)]


def spans(*slabs, settings=THIN, flipped=False):
    vertices = np.concatenate([np.array(s, float) for s in slabs])
    faces = np.concatenate([np.array([(0, 1, 2), (0, 2, 3)]) + 4 * i for i in range(len(slabs))])
    return walkable_spans(vertices, faces[:, ::-1] if flipped else faces, settings)


def standing(found):
    return found[0].walkable.sum() * 0.05**2


FLOOR = slab(0, 0, 0, 4, 4)


def test_a_floor_at_the_bottom_is_one_voxel_up_and_all_walkable():
    found, low, shape = spans(FLOOR)
    assert shape == (80, 80) and low.tolist() == [0, 0, 0]
    assert found.walkable.sum() == 6400 and set(found.level.tolist()) == {1}


def test_an_agents_radius_is_taken_off_along_the_rim():
    wide = replace(THIN, agent_radius=0.18)  # rounded up to 4 voxels
    assert spans(FLOOR, settings=wide)[0].walkable.sum() == 72 * 72


def test_faces_that_look_down_are_no_floor():
    with_ceiling = spans(FLOOR, flipped=True)
    assert not with_ceiling[0].walkable.any()


@pytest.mark.parametrize("y, area", [(0.9, 12.0), (1.6, 16.0)])
def test_under_a_table_one_stands_if_there_is_headroom(y, area):
    table = slab(1, y, 1, 3, 3)
    found = spans(FLOOR, table)
    on_floor = found[0].walkable & (found[0].level == 1)
    assert on_floor.sum() * 0.05**2 == pytest.approx(area, abs=0.3)


@pytest.mark.parametrize("y, joined", [(0.15, True), (0.7, False)])
def test_one_steps_up_as_high_as_the_agent_climbs(y, joined):
    found, _, _ = spans(slab(0, 0, 0, 2, 2), slab(2, y, 0, 4, 2))
    left = int(found.start[39 * 40 + 20])  # the last column before x = 2
    assert (found.across[left, 2] >= 0) == joined


def test_beside_a_drop_one_does_not_stand():
    kept = replace(THIN, filter_ledge_spans=True)
    high = spans(slab(0, 0, 0, 4, 4), slab(1, 1.2, 1, 3, 3), settings=kept)[0]
    on_top = high.walkable & (high.level > 1)
    assert on_top.sum() <= 38 * 38


def test_slopes_are_floors_up_to_the_agents_limit():
    ramp = [(0, 0, 0), (0, 0, 2), (2, 1, 2), (2, 1, 0)]  # 26.6 degrees
    assert standing(spans(ramp)) == pytest.approx(4.0, abs=0.2)
    assert standing(spans(ramp, settings=replace(THIN, agent_max_slope=20.0))) == 0


def test_nothing_and_too_much_are_refused():
    with pytest.raises(BadInput, match="without triangles"):
        walkable_spans(np.zeros((3, 3)), np.zeros((0, 3), int), THIN)
    with pytest.raises(BadSetting, match="cell_size"):
        spans(slab(0, 0, 0, 4000, 4000))
