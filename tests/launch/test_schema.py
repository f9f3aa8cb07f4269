"""A frozen dataclass can be a Hydra schema and is still what checks the values."""

from dataclasses import dataclass

import pytest
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, ValidationError

from uio2_agent.errors import BadSetting
from uio2_agent.launch.schema import schema_of


@dataclass(frozen=True, kw_only=True)
class Motor:
    """Something with a required field, a default, and a rule."""

    teeth: int
    ratio: float = 2.5

    def __post_init__(self) -> None:
        if self.ratio <= 0:
            raise BadSetting("ratio", self.ratio, "above 0")


MotorSchema = schema_of(Motor)


def test_fields_and_defaults_are_the_same_and_required_ones_are_missing():
    assert vars(MotorSchema()) == {"teeth": MISSING, "ratio": 2.5}
    with pytest.raises(MissingMandatoryValue):
        _ = OmegaConf.structured(MotorSchema).teeth


def test_values_can_be_set_where_the_frozen_one_refuses():
    cfg = OmegaConf.merge(OmegaConf.structured(MotorSchema), {"teeth": 12, "ratio": 1})
    assert Motor(**vars(OmegaConf.to_object(cfg))) == Motor(teeth=12, ratio=1.0)


@pytest.mark.parametrize(
    ("given", "refused"),
    [({"tooth": 3}, ConfigKeyError), ({"teeth": "many"}, ValidationError)],
)
def test_misspelt_keys_and_wrong_types_are_refused(given, refused):
    with pytest.raises(refused):
        OmegaConf.merge(OmegaConf.structured(MotorSchema), given)


def test_the_real_class_checks_what_a_type_cannot():
    cfg = OmegaConf.merge(OmegaConf.structured(MotorSchema), {"teeth": 12, "ratio": -1})
    with pytest.raises(BadSetting, match="ratio is -1.0, expected above 0"):
        Motor(**vars(OmegaConf.to_object(cfg)))
