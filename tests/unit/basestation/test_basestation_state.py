"""The base station's state machines, without a network."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
import torch

from splitwave.basestation.fusion.block_collector import BlockCollector
from splitwave.basestation.fusion.fusion_buffer import FusionBuffer
from splitwave.basestation.links.admission import Admission
from splitwave.basestation.links.leases import LinkLeases
from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.basestation.links.link_failures import LinkFailures
from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.links.stragglers import StragglerChange, StragglerDetector
from splitwave.basestation.run.passes import merge_hops
from splitwave.basestation.run.run_log import RunLog, StatusChanged
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Prediction, Ready, Welcome
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.reports import PassReport, UplinkCost
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.records.results import EpochRecord, Evaluation

CONFIG = RunConfig.model_validate(
    {
        "encoder": {"dimension": 3},
        "training": {"batch_size": 4},
        "runtime": {"credits": 2},
        "inference": {"block_size": 5},
    }
)
PLAN = RunPlan(CONFIG, 8, 10)
KEY = BlockKey(Phase.TRAIN, 0, 0)


def symbols(value: float, draws: int = 1, samples: int = 4) -> Float32:
    return np.full((draws, samples, 3), value, dtype=np.float32)


class TestLinkLeases:
    def test_leases_the_lowest_free_link_or_the_one_wished_for(self) -> None:
        leases = LinkLeases(3)
        assert [leases.lease("a", None), leases.lease("b", 2), leases.lease("c", None)] == [0, 2, 1]
        leases.release(2)
        assert leases.lease("d", None) == 2

    def test_a_host_gets_the_link_again_that_it_had(self) -> None:
        leases = LinkLeases(3)
        assert [leases.lease(host, None, host) for host in ("x", "y")] == [0, 1]
        leases.release(0)
        leases.release(1)
        assert leases.lease("y-again", None, "y") == 1
        assert leases.lease("stranger", None, "z") == 2  # nobody's: x may yet come back
        assert leases.lease("x-again", None, "x") == 0

    def test_a_stranger_gets_an_absent_hosts_link_when_there_is_no_other(self) -> None:
        leases = LinkLeases(1)
        leases.lease("x", None, "x")
        leases.release(0)
        assert leases.lease("stranger", None, "z") == 0

    def test_refuses_more_devices_than_links(self) -> None:
        leases = LinkLeases(1)
        leases.lease("a", None)
        with pytest.raises(ProtocolError, match="all 1 links are leased: more devices than links") as error:
            leases.lease("b", None)
        assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED

    def test_refuses_a_link_that_is_taken_or_does_not_exist(self) -> None:
        leases = LinkLeases(2)
        leases.lease("a", 1)
        with pytest.raises(ProtocolError, match="link 1 is leased to device a") as error:
            leases.lease("b", 1)
        assert error.value.refusal is Refusal.ALREADY_EXISTS
        with pytest.raises(ProtocolError, match="link 2 does not exist: this run has links 0 to 1"):
            leases.lease("b", 2)


class TestFusionBuffer:
    def test_puts_links_side_by_side_whatever_their_order(self) -> None:
        fusion = FusionBuffer(2, 3, capacity=1)
        assert fusion.add(KEY, 1, symbols(2.0, draws=2)) is None
        fused = fusion.add(KEY, 0, symbols(1.0, draws=2))
        assert fused is not None
        assert torch.equal(fused.symbols, torch.tensor([1.0] * 3 + [2.0] * 3).expand(2, 4, 6))

    def test_refuses_another_shape_than_the_other_links(self) -> None:
        fusion = FusionBuffer(2, 3, capacity=1)
        fusion.add(KEY, 0, symbols(1.0))
        with pytest.raises(ProtocolError, match=r"link 1 sent \(L, B\) = \(2, 4\), another link \(1, 4\)"):
            fusion.add(KEY, 1, symbols(1.0, draws=2))

    def test_memory_is_bounded(self) -> None:
        fusion = FusionBuffer(2, 3, capacity=1)
        fusion.add(KEY, 0, symbols(1.0))
        with pytest.raises(ProtocolError, match="more than 1 blocks wait"):
            fusion.add(BlockKey(Phase.TRAIN, 0, 1), 0, symbols(1.0))


def session_of(link: int) -> LinkSession:
    return LinkSession(LinkContract.of(CONFIG, link), f"device-{link}", "peer")


def pass_block(link: int, number: int = 0) -> SymbolBlock:
    ids = PLAN.block_ids(Phase.TEST, 0, number)
    return SymbolBlock(link, number, BlockKey(Phase.TEST, 0, number), ids, RealPayload(symbols(1.0, samples=5)))


class TestIntake:
    def collector(self) -> BlockCollector:
        collector = BlockCollector(CONFIG, PLAN)
        collector.expect(Phase.TEST, 0)
        return collector

    def test_hands_on_a_block_once_all_links_are_in(self) -> None:
        collector = self.collector()
        for link in (1, 0):
            collector.take(session_of(link), pass_block(link))
        arrival = asyncio.run(collector.next())
        assert arrival.block.key == BlockKey(Phase.TEST, 0, 0)
        assert arrival.sample_ids.tolist() == [0, 1, 2, 3, 4]
        assert arrival.arrived_ns[1] <= arrival.arrived_ns[0] <= arrival.fused_ns

    def test_refuses_what_was_not_asked_for(self) -> None:
        collector = self.collector()
        stray = SymbolBlock(0, 0, KEY, np.arange(4), RealPayload(symbols(1.0)))
        with pytest.raises(ProtocolError, match="train step 0 micro-batch 0 was not asked for: expected test") as error:
            collector.take(session_of(0), stray)
        assert error.value.refusal is Refusal.FAILED_PRECONDITION

    @pytest.mark.parametrize("links", [1, 2])
    def test_refuses_a_block_that_the_link_has_sent(self, links: int) -> None:
        config = CONFIG.model_copy(update={"links": links})
        collector = BlockCollector(config, PLAN)
        collector.expect(Phase.TEST, 0)
        session = session_of(0)
        collector.take(session, pass_block(0))
        with pytest.raises(ProtocolError, match="test step 0 micro-batch 0: link 0 sent it twice"):
            collector.take(session, pass_block(0))

    def test_refuses_other_samples_than_planned(self) -> None:
        block = pass_block(0)
        other = SymbolBlock(0, 0, block.key, block.sample_ids + 1, block.payload)
        with pytest.raises(ProtocolError, match="other samples than the run's plan says"):
            self.collector().take(session_of(0), other)

    def test_a_link_without_credit_is_refused_until_it_is_answered(self) -> None:
        config = CONFIG.model_copy(update={"inference": CONFIG.inference.model_copy(update={"block_size": 2})})
        plan = RunPlan(config, 8, 10)
        collector = BlockCollector(config, plan)
        collector.expect(Phase.TEST, 0)
        session = session_of(0)
        keys = [BlockKey(Phase.TEST, 0, number) for number in range(3)]
        payload = RealPayload(symbols(1.0, samples=2))
        blocks = [
            SymbolBlock(0, key.micro_batch, key, plan.block_ids(Phase.TEST, 0, key.micro_batch), payload)
            for key in keys
        ]
        collector.take(session, blocks[0])
        collector.take(session, blocks[1])
        with pytest.raises(ProtocolError, match="without credit: 2 are unanswered") as error:
            collector.take(session, blocks[2])
        assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED
        collector.take(session_of(1), SymbolBlock(1, 0, keys[0], blocks[0].sample_ids, blocks[0].payload))
        session.send(Prediction(keys[0], np.zeros(2, dtype=np.uint8)))
        collector.take(session, blocks[2])
        assert session.blocks == 3


class TestAdmission:
    def admission(self) -> Admission:
        return Admission(CONFIG, "run", (8, 10), "digest", restore=())

    def test_welcomes_a_device_with_the_runs_settings(self) -> None:
        session = self.admission().connect(Hello(PROTOCOL_VERSION, "dev", "0.1", None, 4096), "peer")
        assert session.outbox.popleft() == Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None)

    def test_is_complete_when_every_link_is_ready_and_not_before(self) -> None:
        admission = self.admission()
        sessions = [admission.connect(Hello(PROTOCOL_VERSION, name, "0.1", None, 4096), "peer") for name in "ab"]
        admission.admit(sessions[0], Ready(8, 10, "digest"))
        assert not admission.complete
        admission.admit(sessions[1], Ready(8, 10, "digest"))
        assert admission.complete

    def test_refuses_another_protocol_version(self) -> None:
        with pytest.raises(
            ProtocolError, match=f"speaks protocol version 1, this base station version {PROTOCOL_VERSION}"
        ):
            self.admission().connect(Hello(1, "dev", "0.1", None, 4096), "peer")

    def test_refuses_a_device_that_is_too_small(self) -> None:
        with pytest.raises(ProtocolError, match="encodes at most 2 features, this run needs 3"):
            self.admission().connect(Hello(PROTOCOL_VERSION, "dev", "0.1", None, 2), "peer")

    @pytest.mark.parametrize("ready", [Ready(7, 10, "digest"), Ready(8, 10, "other")])
    def test_refuses_other_data(self, ready: Ready) -> None:
        admission = self.admission()
        session = admission.connect(Hello(PROTOCOL_VERSION, "dev", "0.1", None, 4096), "peer")
        with pytest.raises(ProtocolError, match="link 0 holds other data"):
            admission.admit(session, ready)

    def test_a_dismissed_devices_link_is_free_again(self) -> None:
        admission = self.admission()
        admission.dismiss(admission.connect(Hello(PROTOCOL_VERSION, "a", "0.1", 1, 4096), "peer"))
        assert admission.connect(Hello(PROTOCOL_VERSION, "b", "0.1", 1, 4096), "peer").link == 1

    def test_starting_over_welcomes_everybody_to_the_checkpoint(self) -> None:
        admission = self.admission()
        session = admission.connect(Hello(PROTOCOL_VERSION, "a", "0.1", 1, 4096), "peer")
        admission.admit(session, Ready(8, 10, "digest"))
        admission.start_over(("sha-0", "sha-1"))
        assert not session.ready
        welcomes = [session.outbox.popleft() for _ in range(2)]
        assert welcomes[1] == Welcome(PROTOCOL_VERSION, "run", 1, CONFIG.canonical_json(), "sha-1")
        later = admission.connect(Hello(PROTOCOL_VERSION, "b", "0.1", None, 4096), "peer")
        assert later.outbox.popleft() == Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), "sha-0")


def test_what_a_device_sent_before_it_heard_of_the_new_start_does_not_count() -> None:
    session = session_of(0)
    session.spend_credit(2)
    assert session.accept(pass_block(0))
    session.start_over(Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None))
    assert not session.accept(pass_block(0, 1))
    assert session.unanswered == 0
    assert session.accept(Ready(8, 10, "digest"))
    assert session.accept(pass_block(0))


class TestLosses:
    def test_restarts_that_get_no_further_lead_nowhere_after_ten_of_them(self) -> None:
        losses = LinkFailures()
        assert not losses.lead_nowhere((2, 7))
        assert [losses.lead_nowhere((2, 7)) for _ in range(9)] == [False] * 9
        assert not losses.lead_nowhere((2, 8))  # further: it counts afresh
        assert [losses.lead_nowhere((2, 5)) for _ in range(10)] == [False] * 9 + [True]

    def test_it_explains_every_link_that_is_missing(self) -> None:
        losses = LinkFailures()
        ready, silent = session_of(0), session_of(1)
        ready.ready = True
        losses.add(session_of(2), "its stream ended")
        assert losses.explain(4, {0: ready, 1: silent}) == (
            "link 1 (device device-1) did not get ready; link 2 (device device-2) was lost: its stream ended; "
            "link 3 has no device"
        )


class TestLateness:
    def test_a_link_is_late_once_it_owes_the_same_thing_for_too_long(self) -> None:
        lateness = StragglerDetector(5.0)
        assert lateness.check(100.0, {0: 7, 1: 3}) == []
        assert lateness.check(104.9, {0: 7, 1: 3}) == []
        assert lateness.check(105.0, {0: 7, 1: 4}) == [StragglerChange(0, late=True, silent_s=5.0)]
        assert lateness.check(106.0, {0: 7, 1: 4}) == []
        assert lateness.late == {0}

    @pytest.mark.parametrize("debts", [{}, {0: 8}])
    def test_it_catches_up_when_it_pays_even_if_it_owes_something_new(self, debts: dict[int, int]) -> None:
        lateness = StragglerDetector(5.0)
        lateness.check(0.0, {0: 7})
        lateness.check(6.0, {0: 7})
        assert lateness.check(9.0, debts) == [StragglerChange(0, late=False, silent_s=9.0)]
        assert lateness.late == set()


class TestAnswers:
    def test_come_by_link_once_all_are_in(self) -> None:
        async def ask() -> list[str]:
            answers: LinkBarrier[str] = LinkBarrier(2)
            answers.expect(lambda answer: answer in ("yes", "no"))
            answers.take(1, "no")
            answers.take(0, "yes")
            return await answers.all()

        assert asyncio.run(ask()) == ["yes", "no"]

    @pytest.mark.parametrize("answer", ["perhaps", "yes"])
    def test_that_do_not_fit_or_come_twice_or_unasked_are_refused(self, answer: str) -> None:
        answers: LinkBarrier[str] = LinkBarrier(2)
        with pytest.raises(ProtocolError, match="link 0 sent a str that was not asked for"):
            answers.take(0, "yes")
        answers.expect(lambda text: text == "yes")
        answers.take(0, "yes")
        with pytest.raises(ProtocolError, match="not asked for"):
            answers.take(0, answer)


def test_hops_of_all_links_share_one_table() -> None:
    emulated = PassReport(
        Phase.SERVE, Symbols.HARD, UplinkCost(), ("encode", "emulate", "decode"), np.array([[1, 2, 3]])
    )
    direct = PassReport(Phase.SERVE, Symbols.HARD, UplinkCost(), ("encode", "decode"), np.array([[4, 5]]))
    hops, times_ns = merge_hops([direct, emulated])
    assert hops == ("encode", "emulate", "decode")
    assert times_ns.tolist() == [[4, 0, 5], [1, 2, 3]]


class TestRunLog:
    record = EpochRecord(0, 5, 1.0, (2.0,), 0.5, None, 100.0, 1.0)

    def test_a_late_watcher_sees_every_epoch(self) -> None:
        async def watch_late() -> list[object]:
            log = RunLog()
            await log.add(self.record)
            await log.close()
            return [event async for event in log.events()]

        assert asyncio.run(watch_late()) == [self.record, StatusChanged()]

    def test_an_epoch_that_a_restarted_run_repeats_is_logged_once(self) -> None:
        async def repeat() -> list[object]:
            log = RunLog()
            later = dataclasses.replace(self.record, epoch=1)
            for record in (self.record, later, self.record, later):
                await log.add(record)
            await log.close()
            return [event async for event in log.events() if isinstance(event, EpochRecord)]

        assert [event.epoch for event in asyncio.run(repeat()) if isinstance(event, EpochRecord)] == [0, 1]

    def test_the_test_errors_that_a_restarted_run_repeats_are_logged_once(self) -> None:
        async def repeat() -> list[object]:
            log = RunLog()
            for record in (self.record, Evaluation(0.5, 0.25), Evaluation(0.5, 0.25)):
                await log.add(record)
            await log.close()
            return [event async for event in log.events()]

        assert asyncio.run(repeat()) == [self.record, Evaluation(0.5, 0.25), StatusChanged()]

    def test_progress_is_told_from_time_to_time_and_what_happens_at_once(self) -> None:
        async def follow() -> list[int]:
            now = [100.0]
            log = RunLog(lambda: now[0])
            seen: asyncio.Queue[object] = asyncio.Queue()

            async def watch() -> None:
                async for event in log.events():
                    seen.put_nowait(event)

            async def heard(tell: Callable[[], Awaitable[None]], at_s: float) -> int:
                now[0] = at_s
                await tell()
                for _ in range(10):
                    await asyncio.sleep(0)  # the watcher, if it was told, has its turns
                count = seen.qsize()
                while not seen.empty():
                    seen.get_nowait()
                return count

            watcher = asyncio.create_task(watch())
            await seen.get()
            counts = [await heard(log.progress, at_s) for at_s in (100.0, 100.1, 100.19, 100.21, 100.3)]
            counts.append(await heard(log.touch, 100.31))
            counts.append(await heard(log.close, 100.32))
            await watcher
            return counts

        assert asyncio.run(follow()) == [1, 0, 0, 1, 0, 1, 1]

    def test_a_watcher_follows_until_the_log_is_closed(self) -> None:
        async def follow() -> list[object]:
            log = RunLog()
            seen: asyncio.Queue[object] = asyncio.Queue()

            async def watch() -> None:
                async for event in log.events():
                    seen.put_nowait(event)

            watcher = asyncio.create_task(watch())
            events = [await seen.get()]
            await log.add(self.record)
            events += [await seen.get(), await seen.get()]
            await log.close()
            await watcher
            return [*events, seen.get_nowait()]

        assert asyncio.run(follow()) == [StatusChanged(), self.record, StatusChanged(), StatusChanged()]
