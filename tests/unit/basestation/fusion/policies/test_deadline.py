from splitwave.basestation.fusion.fusion_policy import FusionPolicies, load_fusion_policy
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.basestation.fusion.policies.deadline import Deadline
from splitwave.common.config.run_config import RunConfig

CONFIG = RunConfig.model_validate({"links": 3, "fusion": {"policy": "deadline", "deadline_ms": 250}})
LINKS = frozenset(range(3))


def test_the_policy_waits_for_every_link_that_is_left_until_its_deadline() -> None:
    policy = load_fusion_policy(CONFIG)
    assert policy == Deadline(wait_s=0.25)
    assert [policy.is_complete(present, LINKS) for present in ({1}, {0, 2}, {0, 1, 2})] == [False, False, True]
    assert policy.is_complete({0, 2}, frozenset({0, 2}))


def test_training_and_one_process_wait_for_all_links() -> None:
    policies = FusionPolicies.of(load_fusion_policy(CONFIG))
    assert isinstance(policies.training, AllLinks)
    assert (policies.passes, policies.wait_s) == (Deadline(0.25), 0.25)
    alone = policies.in_one_process()
    assert isinstance(alone.passes, AllLinks)
    assert alone.wait_s is None


def test_the_policy_answers_as_long_as_one_link_is_left() -> None:
    policies = FusionPolicies.of(load_fusion_policy(CONFIG))
    assert [policies.can_do_without(left, LINKS) for left in ({0, 1}, {2}, set[int]())] == [True, True, False]
