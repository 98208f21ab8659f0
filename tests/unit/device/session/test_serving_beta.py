"""The β under which a device serves, and the entropy of its symbols."""

import numpy as np
import pytest
import torch

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import RealPayload, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import Downlink, Evaluate, Prediction, SetLink
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import CONDITIONED, CONFIG, react, run_pass, welcome


def serving_block(session: DeviceSession, body: Downlink) -> SymbolBlock:
    (block,) = react(session, body)
    assert isinstance(block, SymbolBlock)
    return block


def answered(block: SymbolBlock) -> Prediction:
    return Prediction(block.key, np.zeros(1, dtype=np.uint8))


def test_another_beta_holds_from_the_next_serving_block_on(session: DeviceSession) -> None:
    list(react(session, welcome(config=CONDITIONED)))
    first = serving_block(session, Evaluate(Phase.SERVE, 0, Symbols.HARD))
    assert list(react(session, SetLink(LinkSetting(beta=0.5)))) == []
    second = serving_block(session, answered(first))
    (report,) = react(session, answered(second))

    assert (first.beta, second.beta) == (CONDITIONED.objective.beta, 0.5)
    assert isinstance(report, PassReport)
    assert [(each.beta, each.samples) for each in report.entropies] == [(CONDITIONED.objective.beta, 1), (0.5, 1)]


def soft_block(session: DeviceSession, phase: Phase, *changes: SetLink) -> SymbolBlock:
    """The first block of a pass of a fresh device whose gates depend on β, after these changes of β."""
    list(react(session, welcome(config=CONDITIONED)))
    with torch.no_grad():
        for name, weights in session.worker.model.named_parameters():
            if name.endswith("slope"):
                weights.fill_(0.5)
    for change in changes:
        list(react(session, change))
    block = next(iter(react(session, Evaluate(phase, 0, Symbols.SOFT))))
    assert isinstance(block, SymbolBlock)
    assert isinstance(block.payload, RealPayload)
    return block


def test_another_beta_changes_serving_and_leaves_test_passes_alone(session: DeviceSession) -> None:
    for phase in (Phase.TEST, Phase.SERVE):
        before, after = soft_block(session, phase), soft_block(session, phase, SetLink(LinkSetting(beta=1.0)))
        same = np.array_equal(before.payload.values, after.payload.values)  # type: ignore[union-attr]
        serves = phase is Phase.SERVE
        assert same is not serves
        assert (before.beta, after.beta) == ((CONDITIONED.objective.beta, 1.0) if serves else (None, None))


def test_another_welcome_forgets_the_beta_and_the_histograms(session: DeviceSession) -> None:
    list(react(session, welcome(config=CONDITIONED)))
    list(react(session, SetLink(LinkSetting(beta=0.5))))
    serving_block(session, Evaluate(Phase.SERVE, 0, Symbols.HARD))
    list(react(session, welcome(config=CONDITIONED)))
    _, report = run_pass(session, Phase.SERVE)
    assert [(each.beta, each.samples) for each in report.entropies] == [(CONDITIONED.objective.beta, 2)]


@pytest.mark.parametrize(
    ("config", "beta", "message"),
    [
        (CONFIG, 0.5, "networks of this run are not β-conditioned"),
        (CONDITIONED, 2.0, r"β = 2\.0: expected a number from 1e-05 to 1"),
    ],
)
def test_a_beta_that_makes_no_sense_is_refused(
    session: DeviceSession, config: RunConfig, beta: float, message: str
) -> None:
    with pytest.raises(ProtocolError, match="before the handshake"):
        list(react(session, SetLink(LinkSetting(beta=beta))))
    list(react(session, welcome(config=config)))
    with pytest.raises(ProtocolError, match=message):
        list(react(session, SetLink(LinkSetting(beta=beta))))
