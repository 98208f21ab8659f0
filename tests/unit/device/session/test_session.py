"""The device's state machine, without a network."""

import dataclasses
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

import splitwave.common.protocol.workload
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import HypernetworkSettings
from splitwave.common.errors import CheckpointError, ProtocolError
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import (
    PROTOCOL_VERSION,
    Downlink,
    Evaluate,
    Gradient,
    PartSaved,
    Prediction,
    Ready,
    SaveCheckpoint,
    SetBeta,
    TrainStep,
    Uplink,
    Welcome,
)
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport, UplinkCost
from splitwave.common.protocol.timing import ChannelStamps, Hop, Stamps
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS, Workload
from splitwave.device.learning.views import Views
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.session import DeviceSession

CONFIG = RunConfig.model_validate(
    {
        "encoder": {"dimension": 3},
        "training": {"epochs": 1, "batch_size": 8, "micro_batches": 2},
        "inference": {"block_size": 5, "latency_samples": 2},
    }
)


@pytest.fixture
def session(fresh: Callable[[], DeviceSession]) -> DeviceSession:
    return fresh()


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], DeviceSession]:
    """Makes sessions that share a folder."""
    rng = np.random.default_rng(0)
    views = Views(rng.random((16, 392), dtype=np.float32), rng.random((10, 392), dtype=np.float32), "digest")
    ticks = count(0, 1000)
    return lambda: DeviceSession(
        device_id="dev", software="test", wish=None, host="", state_dir=tmp_path,
        open_views=lambda _config, _link: views, clock=lambda: next(ticks),
    )  # fmt: skip


def react(session: DeviceSession, message: Downlink, heard_ns: int | None = None) -> Iterator[Uplink]:
    """All that a process with this one device answers."""
    for answers in DeviceHost([session]).react([(0, message)], heard_ns):
        for _, body in answers:
            yield body


def due_block(session: DeviceSession) -> Uplink:
    """What such a process sends when the next block of an open loop is due."""
    (((_, block),),) = DeviceHost([session]).due_blocks()
    return block


TOLD = CONFIG.model_copy(update={"hypernetwork": HypernetworkSettings(beta=[1e-5, 1.0])})


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


def test_the_handshake_tells_the_device_everything(session: DeviceSession) -> None:
    before = session.contract
    assert list(react(session, welcome())) == [Ready(16, 10, "digest")]
    after = session.contract
    assert before is None
    assert after is not None
    assert (after.link, after.dimension) == (1, 3)


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


def test_gradients_that_nobody_asked_for_are_refused(session: DeviceSession) -> None:
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


def test_commands_before_the_handshake_are_refused(session: DeviceSession) -> None:
    with pytest.raises(ProtocolError, match="before the handshake"):
        list(react(session, TrainStep(0)))


def run_pass(session: DeviceSession, phase: Phase) -> tuple[int, PassReport]:
    """Answer one block at a time; how many were under way at most, and the report."""
    under_way: list[SymbolBlock] = []
    most = 0

    def collect(bodies: Iterator[Uplink]) -> PassReport | None:
        for body in bodies:
            if isinstance(body, PassReport):
                return body
            assert isinstance(body, SymbolBlock)
            session.sending(body.key, UplinkCost(len(body.sample_ids), 10, 20))
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


def test_a_pass_uses_its_window_and_reports_its_cost(session: DeviceSession) -> None:
    list(react(session, welcome()))
    most, report = run_pass(session, Phase.TEST)
    assert most == 2
    assert report.cost == UplinkCost(10, 20, 40)
    assert report.hops == ()


def test_answers_to_other_than_the_blocks_samples_are_refused(session: DeviceSession) -> None:
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


CLOSED = Workload(queries=6, samples=4, window=2, rate_per_s=0.0, seed=5)
OPEN = dataclasses.replace(CLOSED, rate_per_s=1e3)
STAMPED = Stamps(11, 12, 13, 14, ChannelStamps(9, 10, 15, 16))


def load_command(load: Workload) -> Evaluate:
    return Evaluate(Phase.LOAD, 7, Symbols.HARD, load)


def on_its_way(session: DeviceSession, block: Uplink) -> SymbolBlock:
    """What a transport does with a block."""
    assert isinstance(block, SymbolBlock)
    session.sending(block.key, UplinkCost(len(block.sample_ids), 10, 20))
    session.handed_over(block.key)
    return block


