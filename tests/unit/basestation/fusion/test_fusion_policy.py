"""The names of fusion policies and their implementations."""

from pathlib import Path

import pytest

from splitwave.basestation.fusion.fusion_policy import FusionPolicy, load_fusion_policy
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.common.config.registry import FUSION_POLICIES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from tests.entry_points import add_entry_points
from tests.unit.basestation.base_station_parts import with_policy


@pytest.mark.parametrize("name", FUSION_POLICIES.built_in)
def test_every_built_in_policy_accepts_blocks_of_all_links(name: str) -> None:
    policy = FUSION_POLICIES.load(name)()
    assert isinstance(policy, FusionPolicy)
    assert policy.is_complete({0, 1, 2}, {0, 1, 2})


def test_the_default_waits_for_all_links() -> None:
    assert isinstance(load_fusion_policy(RunConfig()), AllLinks)


@pytest.mark.usefixtures("toys")
def test_a_policy_of_another_package_is_loaded_by_its_name() -> None:
    policy = load_fusion_policy(with_policy(RunConfig(), "toy-first-link"))
    assert policy.is_complete({1}, {0, 1})


def test_an_object_that_is_no_policy_is_refused_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_entry_points(tmp_path, monkeypatch, "[splitwave.fusion_policies]\nno-policy = numbers:Number\n")
    with pytest.raises(ConfigError, match=r"fusion\.policy = no-policy: Number has no method is_complete"):
        load_fusion_policy(with_policy(RunConfig(), "no-policy"))
