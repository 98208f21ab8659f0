"""The identity of a party, as a URI in its certificate."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.identity import NAME, Identity, Role

NAMES = st.from_regex(NAME, fullmatch=True)
LINKS = st.none() | st.frozensets(st.integers(0, MAX_LINKS - 1))


@given(NAMES, LINKS, st.none() | NAMES)
def test_a_device_is_read_as_it_was_written(name: str, links: frozenset[int] | None, testbed: str | None) -> None:
    device = Identity(Role.DEVICE, name, links, testbed)
    assert Identity.from_uri(device.uri) == device


@pytest.mark.parametrize("role", Role)
def test_every_role_is_read_as_it_was_written(role: Role) -> None:
    assert Identity.from_uri(Identity(role, "x").uri) == Identity(role, "x")


def test_a_uri_is_readable() -> None:
    assert Identity(Role.DEVICE, "board-3", frozenset({2, 0})).uri == "splitwave://device/board-3?links=0,2"
    assert Identity(Role.DEVICE, "rack", None, "lab-a").uri == "splitwave://device/rack?testbed=lab-a"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://device/a",
        "splitwave://root/a",
        "splitwave://device/",
        "splitwave://device/..",
        "splitwave://device/a/b",
        "splitwave://device/a?links=x",
        "splitwave://device/a?links=-1",
        f"splitwave://device/a?links={MAX_LINKS}",
        "splitwave://device/a?links=0&links=1",
        "splitwave://device/a?admin=1",
        "splitwave://device/a#b",
        "splitwave://operator/a?links=0",
        "splitwave://operator/a?testbed=b",
        "splitwave://device/a?testbed=",
        "splitwave://device/a?testbed=b/c",
        "splitwave://device/a?testbed=b&testbed=c",
        "splitwave://[device/a",
    ],
)
def test_another_text_names_no_party(uri: str) -> None:
    with pytest.raises(ProtocolError, match="names no party") as error:
        Identity.from_uri(uri)
    assert error.value.refusal is Refusal.UNAUTHENTICATED


@given(st.text())
def test_any_text_is_an_identity_or_refused(text: str) -> None:
    with suppress(ProtocolError):
        assert NAME.fullmatch(Identity.from_uri(f"splitwave://{text}").name)


def test_a_device_leases_the_links_of_its_certificate_alone() -> None:
    assert [Identity(Role.DEVICE, "a", frozenset({1})).may_lease(link) for link in (0, 1)] == [False, True]
    assert Identity(Role.DEVICE, "a").may_lease(63)
    assert not Identity(Role.OPERATOR, "a").may_lease(0)
