"""All parties of one run in one process and thread: the same worker, channel and trainer objects, by direct calls.

This is the oracle that the distributed system is compared with, bit by bit, and parameter sweeps run on it. It has its
own loops over epochs, steps and passes and shares none with `basestation.run`: a mistake in the order of a common loop
would not show in the comparison.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from splitwave.basestation.fusion.fusion_buffer import FusedBlock, FusionBuffer
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.run.epoch_meter import EpochMeter
from splitwave.basestation.run.served_queries import QueryCounts, ServingCounts
from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.emulator.together import return_together, transmit_together
from splitwave.common.config.data_facts import with_data_facts
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels
from splitwave.common.files.data_folder import reading_from
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.channel_model import check_rate_noise
from splitwave.common.protocol.cross_link import check_cross_link
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.protocol.symbols import SymbolReader
from splitwave.common.records.checkpoint import weights_sha256
from splitwave.common.records.results import ENCODE_HOP, EpochRecord
from splitwave.common.tasks.task import Answers, Targets
from splitwave.common.wire.accounting import block_cost
from splitwave.common.wire.uplink import uplink_to_proto
from splitwave.device.learning.views import Views, load_views
from splitwave.device.learning.worker import DeviceWorker
from splitwave.device.measurement.symbol_histograms import SymbolHistograms
from splitwave.experiments.inprocess_adaptation import AdaptedWorkers
from splitwave.experiments.inprocess_outcomes import AnsweredBlock, Keep, PassOutcome, Position, ServingOutcome
from splitwave.testbed.engine import Observer, Progress

HOPS = (ENCODE_HOP, "emulate", "decode")
"""The columns of a serving pass's hop times."""
_BEGINNING = Position()


