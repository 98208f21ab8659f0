"""Bundles: messages that are ready are sent together, no message waits, and the size is limited."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_MESSAGE_BYTES
from splitwave.common.wire.bundling import MAX_MESSAGES, bundled_bytes, check_bundle, gather
from splitwave.common.wire.pb import uplink_pb2 as pb


def message(size: int, port: int = 0) -> pb.UplinkMessage:
    return pb.UplinkMessage(port=port, leaving=pb.Leaving(reason="x" * size))


@given(st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 63)), min_size=1, max_size=20))
def test_the_bytes_of_bundled_messages_add_up_to_the_size_of_the_bundle(parts: list[tuple[int, int]]) -> None:
    messages = [message(size, port) for size, port in parts]
    assert sum(map(bundled_bytes, messages)) == pb.UplinkBundle(messages=messages).ByteSize()


def test_a_bundle_contains_all_messages_that_are_ready_in_order() -> None:
    ready = iter([message(2), message(3)])
    messages, left = gather(message(1), partial(next, ready, None))
    assert [len(each.leaving.reason) for each in messages] == [1, 2, 3]
    assert left is None


def test_a_message_that_does_not_fit_begins_the_next_bundle() -> None:
    half = MAX_MESSAGE_BYTES // 2 - 16
    ready = iter([message(half), message(half), message(1)])
    messages, left = gather(message(half), partial(next, ready, None))
    assert len(messages) == 2
    assert pb.UplinkBundle(messages=messages).ByteSize() <= MAX_MESSAGE_BYTES
    assert left is not None
    rest, nothing = gather(left, partial(next, ready, None))
    assert [len(each.leaving.reason) for each in rest] == [half, 1]
    assert nothing is None


def test_no_bundle_has_more_messages_than_a_peer_accepts() -> None:
    ready = iter([message(0)] * (2 * MAX_MESSAGES))
    messages, left = gather(message(0), partial(next, ready, None))
    assert len(messages) == MAX_MESSAGES
    assert left is not None
    check_bundle(pb.UplinkBundle(messages=messages))


@pytest.mark.parametrize("count", [0, MAX_MESSAGES + 1])
def test_a_bundle_with_an_invalid_number_of_messages_is_refused(count: int) -> None:
    with pytest.raises(ProtocolError, match=f"a bundle of {count} messages: expected 1 to {MAX_MESSAGES}"):
        check_bundle(pb.UplinkBundle(messages=[message(0)] * count))
