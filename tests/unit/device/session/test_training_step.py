"""Training steps of a device."""

import numpy as np
import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import Gradient, TrainStep
from splitwave.common.protocol.phases import Phase
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import answer, do_step, react, saved_digest, welcome


def test_a_step_sends_every_micro_batch_and_applies_once(session: DeviceSession) -> None:
    list(react(session, welcome()))
    before = saved_digest(session)
    blocks = do_step(session, 0)
    assert [block.key.micro_batch for block in blocks if isinstance(block, SymbolBlock)] == [0, 1]
    after = saved_digest(session, steps=1)
    assert after != before
    assert list(react(session, TrainStep(0))) == []  # announced again
    assert saved_digest(session, steps=1) == after


def test_steps_out_of_order_are_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    with pytest.raises(ProtocolError, match="step 1 was announced: expected step 0"):
        list(react(session, TrainStep(1)))


def test_gradients_that_were_not_asked_for_are_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    gradient = Gradient(BlockKey(Phase.TRAIN, 0, 0), np.zeros((1, 4, 3), dtype=np.float32))
    with pytest.raises(ProtocolError, match="no step or pass is under way"):
        list(react(session, gradient))
    blocks = list(react(session, TrainStep(0)))
    with pytest.raises(ProtocolError, match="expected one to train step 0 micro-batch 0"):
        list(react(session, answer(blocks[1])))


def test_a_gradient_of_another_shape_is_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    list(react(session, TrainStep(0)))
    gradient = Gradient(BlockKey(Phase.TRAIN, 0, 0), np.zeros((2, 4, 3), dtype=np.float32))
    with pytest.raises(ProtocolError, match=r"shape \(2, 4, 3\): expected \(1, 4, 3\)"):
        list(react(session, gradient))
