from pathlib import Path

import pytest

from splitwave.basestation.adaptation.adaptation_policy import AdaptationPolicy, load_adaptation_policy
from splitwave.common.config.registry import ADAPTATION_POLICIES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from tests.entry_points import add_entry_points


@pytest.mark.parametrize("name", ADAPTATION_POLICIES.built_in)
def test_every_name_has_an_implementation(name: str) -> None:
    assert isinstance(ADAPTATION_POLICIES.load(name)(), AdaptationPolicy)


def test_what_is_no_policy_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_entry_points(tmp_path, monkeypatch, "[splitwave.adaptation_policies]\nno-policy = numbers:Number\n")
    channel = {"receiver": {"csi": "perfect"}}
    config = RunConfig.model_validate({"channel": channel, "adaptation": {"policy": "no-policy"}})
    with pytest.raises(ConfigError, match="policy = no-policy: Number has no method setting"):
        load_adaptation_policy(config)
