"""Settings nobody could bake with are refused when they are made."""

import pytest

from uio2_agent.envs.pointnav.navmesh_settings import NavMeshSettings
from uio2_agent.errors import BadSetting


@pytest.mark.parametrize(
    "name, value",
    [
        ("cell_size", 0.0),
        ("cell_height", -0.2),
        ("agent_height", float("nan")),
        ("agent_radius", -0.1),
        ("agent_max_slope", 90.0),
        ("verts_per_poly", 7),
        ("edge_max_len", float("inf")),
    ],
)
def test_impossible_numbers_are_refused_by_name(name, value):
    with pytest.raises(BadSetting, match=name):
        NavMeshSettings(**{name: value})


def test_an_agent_without_width_that_climbs_nothing_is_fine():
    assert NavMeshSettings(agent_radius=0.0, agent_max_climb=0.0).agent_radius == 0.0
