"""The names of fusion policies and their implementations."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import pytest

from splitwave.basestation.fusion.fusion_policy import FusionPolicies, FusionPolicy, load_fusion_policy
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.basestation.fusion.policies.deadline import Deadline
from splitwave.basestation.fusion.policies.quorum import Quorum
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


@pytest.mark.parametrize(("policy", "possible"), [("all", False), ("toy-first-link", True)])
@pytest.mark.usefixtures("toys")
def test_serving_can_do_without_a_link_if_the_policy_can(policy: str, possible: bool) -> None:
    policies = FusionPolicies.of(load_fusion_policy(with_policy(RunConfig(), policy)))
    assert policies.can_do_without({1}, {0, 1}) is possible
    assert not policies.can_do_without(set(), {0, 1})


@dataclass(frozen=True)
class FirstLinkOrDeadline:
    """Needs one link, and waits for it no longer than a second."""

    wait_s: float | None = 1.0

    def is_complete(self, present: AbstractSet[int], expected: AbstractSet[int]) -> bool:
        return bool(present & expected)


@pytest.mark.parametrize(
    ("policy", "possible"),
    [(AllLinks(), False), (Quorum(2), False), (FirstLinkOrDeadline(), False), (Deadline(1.0), True)],
)
def test_links_may_leave_out_blocks_if_blocks_wait_for_all_until_a_deadline(
    policy: FusionPolicy, possible: bool
) -> None:
    assert FusionPolicies.of(policy).may_miss_any(range(3)) is possible


@pytest.mark.usefixtures("toys")
def test_a_policy_of_another_package_decides_about_all_blocks_in_every_engine() -> None:
    policies = FusionPolicies.of(load_fusion_policy(with_policy(RunConfig(), "toy-first-link")))
    assert policies.training is policies.passes is policies.in_one_process().passes
    assert policies.wait_s is None