def answer_to_query(block: SymbolBlock, stamps: Stamps = STAMPED) -> Prediction:
    return Prediction(block.key, np.zeros(len(block.sample_ids), dtype=np.uint8), (), stamps)


def test_a_closed_loop_keeps_its_window_and_stamps_every_query(session: DeviceSession) -> None:
    list(react(session, welcome()))
    first, second = (on_its_way(session, each) for each in react(session, load_command(CLOSED), 500))
    assert [first.key, second.key] == [BlockKey(Phase.LOAD, 7, number) for number in (0, 1)]
    assert session.next_due_ns() is None  # nothing is paced
    blocks, under_way = [first, second], [first, second]
    report = None
    for heard in range(1, 7):
        for body in react(session, answer_to_query(under_way.pop(0)), heard * 1_000_000):
            if isinstance(body, PassReport):
                report = body
            else:
                blocks.append(on_its_way(session, body))
                under_way.append(blocks[-1])
    assert report is not None
    asked = [sample for block in blocks for sample in block.sample_ids]
    assert [sorted(asked[:10]), sorted(asked[10:20])] == [list(range(10))] * 2  # all ten, before any again
    assert report.cost == UplinkCost(24, 60, 120)
    assert report.hops == STAMPS
    stamps = dict(zip(STAMPS, report.hop_times_ns.T, strict=True))
    # Due as soon as there was room: at once, or when the answer before came.
    assert stamps["due"].tolist() == [500, 500, 1_000_000, 2_000_000, 3_000_000, 4_000_000]
    assert stamps["received"].tolist() == [heard * 1_000_000 for heard in range(1, 7)]
    own = np.stack([stamps[name] for name in ("started", "encoded", "packed", "sent")])
    # Ticks of the test's clock: a block leaves before the next is made.
    assert np.diff(own, axis=0).tolist() == [[1000] * 6, [2000] * 6, [1000] * 6]
    others = ("channel_in", "channel_out", "arrived", "fused", "decoding", "decoded", "channel_back", "channel_down")
    assert [stamps[name].tolist() for name in others] == [[value] * 6 for value in range(9, 17)]


def test_a_link_without_an_emulator_has_no_stamps_of_one(session: DeviceSession) -> None:
    list(react(session, welcome()))
    load = dataclasses.replace(CLOSED, queries=1)
    (block,) = react(session, load_command(load))
    (report,) = react(session, answer_to_query(on_its_way(session, block), Stamps(11, 12, 13, 14)))
    assert isinstance(report, PassReport)
    assert report.hops == DIRECT_STAMPS
    assert report.hop_times_ns[0, 5:9].tolist() == [11, 12, 13, 14]


def test_an_open_loop_is_due_by_its_schedule_whether_or_not_it_is_answered(session: DeviceSession) -> None:
    list(react(session, welcome()))
    assert list(react(session, load_command(OPEN), 500)) == []
    due, blocks = [], []
    while (at_ns := session.next_due_ns()) is not None:
        due.append(at_ns)
        blocks.append(on_its_way(session, due_block(session)))
    assert due == (500 + OPEN.schedule_ns()).tolist()
    for block in blocks[:-1]:
        assert list(react(session, answer_to_query(block))) == []
    (report,) = react(session, answer_to_query(blocks[-1]))
    assert isinstance(report, PassReport)
    assert report.hop_times_ns[:, STAMPS.index("due")].tolist() == due


