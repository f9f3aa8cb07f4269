"""Task 5: as task 4, then put everything back (vima_bench.md §6)."""

from collections.abc import Sequence

from uio2_agent.envs.tabletop.scenario import Rules, Stage
from uio2_agent.envs.tabletop.scene import Body
from uio2_agent.envs.tabletop.tasks.rearrange import Rearrange


class RearrangeThenRestore(Rearrange):
    """The scenes of `Rearrange`; a distractor carried off a target need not be put back."""

    name = "rearrange_then_restore"
    budget = 8
    rules = Rules(distractors_from_stage=2)
    template = "Rearrange objects to this setup {scene} and then restore."

    def stages(self, wanted: Sequence[Body], starts: Sequence[Body]) -> tuple[Stage, ...]:
        """Every object where the scene shows it, then every object where it was."""
        return (self.all_at(wanted), self.all_at(starts))

    def in_words(self, wanted: Sequence[Body]) -> str:
        """Where each object goes; where it comes from can be seen."""
        return f"{super().in_words(wanted)} Then restore."
