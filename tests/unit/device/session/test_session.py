"""The device's state machine, without a network: the order of commands, and its observers."""

import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.messages import Evaluate, SaveCheckpoint, TrainStep
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import react, welcome


def test_commands_before_the_handshake_are_refused(session: DeviceSession) -> None:
    with pytest.raises(ProtocolError, match="before the handshake"):
        list(react(session, TrainStep(0)))


def test_commands_that_make_no_sense_are_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    with pytest.raises(ProtocolError, match="training goes by steps"):
        list(react(session, Evaluate(Phase.TRAIN, 0, Symbols.HARD)))
    with pytest.raises(ProtocolError, match="validation pass was asked for, but it has no samples"):
        list(react(session, Evaluate(Phase.VALIDATION, 0, Symbols.HARD)))
    with pytest.raises(ProtocolError, match="a checkpoint after step 777 was asked for in step 0"):
        list(react(session, SaveCheckpoint(777)))
    list(react(session, TrainStep(0)))
    with pytest.raises(ProtocolError, match="a checkpoint after step 0"):
        list(react(session, SaveCheckpoint(0)))
    for command in (TrainStep(0), Evaluate(Phase.TEST, 0, Symbols.HARD)):
        with pytest.raises(ProtocolError, match="while another command is under way"):
            list(react(session, command))
