"""The file with the answers of serving passes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from structlog.testing import capture_logs

from splitwave.basestation.fusion.block_collector import Arrival
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.run.answer_log import AnswerLog
from splitwave.basestation.run.decoding import PredictedBlock
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel
from splitwave.common.protocol.phases import Phase


def arrival(phase: Phase, number: int, sample: int, erased: frozenset[int] = frozenset()) -> Arrival:
    block = FusedBlock(BlockKey(phase, 2, number), torch.zeros(1, 1, 4), (0, 1), erased=erased)
    return Arrival(block, np.array([sample]))


def answer(value: int) -> PredictedBlock:
    return PredictedBlock(np.array([value], dtype=np.uint8), 0, 0)


def test_each_served_query_is_a_line_with_its_name_and_its_answer(tmp_path: Path) -> None:
    log = AnswerLog(tmp_path / "answers.jsonl")
    log.block_answered(arrival(Phase.SERVE, 0, 71), answer(7))
    log.block_answered(arrival(Phase.TEST, 0, 5), answer(1))
    log.block_answered(arrival(Phase.SERVE, 1, 9, frozenset({1})), answer(3))
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert lines == [
        {"stream": 2, "sequence": 0, "sample": 71, "answer": 7, "links": [0, 1]},
        {"stream": 2, "sequence": 1, "sample": 9, "answer": 3, "links": [0]},
    ]


def test_a_query_that_met_a_changed_channel_says_which_state_of_each_link(tmp_path: Path) -> None:
    log, plain = AnswerLog(tmp_path / "answers.jsonl"), arrival(Phase.SERVE, 0, 71)
    channels = (LiveChannel(4, ChannelValues(psnr_db=0.0)), LiveChannel())
    log.block_answered(Arrival(replace(plain.block, channels=channels), plain.sample_ids), answer(7))
    (line,) = map(json.loads, (tmp_path / "answers.jsonl").read_text().splitlines())
    assert line["channel"] == [{"version": 4, "psnr_db": 0.0}, {"version": 0}]


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a file that can be written"):
        AnswerLog(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_ends_the_file_and_not_the_run() -> None:
    log = AnswerLog(Path("/dev/full"))
    with capture_logs() as logs:
        log.block_answered(arrival(Phase.SERVE, 0, 71), answer(7))
        log.block_answered(arrival(Phase.SERVE, 1, 72), answer(7))
    assert [line["event"] for line in logs] == ["answers not written"]
