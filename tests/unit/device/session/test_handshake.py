"""The handshake of a device, and a second Welcome, which starts the run over."""

from collections.abc import Callable

import numpy as np
import pytest

from splitwave.common.errors import CheckpointError, ProtocolError
from splitwave.common.protocol.blocks import RealPayload, SymbolBlock
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Ready, TrainStep, Welcome
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import CONFIG, do_step, react, saved_digest, welcome


def test_the_handshake_gives_the_device_everything_that_it_needs(session: DeviceSession) -> None:
    before = session.contract
    assert list(react(session, welcome())) == [Ready(16, 10, "digest")]
    after = session.contract
    assert before is None
    assert after is not None
    assert (after.link, after.dimension) == (1, 3)


def test_another_version_is_refused(session: DeviceSession) -> None:
    with pytest.raises(ProtocolError, match=f"protocol version 99, this device {PROTOCOL_VERSION}"):
        list(react(session, Welcome(99, "run", 1, CONFIG.canonical_json(), None)))


def test_a_second_welcome_starts_the_run_over_with_fresh_weights(session: DeviceSession) -> None:
    list(react(session, welcome()))
    fresh = saved_digest(session)
    first = do_step(session, 0)
    list(react(session, TrainStep(1)))  # under way when the run starts over

    assert list(react(session, welcome())) == [Ready(16, 10, "digest")]

    assert saved_digest(session) == fresh
    again = do_step(session, 0)
    for before, after in zip(first, again, strict=True):
        assert isinstance(before, SymbolBlock)
        assert isinstance(after, SymbolBlock)
        assert (after.sequence, after.key) == (before.sequence, before.key)
        assert isinstance(before.payload, RealPayload)
        assert isinstance(after.payload, RealPayload)
        np.testing.assert_array_equal(after.payload.values, before.payload.values)


def test_a_second_welcome_to_another_link_is_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    with pytest.raises(ProtocolError, match="moved this device from link 1 to another run"):
        list(react(session, Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None)))


def test_a_missing_or_different_checkpoint_part_is_refused(
    session: DeviceSession, fresh: Callable[..., DeviceSession]
) -> None:
    with pytest.raises(CheckpointError, match="no such checkpoint part"):
        list(react(session, welcome(restore="0" * 64)))
    list(react(session, welcome()))
    saved = saved_digest(session)
    with pytest.raises(CheckpointError, match="holds weights"):
        list(react(fresh(), welcome(restore="0" * 64)))
    assert list(react(fresh(), welcome(restore=saved))) == [Ready(16, 10, "digest")]
