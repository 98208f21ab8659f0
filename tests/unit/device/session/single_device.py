"""A process with one device, without a network: its messages down and its answers."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import HypernetworkSettings
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import (
    PROTOCOL_VERSION,
    Downlink,
    Evaluate,
    Gradient,
    PartSaved,
    Prediction,
    SaveCheckpoint,
    TrainStep,
    Uplink,
    Welcome,
)
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport, UplinkCost
from splitwave.common.protocol.timing import ChannelStamps, Hop, Stamps
from splitwave.common.protocol.workload import Workload
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.session import DeviceSession

CONFIG = RunConfig.model_validate(
    {
        "encoder": {"dimension": 3},
        "training": {"epochs": 1, "batch_size": 8, "micro_batches": 2},
        "inference": {"block_size": 5, "latency_samples": 2},
    }
)


CONDITIONED = CONFIG.model_copy(update={"hypernetwork": HypernetworkSettings(beta=[1e-5, 1.0])})


CLOSED = Workload(queries=6, samples=4, window=2, rate_per_s=0.0, seed=5)


OPEN = dataclasses.replace(CLOSED, rate_per_s=1e3)


STAMPED = Stamps(11, 12, 13, 14, ChannelStamps(9, 10, 15, 16))


def react(session: DeviceSession, message: Downlink, heard_ns: int | None = None) -> Iterator[Uplink]:
    """The answers of a process with this one device."""
    for answers in DeviceHost([session]).react([(0, message)], heard_ns):
        for _, body in answers:
            yield body


def due_block(session: DeviceSession) -> Uplink:
    """The block that such a process sends when the next query of an open loop is due."""
    (((_, block),),) = DeviceHost([session]).due_blocks()
    return block


def welcome(restore: str | None = None, config: RunConfig = CONFIG) -> Welcome:
    return Welcome(PROTOCOL_VERSION, "run", 1, config.canonical_json(), restore)


def answer(block: Uplink) -> Gradient:
    assert isinstance(block, SymbolBlock)
    return Gradient(block.key, np.ones((1, len(block.sample_ids), 3), dtype=np.float32))


def do_step(session: DeviceSession, step: int) -> list[Uplink]:
    blocks = list(react(session, TrainStep(step)))
    for block in blocks:
        assert not list(react(session, answer(block)))
    return blocks


def saved_digest(session: DeviceSession, steps: int = 0) -> str:
    (saved,) = react(session, SaveCheckpoint(steps))
    assert isinstance(saved, PartSaved)
    return saved.sha256


def run_pass(session: DeviceSession, phase: Phase) -> tuple[int, PassReport]:
    """Answer one block at a time; returns how many were under way at most, and the report."""
    under_way: list[SymbolBlock] = []
    most = 0

    def collect(bodies: Iterator[Uplink]) -> PassReport | None:
        for body in bodies:
            if isinstance(body, PassReport):
                return body
            assert isinstance(body, SymbolBlock)
            session.block_packed(body.key, UplinkCost(len(body.sample_ids), 10, 20))
            under_way.append(body)
        return None

    report = collect(react(session, Evaluate(phase, 0, Symbols.HARD)))
    while report is None:
        most = max(most, len(under_way))
        block = under_way.pop(0)
        classes = np.zeros(len(block.sample_ids), dtype=np.uint8)
        hops = (Hop("decode", 300),) if phase is Phase.SERVE else ()
        report = collect(react(session, Prediction(block.key, classes, hops)))
    return most, report


def load_command(load: Workload) -> Evaluate:
    return Evaluate(Phase.LOAD, 7, Symbols.HARD, load)


def on_its_way(session: DeviceSession, block: Uplink) -> SymbolBlock:
    """Pack and send a block, as the transport does."""
    assert isinstance(block, SymbolBlock)
    session.block_packed(block.key, UplinkCost(len(block.sample_ids), 10, 20))
    session.block_sent(block.key)
    return block


def answer_to_query(block: SymbolBlock, stamps: Stamps = STAMPED) -> Prediction:
    return Prediction(block.key, np.zeros(len(block.sample_ids), dtype=np.uint8), (), stamps)
