from splitwave.basestation.fusion.fusion_policy import FusionPolicies, load_fusion_policy
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.basestation.fusion.policies.quorum import Quorum
from splitwave.common.config.run_config import RunConfig

CONFIG = RunConfig.model_validate({"links": 3, "fusion": {"policy": "quorum", "quorum": 2}})
LINKS = frozenset(range(3))


def test_the_policy_waits_for_a_number_of_links_whichever_they_are() -> None:
    policy = load_fusion_policy(CONFIG)
    assert policy == Quorum(links=2)
    complete = [policy.is_complete(present, LINKS) for present in ({1}, {0, 2}, {1, 2}, {0, 1, 2})]
    assert complete == [False, True, True, True]


def test_training_waits_for_all_links_and_no_block_has_a_deadline() -> None:
    policies = FusionPolicies.of(load_fusion_policy(CONFIG))
    assert isinstance(policies.training, AllLinks)
    assert policies.wait_s is None


def test_the_policy_answers_as_long_as_the_quorum_is_left() -> None:
    policies = FusionPolicies.of(load_fusion_policy(CONFIG))
    assert [policies.can_do_without(left, LINKS) for left in ({0, 1}, {1, 2}, {2})] == [True, True, False]
