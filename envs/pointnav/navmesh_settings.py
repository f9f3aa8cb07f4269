"""For whom a navigation mesh is made: the numbers of spec §4, under the reference's names."""

import math
from dataclasses import dataclass, fields

from uio2_agent.errors import BadSetting

_MAY_BE_ZERO = {
    "agent_max_climb",
    "agent_radius",
    "region_min_size",
    "region_merge_size",
    "edge_max_len",
    "edge_max_error",
    "detail_sample_dist",
    "detail_sample_max_error",
}


@dataclass(frozen=True, kw_only=True)
class NavMeshSettings:
    """What a mesh is baked with; lengths in metres unless said.

    `region_min_size` is the side, in voxels, of the smallest area kept; `edge_max_error` is in
    voxels, `detail_sample_max_error` in voxel heights, `agent_max_slope` in degrees.
    `region_merge_size`, `detail_sample_dist` and `include_static_objects` mean nothing to our own
    bake; files carry them.
    """

    cell_size: float = 0.05
    cell_height: float = 0.2
    agent_height: float = 1.5
    agent_radius: float = 0.1
    agent_max_climb: float = 0.2
    agent_max_slope: float = 45.0
    region_min_size: float = 20.0
    region_merge_size: float = 20.0
    edge_max_len: float = 12.0
    edge_max_error: float = 1.3
    verts_per_poly: float = 6.0
    detail_sample_dist: float = 6.0
    detail_sample_max_error: float = 1.0
    filter_low_hanging_obstacles: bool = True
    filter_ledge_spans: bool = True
    filter_walkable_low_height_spans: bool = True
    include_static_objects: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is bool or field.type == "bool":
                continue
            if not math.isfinite(value) or value < 0:
                raise BadSetting(field.name, value, "a finite number, not negative")
            if value == 0 and field.name not in _MAY_BE_ZERO:
                raise BadSetting(field.name, value, "more than 0")
        if not 3 <= self.verts_per_poly <= 6:
            raise BadSetting("verts_per_poly", self.verts_per_poly, "3 to 6")
        if self.agent_max_slope >= 90:
            raise BadSetting("agent_max_slope", self.agent_max_slope, "less than 90 degrees")
