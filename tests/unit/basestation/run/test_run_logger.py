"""The log entries of a run."""

import numpy as np
import torch
from structlog.testing import capture_logs

from splitwave.basestation.fusion.block_collector import Arrival, Command
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.run.decoding import PredictedBlock
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.run_logger import RunLogger
from splitwave.basestation.run.served_queries import QueryCounts
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.records.results import EpochRecord
from tests.unit.basestation.base_station_parts import PLAN

DECODED = PredictedBlock(np.zeros(1, dtype=np.uint8), 0, 1)
EPOCH = EpochRecord(0, 5, 1.5, (2.0,), 0.5, None, 100.0, 1.0)


def answer(logger: RunLogger, phase: Phase, number: int, *links: int, betas: tuple[float, ...] = ()) -> None:
    block = FusedBlock(BlockKey(phase, 2, number), torch.zeros(1, 1, 2), links, betas)
    logger.block_answered(Arrival(block, np.zeros(1, dtype=np.int64)), DECODED)


def serving_pass(queries: int) -> PassOutcome:
    counts = QueryCounts()
    counts.add((), np.zeros(queries, dtype=np.int64), 0.0)
    return PassOutcome(Command(PLAN, Phase.SERVE, 2), 0.25, {}, counts, "digest")


def test_passes_add_up_the_answered_queries() -> None:
    with capture_logs() as logs:
        logger = RunLogger(2)
        for _ in range(2):
            logger.pass_ended(serving_pass(3))
    expected = {"event": "served", "error": 0.25, "answers_sha256": "digest", "log_level": "info"}
    assert logs == [expected | {"queries": 3}, expected | {"queries": 6}]


def test_the_first_query_under_new_betas_is_logged_and_again_after_a_restart() -> None:
    with capture_logs() as logs:
        logger = RunLogger(2)
        for number, betas in enumerate([(0.5, 0.1), (0.5, 0.1), (0.5, 0.2)]):
            answer(logger, Phase.SERVE, number, 0, 1, betas=betas)
        logger.run_started_over("link 1 was lost", lost_at_step=7, from_step=0, wait_s=60.0)
        answer(logger, Phase.SERVE, 0, 0, 1, betas=(0.5, 0.2))
    lines = [(each["serving_pass"], each["query"], each["betas"]) for each in logs if "query" in each]
    assert lines == [(2, 0, (0.5, 0.1)), (2, 2, (0.5, 0.2)), (2, 0, (0.5, 0.2))]


def test_incomplete_blocks_are_counted_by_their_links() -> None:
    with capture_logs() as logs:
        logger = RunLogger(3)
        for links in [(0, 1, 2), (0,), (0, 2), (0,)]:
            answer(logger, Phase.TRAIN, 0, *links)
        answer(logger, Phase.SERVE, 0, 1)
        logger.epoch_ended(EPOCH)
        logger.epoch_ended(EPOCH)
        logger.pass_ended(serving_pass(1))
    assert [each.get("incomplete_blocks") for each in logs] == [{"0": 2, "0 2": 1}, None, {"1": 1}]