def test_an_open_loop_without_credit_waits_and_its_queries_keep_the_time_at_which_they_were_due(
    session: DeviceSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_OPEN_SAMPLES", 2 * OPEN.samples)
    list(react(session, welcome()))
    list(react(session, load_command(OPEN), 0))
    blocks = [on_its_way(session, due_block(session)) for _ in range(2)]
    assert session.next_due_ns() is None  # for want of credit
    heard = 10**12
    while blocks:
        bodies = list(react(session, answer_to_query(blocks.pop(0)), heard))
        if session.next_due_ns() is not None:
            blocks.append(on_its_way(session, due_block(session)))
    (report,) = bodies
    assert isinstance(report, PassReport)
    np.testing.assert_array_equal(report.hop_times_ns[:, STAMPS.index("due")], OPEN.schedule_ns())


def test_a_load_of_larger_queries_than_the_runs_blocks_is_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    with pytest.raises(ProtocolError, match=r"samples = 6: expected at most inference.block_size = 5"):
        list(react(session, load_command(dataclasses.replace(CLOSED, samples=6))))


def test_a_loads_blocks_carry_the_knobs_beta_and_are_not_counted_as_served(session: DeviceSession) -> None:
    list(react(session, welcome(config=TOLD)))
    list(react(session, SetBeta(0.5)))
    (block,) = react(session, load_command(dataclasses.replace(CLOSED, queries=1)))
    assert isinstance(block, SymbolBlock)
    assert block.beta == 0.5
    (report,) = react(session, answer_to_query(on_its_way(session, block)))
    assert isinstance(report, PassReport)
    assert report.entropies == ()


def serving_block(session: DeviceSession, body: Downlink) -> SymbolBlock:
    (block,) = react(session, body)
    assert isinstance(block, SymbolBlock)
    return block


def answered(block: SymbolBlock) -> Prediction:
    return Prediction(block.key, np.zeros(1, dtype=np.uint8))


def test_the_knob_counts_from_the_next_serving_block_on(session: DeviceSession) -> None:
    list(react(session, welcome(config=TOLD)))
    first = serving_block(session, Evaluate(Phase.SERVE, 0, Symbols.HARD))
    assert list(react(session, SetBeta(0.5))) == []
    second = serving_block(session, answered(first))
    (report,) = react(session, answered(second))

    assert (first.beta, second.beta) == (TOLD.objective.beta, 0.5)
    assert isinstance(report, PassReport)
    assert [(each.beta, each.samples) for each in report.entropies] == [(TOLD.objective.beta, 1), (0.5, 1)]


def soft_block(session: DeviceSession, phase: Phase, *knob: SetBeta) -> SymbolBlock:
    """The first block of a pass of a device that is welcomed anew, whose gates β moves, and whose knob is turned."""
    list(react(session, welcome(config=TOLD)))
    with torch.no_grad():
        for name, weights in session._leased.worker.model.named_parameters():
            if name.endswith("slope"):
                weights.fill_(0.5)
    for turn in knob:
        list(react(session, turn))
    block = next(iter(react(session, Evaluate(phase, 0, Symbols.SOFT))))
    assert isinstance(block, SymbolBlock)
    assert isinstance(block.payload, RealPayload)
    return block


def test_the_knob_changes_serving_and_leaves_test_passes_alone(session: DeviceSession) -> None:
    for phase in (Phase.TEST, Phase.SERVE):
        before, after = soft_block(session, phase), soft_block(session, phase, SetBeta(1.0))
        same = np.array_equal(before.payload.values, after.payload.values)  # type: ignore[union-attr]
        serves = phase is Phase.SERVE
        assert same is not serves
        assert (before.beta, after.beta) == ((TOLD.objective.beta, 1.0) if serves else (None, None))


def test_another_welcome_forgets_the_knob_and_what_was_counted(session: DeviceSession) -> None:
    list(react(session, welcome(config=TOLD)))
    list(react(session, SetBeta(0.5)))
    serving_block(session, Evaluate(Phase.SERVE, 0, Symbols.HARD))
    list(react(session, welcome(config=TOLD)))
    _, report = run_pass(session, Phase.SERVE)
    assert [(each.beta, each.samples) for each in report.entropies] == [(TOLD.objective.beta, 2)]


@pytest.mark.parametrize(
    ("config", "beta", "message"),
    [
        (CONFIG, 0.5, "networks of this run are not β-conditioned"),
        (TOLD, 2.0, r"β = 2\.0: expected a number from 1e-05 to 1"),
    ],
)
def test_a_beta_that_makes_no_sense_is_refused(
    session: DeviceSession, config: RunConfig, beta: float, message: str
) -> None:
    with pytest.raises(ProtocolError, match="before the handshake"):
        list(react(session, SetBeta(beta)))
    list(react(session, welcome(config=config)))
    with pytest.raises(ProtocolError, match=message):
        list(react(session, SetBeta(beta)))


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


def test_a_missing_or_different_checkpoint_part_is_refused(
    session: DeviceSession, fresh: Callable[[], DeviceSession]
) -> None:
    with pytest.raises(CheckpointError, match="no such checkpoint part"):
        list(react(session, welcome(restore="0" * 64)))
    list(react(session, welcome()))
    saved = saved_digest(session)
    with pytest.raises(CheckpointError, match="holds weights"):
        list(react(fresh(), welcome(restore="0" * 64)))
    assert list(react(fresh(), welcome(restore=saved))) == [Ready(16, 10, "digest")]
