"""Every configuration composes, names what exists, and refuses what it does not know."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from hydra.errors import HydraException
from hydra.utils import get_method
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

import uio2_agent.launch.conf

CONF = Path(str(uio2_agent.launch.conf.__file__)).parent
FILES = sorted(CONF.rglob("*.yaml"))
PRIMARY = sorted(path.stem for path in CONF.glob("*.yaml"))
ROLLOUT = ["rollout", "demo"]
OPTIONS = [
    (folder.name, path.stem)
    for folder in (CONF / "env", CONF / "policy")
    for path in sorted(folder.glob("*.yaml"))
]


def targets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "_target_" in node:
            yield node["_target_"]
        for value in node.values():
            yield from targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from targets(value)


TARGETS = sorted(
    {t for path in FILES for t in targets(OmegaConf.to_container(OmegaConf.load(path)))}
)


def composed(name: str, *overrides: str) -> Any:
    import_module(f"uio2_agent.launch.{name}")  # puts its schema into the store
    with initialize_config_module("uio2_agent.launch.conf", version_base="1.3"):
        return compose(name, [*overrides])


def test_there_is_something_to_test():
    assert {"rollout", "demo"} <= {*PRIMARY} and len(TARGETS) >= 4
    assert ("env", "tabletop") in OPTIONS and ("policy", "unified") in OPTIONS


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_imported_and_called(target):
    assert callable(get_method(target))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONF)))
def test_every_folder_is_a_package_so_that_console_scripts_find_it(path):
    assert (path.parent / "__init__.py").exists()


@pytest.mark.parametrize("name", PRIMARY)
def test_every_verb_composes_and_refuses_a_misspelt_key(name):
    OmegaConf.to_container(composed(name), resolve=False)
    with pytest.raises((HydraException, OmegaConfBaseException), match="misspelt"):
        composed(name, "misspelt=1")


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_refuses_a_misspelt_key(group, option):
    cfg = composed("rollout", f"{group}={option}", "name=x", "output_dir=x")
    assert "_target_" in OmegaConf.to_container(cfg[group], resolve=True)  # type: ignore[operator]
    with pytest.raises((HydraException, OmegaConfBaseException), match="misspelt"):
        composed("rollout", f"{group}={option}", f"{group}.misspelt=1")


def test_a_protocol_brings_its_settings_and_a_plain_rollout_has_none_of_them():
    plain, whole = composed("rollout"), composed("rollout", "protocol=vima4", "workers=3")
    assert plain.protocol is None and plain.workers is None and plain.executor is None
    assert whole.protocol.name == "vima4" and (whole.workers, whole.executor) == (3, "local")
    assert whole.episodes == whole.episodes_per_task == 100
    with pytest.raises((HydraException, OmegaConfBaseException), match="misspelt"):
        composed("rollout", "protocol=vima4", "protocol.misspelt=1")


@pytest.mark.parametrize("override", ["episodes=many", "seed=0.5", "checkpoint=[1]", "clips=null"])
@pytest.mark.parametrize("name", ROLLOUT)
def test_a_word_where_a_number_belongs_is_refused(name, override):
    with pytest.raises((HydraException, OmegaConfBaseException)):
        composed(name, override)


@pytest.mark.parametrize("env", ["tabletop", "counting"])
def test_the_oracle_policy_asks_the_environment_for_its_oracle(env):
    assert composed("rollout", f"env={env}", "policy=oracle").env.oracle is True
    assert composed("rollout", f"env={env}", "policy=random").env.oracle is False


@pytest.mark.parametrize("name", ROLLOUT)
def test_nothing_is_written_outside_the_output_folder(name):
    with initialize_config_module("uio2_agent.launch.conf", version_base="1.3"):
        cfg = compose(name, ["output_dir=/somewhere"], return_hydra_config=True)
    assert cfg.hydra.run.dir == "/somewhere" and cfg.hydra.output_subdir is None
    assert cfg.hydra.job.chdir is not True