class InprocessRun:
    """All parties of one run in this process and thread.

    Attributes:
        config: the settings that it was opened with, by which it trains; `trainer.config` has those of `retune`.
        served: the queries of its serving passes.
        data_digest: of the data that its parties hold.
    """

    def __init__(self, config: RunConfig, views: Sequence[Views], train_labels: Targets, test_labels: Targets) -> None:
        """Args: one pair of views a link, and (N,) answers to both splits: int64 classes, or float32 nanoseconds."""
        self.config = config
        self.plan = RunPlan(config, len(train_labels), len(test_labels))
        self.workers = [DeviceWorker(config, link, view) for link, view in enumerate(views)]
        self.trainer = Trainer(config, self.plan, torch.from_numpy(train_labels))
        self._channels = [ChannelLink(config, link) for link in range(config.links)]
        self._readers = [SymbolReader(channel.received) for channel in self._channels]
        self._fusion = FusionBuffer.of(config, capacity=1, one_process=True)
        queries = dict.fromkeys((Phase.TEST, Phase.SERVE, Phase.LOAD), test_labels)
        self._labels = queries | {Phase.VALIDATION: train_labels}
        dimension, breakpoints = config.encoder.dimension, config.quantizer.breakpoints
        self._sent = [SymbolHistograms(dimension, breakpoints) for _ in self.workers]
        self._adapted = AdaptedWorkers(config, self.workers)
        self.served = ServingCounts()
        self.data_digest = views[0].data_digest

    @property
    def device_sha256(self) -> list[str]:
        """Digest of each device's weights, by link."""
        return [worker.weights_sha256 for worker in self.workers]

    @property
    def basestation_sha256(self) -> str:
        """Digest of the decoder's weights."""
        return weights_sha256(self.trainer.decoder)

    def train(
        self, observe: Observer, keep: Keep = lambda _: None, begin: Position = _BEGINNING
    ) -> Iterator[EpochRecord]:
        """Train to the end, an epoch a time.

        Args:
            observe: is called with the progress before each step.
            keep: is called between two steps, and after the last.
            begin: where to go on; the state of all parties is that of this position.
        """
        epochs, per_epoch = self.config.training.epochs, self.plan.steps_per_epoch
        records = list(begin.epochs)
        for epoch in range(len(records), epochs):
            sums = begin.sums if epoch == len(begin.epochs) else {}
            meter = EpochMeter()
            meter.resume(sums)
            started = time.perf_counter() - sums.get("seconds", 0.0)
            for step in range(max(begin.step, epoch * per_epoch), (epoch + 1) * per_epoch):
                if step > max(begin.step, epoch * per_epoch):
                    so_far = {**meter.sums, "seconds": time.perf_counter() - started}
                    keep(Position(step, tuple(records), so_far))
                observe(Progress("training", epoch, epochs, step, self.plan.steps))
                self.train_step(step, meter)
            seconds = time.perf_counter() - started
            error = self.evaluate(Phase.VALIDATION, epoch, Symbols.HARD).error if self.config.data.validation else None
            rates = [worker.end_epoch() for worker in self.workers]
            step = (epoch + 1) * per_epoch
            records.append(meter.record(epoch, step, seconds, rate_nats=rates, validation_error=error))
            yield records[-1]
            keep(Position(step, tuple(records)))
        if begin.step == self.plan.steps and self.config.data.validation:
            self.evaluate(Phase.VALIDATION, epochs - 1, Symbols.HARD)  # it sends the levels that the test pass needs

    def train_step(self, step: int, meter: EpochMeter) -> None:
        """One step: every micro-batch through all devices, the channel, the base station and back."""
        for number in range(self.plan.block_count(Phase.TRAIN, step)):
            blocks = [worker.train_block(step, number) for worker in self.workers]
            result = self.trainer.micro_batch(self._transmit(blocks))
            key, dtype = blocks[0].key, self.config.runtime.wire_dtype
            gradients = [Gradient.rounded(key, result.gradients[link], dtype) for link in range(self.config.links)]
            for worker, answer in zip(self.workers, return_together(self._channels, gradients), strict=True):
                worker.apply_gradient(answer.key, answer.values)
            meter.add(result, len(blocks[0].sample_ids))
        self.trainer.finish_step(step)
        for worker in self.workers:
            worker.finish_step()

    def tune(self, psnr_db: float | None = None, beta: float | list[float] | None = None) -> None:
        """Put the links at another PSNR or β from here on, all at one or each at its own.

        Plain networks then meet a channel that they were not trained for; conditioned ones have it as an input.
        """
        now = self.trainer.config
        channel = {} if psnr_db is None else {"psnr_db": psnr_db}
        objective = {} if beta is None else {"beta": beta}
        config = now.model_copy(
            update={
                "channel": now.channel.model_copy(update=channel),
                "objective": now.objective.model_copy(update=objective),
            }
        )
        self.retune(config)

    def retune(self, config: RunConfig) -> None:
        """Continue under settings with another channel, seed of its noise, β, fusion or adaptation, same networks."""
        self._adapted.retune(config)
        self.trainer.use_config(config)
        self._fusion = FusionBuffer.of(config, capacity=1, one_process=True)
        for worker, link in zip(self.workers, self._channels, strict=True):
            worker.retune(config)
            link.retune(config)

    def evaluate(self, phase: Phase, step: int, symbols: Symbols) -> PassOutcome:
        """One pass over the samples that a phase names; its blocks are serialised to count their bytes."""
        errors = 0.0
        costs = [UplinkCost()] * len(self.workers)
        for answered in self.answered_blocks(phase, step, symbols):
            for block, channel in zip(answered.blocks, self._channels, strict=True):
                costs[block.link] += block_cost(uplink_to_proto(block, channel.contract))
            errors += self.trainer.objective.errors(answered.answers, answered.targets)
        return PassOutcome(errors / self.plan.pass_samples(phase), tuple(costs))

    def answered_blocks(self, phase: Phase, step: int, symbols: Symbols) -> Iterator[AnsweredBlock]:
        """The blocks of a pass in order, each with what the devices sent and what the base station answered."""
        self._announce(symbols)
        for number in range(self.plan.block_count(phase, step)):
            blocks = [worker.pass_block(phase, step, number, symbols) for worker in self.workers]
            answers = self.trainer.predict(self._transmit(blocks))
            yield AnsweredBlock(tuple(blocks), answers, self._labels[phase][blocks[0].sample_ids])

    def serve(self, count: int, switches: Mapping[int, Sequence[float]] | None = None) -> ServingOutcome:
        """One serving pass.

        Args:
            count: how many serving passes came before it.
            switches: the links' β by the query from which they hold. They become settings here, so that a stream whose
                β was set live can be compared with one whose settings have it.
        """
        rows: list[tuple[int, int, int]] = []
        counts, answers = QueryCounts(), hashlib.sha256()
        self._announce(Symbols.HARD)
        self._adapted.begin_pass()
        for number in range(self.plan.block_count(Phase.SERVE, count)):
            if switches and number in switches:
                self.tune(beta=list(switches[number]))
            given, fused, times = self._query(count, number)
            ids = self.plan.block_ids(Phase.SERVE, count, number)
            errors = self.trainer.objective.errors(given, self._labels[Phase.SERVE][ids])
            counts.add_block(fused, ids, errors)
            self._adapted.follow(fused)
            answers.update(given.tobytes())
            rows += times
        self.served.add(counts)
        for link, sent in enumerate(self._sent):
            self.served.report(link, sent.new_entropies())
        return ServingOutcome(np.array(rows, dtype=np.int64), answers.hexdigest())

    def _query(self, count: int, number: int) -> tuple[Answers, FusedBlock, list[tuple[int, int, int]]]:
        """(1,) answers, the block that they answer, and the times of each link."""
        encode_ns, blocks = [], []
        for worker, sent in zip(self.workers, self._sent, strict=True):
            started = time.perf_counter_ns()
            blocks.append(worker.pass_block(Phase.SERVE, count, number, Symbols.HARD))
            encode_ns.append(time.perf_counter_ns() - started)
            sent.add(blocks[-1])
        started = time.perf_counter_ns()
        fused = self._transmit(blocks)
        emulated = time.perf_counter_ns()
        given = self.trainer.predict(fused)
        decoded = time.perf_counter_ns()
        return given, fused, [(encode, emulated - started, decoded - emulated) for encode in encode_ns]

    def _announce(self, symbols: Symbols) -> None:
        for channel in self._channels:
            channel.begin_pass(symbols)

    def _transmit(self, blocks: Sequence[SymbolBlock]) -> FusedBlock:
        """The fused block; where the fusion policy waits for some links alone, without those that come after them."""
        fused = None
        for received, reader in zip(transmit_together(self._channels, blocks), self._readers, strict=True):
            symbols, sent = reader.read(received), self._adapted.sent(received)
            fused = self._fusion.add(received.key, received.link, symbols, received.beta, sent=sent) or fused
        assert fused is not None  # the last link's part completes the block
        return fused


def open_run(config: RunConfig, data_dir: Path | None) -> InprocessRun:
    """A fresh run over the data set that its settings name.

    Raises:
        ConfigError: a channel model cannot be loaded, the rate needs noise and has none, or links cannot meet.
        DataError: the data are missing or damaged.
    """
    with reading_from(data_dir):
        config = with_data_facts(config, data_dir)
        check_rate_noise(config)
        check_cross_link(config)
        views = load_views(config, range(config.links), data_dir)
        return InprocessRun(
            config,
            [views.of(link) for link in range(config.links)],
            load_labels(config.data.choice, "train", data_dir),
            load_labels(config.data.choice, "test", data_dir),
        )
