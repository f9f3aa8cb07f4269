"""The tabletop suite as a Gymnasium environment, a superset of VIMA-Bench's interface."""

from typing import Any

from uio2_agent.envs.tabletop.actions import Action, Move
from uio2_agent.envs.tabletop.catalogue import SHAPES
from uio2_agent.envs.tabletop.oracle import REST, plan
from uio2_agent.envs.tabletop.physics import Physics
from uio2_agent.envs.tabletop.progress import judge
from uio2_agent.envs.tabletop.prompts import prompt_arrays, prompt_assets
from uio2_agent.envs.tabletop.renderer import Renderer
from uio2_agent.envs.tabletop.scenario import Scenario
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.suite import Suite, Views
from uio2_agent.envs.tabletop.tasks import sample
from uio2_agent.interface import VIEWS


class Tabletop(Suite):
    """A robot's table seen from above and from the front; things are picked and placed.

    Reset runs no physics; the simulator starts with the first step.

    Info: `prompt` and `prompt_assets` as VIMA-Bench has them, `success`, `failure`,
    `obj_id_to_info`; with `oracle=True` also `oracle_action` (a harmless action when nothing is
    left to do) and `oracle_plan` (all remaining actions from the present picture).

    Args:
        task: One of `tasks.TASKS`.
        level: One of `partitions.LEVELS` that has the task.
        prompt: "pictures", or "words" only.
        oracle: Tell the right action in the info.
        render_mode: None or "rgb_array".

    Raises:
        UnknownName: No such task, level, prompt mode or render mode.
    """

    def __init__(
        self,
        task: str = "visual_manipulation",
        level: str = "placement_generalization",
        prompt: str = "pictures",
        oracle: bool = False,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(task, level, prompt, oracle, render_mode)
        self._renderer = Renderer(VIEWS)
        self._physics: Physics | None = None
        self._scenario = sample(task, level, prompt, seed=0)  # finds wrong names right here

    def close(self) -> None:
        if self._physics is not None:
            self._physics.close()
            self._physics = None
        super().close()

    @property
    def scenario(self) -> Scenario:
        """The present episode as it was sampled."""
        return self._scenario

    @property
    def bodies(self) -> dict[int, Body]:
        """Where everything is now, by id."""
        return dict(self._bodies)

    def _begin(self, seed: int) -> None:
        self._scenario = sample(self.task, self.level, self.prompt, seed)
        self.max_steps = self._scenario.max_steps
        self._bodies = {body.obj_id: body for body in self._scenario.bodies}
        self._progress = judge(self._scenario)
        self._touched = False  # physics knows this episode
        self._shown = self._scenario.prompt
        self._prompt_arrays = prompt_arrays(self._shown, self._renderer)

    def _carry_out(self, action: Action, move: Move) -> None:
        if self._physics is None:
            self._physics = Physics()
        if not self._touched:
            self._physics.load(self._scenario.bodies)
            self._touched = True
        self._bodies, trace = self._physics.carry_out(move, self._scenario.end_effector)
        self._progress.update(self._bodies, trace)
        self.success, self.failure = self._progress.success, self._progress.failure

    def _look(self) -> tuple[Views, Views, int]:
        return *self._renderer.render(self._bodies.values()), self._scenario.end_effector

    def _info(self) -> dict[str, Any]:
        info = {
            "prompt": self._shown.template,
            "prompt_assets": prompt_assets(self._shown, *self._prompt_arrays[:2]),
            "success": self.success,
            "failure": self.failure,
            "obj_id_to_info": {obj_id: describe(body) for obj_id, body in self._bodies.items()},
        }
        if self.oracle:
            moves = plan(self._scenario, self._bodies, self._progress)
            info["oracle_plan"] = [move.action() for move in moves]
            info["oracle_action"] = (moves[0] if moves else REST).action()
        return info


def describe(body: Body) -> dict[str, Any]:
    """What VIMA-Bench tells about an object, as far as it is plain data (vima_bench.md §2.4)."""
    shape = SHAPES[body.shape]
    return {
        "obj_name": shape.name,
        "obj_symmetry": float(shape.symmetry),
        "obj_profile": shape.profile.value,
        "obj_kind": shape.kind,
        "texture_name": body.texture,
    }
