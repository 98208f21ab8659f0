"""The events of a device's blocks, as an observer meets them."""

from collections.abc import Callable

import numpy as np
import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import Evaluate, Gradient, Prediction, TrainStep
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import UplinkCost
from splitwave.device.measurement.events import BlockObserver, EncodingTimes
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import answer, on_its_way, react, welcome


class Recorder(BlockObserver):
    """Keeps the name, the block's number and the times of each event; those of a block's making in ticks."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.costs: list[UplinkCost] = []
        self.phases: set[Phase] = set()

    def made(self, block: SymbolBlock, due_ns: int, times: EncodingTimes) -> None:
        steps = [(at_ns - times.started_ns) // 1000 for at_ns in times]
        self._note("made", block.key, due_ns, *steps)

    def packed(self, key: BlockKey, cost: UplinkCost, at_ns: int) -> None:  # noqa: ARG002
        self.costs.append(cost)
        self._note("packed", key)

    def sent(self, key: BlockKey, at_ns: int) -> None:  # noqa: ARG002
        self._note("sent", key)

    def answered(self, answer: Gradient | Prediction, at_ns: int) -> None:
        self._note("answered", answer.key, at_ns)

    def _note(self, name: str, key: BlockKey, *times: int) -> None:
        self.events.append((name, key.micro_batch, *times))
        self.phases.add(key.phase)


def test_an_observer_follows_the_blocks_of_a_training_step(fresh: Callable[..., DeviceSession]) -> None:
    recorder = Recorder()
    session = fresh(recorder)
    list(react(session, welcome()))
    blocks = [on_its_way(session, block) for block in react(session, TrainStep(0), 500)]
    for at_ns, block in enumerate(blocks, start=700):
        list(react(session, answer(block), at_ns))

    assert recorder.phases == {Phase.TRAIN}
    assert recorder.events == [
        ("made", 0, 500, 0, 1, 2), ("packed", 0), ("sent", 0),
        ("made", 1, 500, 0, 1, 2), ("packed", 1), ("sent", 1),
        ("answered", 0, 700), ("answered", 1, 701),
    ]  # fmt: skip


def test_an_observer_follows_the_blocks_of_a_pass_beside_its_report(fresh: Callable[..., DeviceSession]) -> None:
    recorder, second = Recorder(), Recorder()
    session = fresh(recorder, second)
    list(react(session, welcome()))
    bodies = list(react(session, Evaluate(Phase.SERVE, 0, Symbols.HARD), 500))
    for at_ns in (700, 900):
        (block,) = (on_its_way(session, body) for body in bodies)
        bodies = list(react(session, Prediction(block.key, np.zeros(1, dtype=np.uint8)), at_ns))

    (report,) = bodies
    assert recorder.events == [
        ("made", 0, 500, 0, 1, 2), ("packed", 0), ("sent", 0), ("answered", 0, 700),
        ("made", 1, 700, 0, 1, 2), ("packed", 1), ("sent", 1), ("answered", 1, 900),
    ]  # fmt: skip
    assert second.events == recorder.events
    assert recorder.costs == [UplinkCost(1, 10, 20)] * 2
    assert report.cost == UplinkCost(2, 20, 40)  # type: ignore[union-attr]


def test_an_answer_that_is_refused_is_no_event(fresh: Callable[..., DeviceSession]) -> None:
    recorder = Recorder()
    session = fresh(recorder)
    list(react(session, welcome()))
    block = next(iter(react(session, Evaluate(Phase.TEST, 0, Symbols.HARD))))
    assert isinstance(block, SymbolBlock)
    with pytest.raises(ProtocolError, match="1 answers to test step 0 micro-batch 0: expected 5"):
        list(react(session, Prediction(block.key, np.zeros(1, dtype=np.uint8))))
    assert {name for name, *_ in recorder.events} == {"made"}


def test_a_base_observer_ignores_all_events(fresh: Callable[..., DeviceSession]) -> None:
    session = fresh(BlockObserver())
    list(react(session, welcome()))
    for block in [on_its_way(session, block) for block in react(session, TrainStep(0))]:
        list(react(session, answer(block)))
    assert session.worker.next_step == 1
