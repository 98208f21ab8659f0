"""Leases of links to devices and their hosts."""

import pytest

from splitwave.basestation.links.leases import LinkLeases
from splitwave.common.errors import ProtocolError, Refusal


def test_leases_the_requested_link_or_else_the_lowest_free_link() -> None:
    leases = LinkLeases(3)
    assert [leases.lease("a", None), leases.lease("b", 2), leases.lease("c", None)] == [0, 2, 1]
    leases.release(2)
    assert leases.lease("d", None) == 2


def test_a_host_gets_its_earlier_link_again() -> None:
    leases = LinkLeases(3)
    assert [leases.lease(host, None, host) for host in ("x", "y")] == [0, 1]
    leases.release(0)
    leases.release(1)
    assert leases.lease("y-again", None, "y") == 1
    assert leases.lease("new", None, "z") == 2  # never leased before: host x may still come back
    assert leases.lease("x-again", None, "x") == 0


def test_a_new_host_gets_the_link_of_an_absent_host_when_no_other_is_free() -> None:
    leases = LinkLeases(1)
    leases.lease("x", None, "x")
    leases.release(0)
    assert leases.lease("new", None, "z") == 0


def test_refuses_more_devices_than_links() -> None:
    leases = LinkLeases(1)
    leases.lease("a", None)
    with pytest.raises(ProtocolError, match="all 1 links are leased: more devices than links") as error:
        leases.lease("b", None)
    assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED


def test_refuses_a_link_that_is_leased_or_does_not_exist() -> None:
    leases = LinkLeases(2)
    leases.lease("a", 1)
    with pytest.raises(ProtocolError, match="link 1 is leased to device a") as error:
        leases.lease("b", 1)
    assert error.value.refusal is Refusal.ALREADY_EXISTS
    with pytest.raises(ProtocolError, match="link 2 does not exist: this run has links 0 to 1"):
        leases.lease("b", 2)
