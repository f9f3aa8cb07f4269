"""See it work: `uio2 demo` plays random, unified and oracle side by side on the tabletop."""

from dataclasses import dataclass, field
from pathlib import Path

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig

from uio2_agent.evaluation import report
from uio2_agent.evaluation.report import REPORT_FILE, Run
from uio2_agent.interface import FIRST_EVALUATION_SEED
from uio2_agent.launch.failures import says_how_to_go_on, told_plainly
from uio2_agent.launch.rollout import play
from uio2_agent.launch.tables import print_runs


@dataclass
class DemoConfig:
    """Attributes are those of a rollout, and what is put side by side.

    Attributes:
        prompts: Values of `env.prompt`; each is a row of the page.
        policies: Values of `policy`; each is a column.
        task: Of the tabletop.
    """

    prompts: list[str] = field(default_factory=lambda: ["words", "pictures"])
    policies: list[str] = field(default_factory=lambda: ["random", "unified", "oracle"])
    task: str = "visual_manipulation"
    checkpoint: str = "nano"
    episodes: int = 20
    seed: int = FIRST_EVALUATION_SEED
    num_envs: int = 4
    vectorization: str = "sync"
    clips: int = 6
    output_dir: str = MISSING


ConfigStore.instance().store("demo_schema", DemoConfig)


@hydra.main(version_base="1.3", config_path="conf", config_name="demo")
@told_plainly()
def main(cfg: DictConfig) -> None:
    page = Path(cfg.output_dir) / REPORT_FILE
    with says_how_to_go_on(cfg.output_dir):
        runs = [_play(cfg, prompt, policy) for prompt in cfg.prompts for policy in cfg.policies]
    report.write(page, runs, title=f"uio2-agent: {cfg.task}")
    print_runs(runs, page)


def _play(cfg: DictConfig, prompt: str, policy: str) -> Run:
    same_names = ("checkpoint", "episodes", "seed", "num_envs", "vectorization", "clips")
    overrides = [
        "env=tabletop",
        f"env.task={cfg.task}",
        f"env.prompt={prompt}",
        f"policy={policy}",
        f"name={policy}",
        f"output_dir='{Path(cfg.output_dir) / prompt / policy}'",
        *(f"{name}={cfg[name]}" for name in same_names),
    ]
    run = play(hydra.compose("rollout", overrides))
    return Run(run.name, run.folder, run.result, run.episodes, group=prompt)
