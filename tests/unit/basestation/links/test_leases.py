"""Leases of links to devices, which are known by their ids."""

import pytest

from splitwave.basestation.links.leases import LinkLeases
from splitwave.common.errors import ProtocolError, Refusal


def test_leases_the_requested_link_or_else_the_lowest_free_link() -> None:
    leases = LinkLeases(3)
    assert [leases.lease("a", None), leases.lease("b", 2), leases.lease("c", None)] == [0, 2, 1]
    leases.release(2)
    assert leases.lease("d", None) == 2


def test_a_device_gets_its_earlier_link_again() -> None:
    leases = LinkLeases(3)
    assert [leases.lease(device, None) for device in ("x", "y")] == [0, 1]
    leases.release(0)
    leases.release(1)
    assert leases.lease("y", None) == 1
    assert leases.lease("new", None) == 2  # never leased before: x may still come back
    assert leases.lease("x", None) == 0


def test_a_device_of_an_earlier_run_gets_its_link_of_that_run() -> None:
    leases = LinkLeases(3, ("x", "y"))
    assert [leases.lease(device, None) for device in ("y", "new", "x")] == [1, 2, 0]


def test_a_new_device_gets_the_link_of_an_absent_one_when_no_other_is_free() -> None:
    leases = LinkLeases(1)
    leases.lease("x", None)
    leases.release(0)
    assert leases.lease("new", None) == 0


def test_a_device_that_moves_to_another_link_returns_to_that_link() -> None:
    leases = LinkLeases(2)
    leases.lease("x", None)
    leases.release(0)
    assert leases.lease("x", 1) == 1
    leases.release(1)
    assert leases.lease("x", None) == 1
    assert leases.lease("new", None) == 0


def test_a_second_device_with_the_id_of_a_connected_one_is_refused_even_if_a_link_is_free() -> None:
    leases = LinkLeases(2)
    leases.lease("x", None)
    with pytest.raises(ProtocolError, match=r"link 0 is leased to device x, .* remove the \*\.id files") as error:
        leases.lease("x", None)
    assert error.value.refusal is Refusal.ALREADY_EXISTS
    leases.release(0)
    assert leases.lease("x", None) == 0


def test_devices_without_an_id_get_any_free_link() -> None:
    leases = LinkLeases(2)
    assert [leases.lease("", None), leases.lease("", None)] == [0, 1]


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


def test_a_device_gets_the_lowest_free_link_that_it_may_lease() -> None:
    leases = LinkLeases(4)
    assert leases.lease("a", None, {1, 3}) == 1
    assert leases.lease("b", None, {1, 3}) == 3
    with pytest.raises(ProtocolError, match="device c may lease links 1, 3 alone, leased already") as error:
        leases.lease("c", None, {1, 3})
    assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("requested", [0, None])
def test_a_device_gets_no_link_that_its_certificate_does_not_allow(requested: int | None) -> None:
    with pytest.raises(ProtocolError, match="device a ") as error:
        LinkLeases(2).lease("a", requested, {5})
    assert error.value.refusal is Refusal.PERMISSION_DENIED


def test_a_link_held_before_is_not_given_again_when_it_is_no_longer_allowed() -> None:
    leases = LinkLeases(2, ["a", ""])
    assert leases.lease("a", None, {1}) == 1
