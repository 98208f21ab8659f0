from splitwave.basestation.fusion.policies.all_links import AllLinks


def test_the_policy_waits_for_every_link() -> None:
    expected = frozenset(range(3))
    assert [AllLinks().is_complete(present, expected) for present in ({1}, {0, 2}, {0, 1, 2})] == [False, False, True]
