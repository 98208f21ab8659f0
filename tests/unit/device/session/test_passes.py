"""Passes over evaluation data."""

import numpy as np
import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import LevelPayload, SymbolBlock
from splitwave.common.protocol.messages import Evaluate, Prediction
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import UplinkCost
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import do_step, react, run_pass, welcome


def test_a_pass_uses_its_window_and_reports_its_cost(session: DeviceSession) -> None:
    list(react(session, welcome()))
    most, report = run_pass(session, Phase.TEST)
    assert most == 2
    assert report.cost == UplinkCost(10, 20, 40)
    assert report.hops == ()


def test_more_answers_than_a_block_has_samples_are_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    block = next(iter(react(session, Evaluate(Phase.TEST, 0, Symbols.HARD))))
    assert isinstance(block, SymbolBlock)
    count = len(block.sample_ids)
    with pytest.raises(ProtocolError, match=f"{count + 1} answers to test step 0 micro-batch 0: expected {count}"):
        list(react(session, Prediction(block.key, np.zeros(count + 1, dtype=np.uint8))))


def test_single_samples_are_timed_one_at_a_time(session: DeviceSession) -> None:
    list(react(session, welcome()))
    most, report = run_pass(session, Phase.SERVE)
    assert most == 1
    assert report.hops == ("encode", "device link", "decode")
    np.testing.assert_array_equal(report.hop_times_ns, [[2000, 700, 300]] * 2)


def test_the_codebook_is_sent_when_it_is_new_and_not_again(session: DeviceSession) -> None:
    list(react(session, welcome()))
    do_step(session, 0)
    blocks = [b for b in react(session, Evaluate(Phase.TEST, 0, Symbols.HARD)) if isinstance(b, SymbolBlock)]
    payloads = [block.payload for block in blocks]
    assert all(isinstance(payload, LevelPayload) and payload.codebook_version == 1 for payload in payloads)
    assert [payload.codebook is not None for payload in payloads if isinstance(payload, LevelPayload)] == [
        True,
        False,
    ]
