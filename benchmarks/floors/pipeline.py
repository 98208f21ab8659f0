"""The one-process floor: encoding, channel and decoding of the same networks by direct calls."""

import time
from pathlib import Path

import numpy as np
import torch

from splitwave.basestation.fusion.fusion_buffer import FusionBuffer
from splitwave.channel.emulator.link import ChannelLink
from splitwave.common.config.run_config import RunConfig
from splitwave.common.files.data_folder import reading_from
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.link_contract import received_dimension
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.symbols import SymbolReader
from splitwave.experiments.inprocess_run import InprocessRun, open_run

_opened: dict[str, "Pipeline"] = {}


class Pipeline:
    """The networks of a run in one process; untrained, because the cost of an answer does not depend on the weights."""

    def __init__(self, config: RunConfig, data_dir: Path | None) -> None:
        self._run: InprocessRun = open_run(config, data_dir)
        with reading_from(data_dir):
            self._channels = [ChannelLink(config, link) for link in range(config.links)]
        self._readers = [SymbolReader(channel.contract) for channel in self._channels]
        self._fusion = FusionBuffer(config.links, received_dimension(config), capacity=1)
        self._whole = self._run.plan.pass_samples(Phase.TEST) // config.inference.block_size

    def query(self, number: int) -> None:
        """Process one full-size block from its samples to the predictions."""
        fused = None
        parts = zip(self._run.workers, self._channels, self._readers, strict=True)
        for worker, channel, reader in parts:
            block = worker.pass_block(Phase.TEST, 0, number % self._whole, Symbols.HARD)
            symbols = reader.read(channel.transmit(block))
            fused = self._fusion.add(block.key, block.link, symbols, block.beta)
        assert fused is not None  # the part of the last link completes the block
        self._run.trainer.predict(fused)


def query_times_ns(config_json: str, data_dir: Path | None, threads: int, queries: int) -> Int64:
    """Time queries after a warm-up; the process keeps the pipeline for the next call with the same settings.

    Returns:
        (queries,) int64 nanoseconds.
    """
    torch.set_num_threads(threads)
    if config_json not in _opened:
        _opened[config_json] = Pipeline(RunConfig.model_validate_json(config_json), data_dir)
    return _timed(_opened[config_json], queries)


def _timed(pipeline: Pipeline, queries: int) -> Int64:
    for number in range(max(1, queries // 10)):
        pipeline.query(number)
    times = [_time_one(pipeline, number) for number in range(queries)]
    return np.array(times, dtype=np.int64)


def _time_one(pipeline: Pipeline, number: int) -> int:
    started = time.monotonic_ns()
    pipeline.query(number)
    return time.monotonic_ns() - started
