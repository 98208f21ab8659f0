"""The blocks of a command that a device may send."""

import numpy as np
import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.workload import MAX_OPEN_SAMPLES, Overflow, Workload
from splitwave.device.session.block_window import BlockWindow, NextBlock

CONFIG = RunConfig.model_validate(
    {
        "training": {"batch_size": 12, "micro_batches": 3},
        "inference": {"block_size": 5, "latency_samples": 2},
        "runtime": {"credits": 4},
    }
)
PLAN = RunPlan(CONFIG, 24, 28)


def test_a_pass_sends_up_to_its_credits_and_goes_on_as_answers_come() -> None:
    window = BlockWindow(PLAN, Phase.TEST, 0, Symbols.SOFT, begun_ns=5)
    assert window.together == 2  # half of the credits
    numbers = []
    while (wanted := window.next_block()) is not None:
        numbers.append(wanted)
        assert window.count_sent() == 5
    without_credit = window.may_send_unscheduled
    assert numbers == [NextBlock(BlockKey(Phase.TEST, 0, number), Symbols.SOFT) for number in range(4)]

    window.count_answer(BlockKey(Phase.TEST, 0, 0), 9)
    assert window.next_block() == NextBlock(BlockKey(Phase.TEST, 0, 4), Symbols.SOFT)
    assert (without_credit, window.may_send_unscheduled) == (False, True)
    assert window.next_due_ns() is None  # no schedule
    assert window.count_sent() == 9


def test_a_command_is_completed_by_the_answer_to_its_last_block() -> None:
    window = BlockWindow(PLAN, Phase.TEST, 0, Symbols.HARD, begun_ns=0)
    states = []
    for number in range(6):
        assert window.next_block() is not None
        window.count_sent()
        states.append((window.all_sent, window.all_answered))
        window.count_answer(BlockKey(Phase.TEST, 0, number), number)
    assert states == [(False, False)] * 5 + [(True, False)]
    assert window.all_answered
    assert window.next_block() is None


def test_a_training_step_sends_its_micro_batches() -> None:
    window = BlockWindow(PLAN, Phase.TRAIN, 1, Symbols.SOFT, begun_ns=5)
    for _ in range(3):
        assert window.next_block() is not None
        window.count_sent()
    assert window.next_block() is None
    assert window.all_sent


def test_blocks_with_a_schedule_are_due_by_it() -> None:
    schedule_ns = np.array([30, 40, 50, 60, 70, 80])
    window = BlockWindow(PLAN, Phase.TEST, 0, Symbols.HARD, begun_ns=5, schedule_ns=schedule_ns)
    due = []
    while (at_ns := window.next_due_ns()) is not None:
        due.append(at_ns)
        assert window.count_sent() == at_ns
    assert due == [30, 40, 50, 60]
    window.count_answer(BlockKey(Phase.TEST, 0, 0), 1000)
    assert window.next_due_ns() == 70  # whenever there was credit
    assert not window.may_send_unscheduled


def test_an_answer_to_another_block_is_refused() -> None:
    window = BlockWindow(PLAN, Phase.SERVE, 3, Symbols.HARD, begun_ns=5)
    window.count_sent()
    with pytest.raises(ProtocolError, match="step 3 micro-batch 1: expected one to serve step 3 micro-batch 0"):
        window.count_answer(BlockKey(Phase.SERVE, 3, 1), 9)
    assert window.answered == 0
    assert window.next_block() is None


def dropping_window(queries: int, credits_: int, most_waiting: int | None) -> BlockWindow:
    """The window of an open loop whose query n is due at 10·n."""
    workload = Workload(queries, MAX_OPEN_SAMPLES // credits_, 1, 1.0, 0, Overflow.DROP_OLDEST)
    return BlockWindow(
        PLAN.with_workload(workload),
        Phase.LOAD,
        0,
        Symbols.HARD,
        begun_ns=0,
        schedule_ns=10 * np.arange(queries, dtype=np.int64),
        most_waiting=most_waiting,
    )


def send_all(window: BlockWindow) -> list[int]:
    numbers = []
    while (wanted := window.next_block()) is not None:
        numbers.append(wanted.key.micro_batch)
        window.count_sent()
    return numbers


def test_the_oldest_waiting_blocks_are_dropped_and_the_newest_are_sent_when_there_is_credit() -> None:
    window = dropping_window(queries=10, credits_=2, most_waiting=3)
    assert list(window.drop_overdue(0)) == []
    assert send_all(window) == [0, 1]
    assert list(window.drop_overdue(45)) == []  # 2, 3 and 4 wait
    assert list(window.drop_overdue(60)) == [2, 3]  # 4, 5 and 6 wait
    assert window.next_block() is None  # a dropped block leaves no credit
    window.count_answer(BlockKey(Phase.LOAD, 0, 0), 61)
    assert list(window.drop_overdue(75)) == [4]
    assert send_all(window) == [5]
    assert list(window.drop_overdue(1_000)) == [6]
    for number in (1, 5):  # answers to dropped blocks are not expected
        window.count_answer(BlockKey(Phase.LOAD, 0, number), 1_000)
    assert send_all(window) == [7, 8]
    window.count_answer(BlockKey(Phase.LOAD, 0, 7), 1_001)
    assert send_all(window) == [9]
    window.count_answer(BlockKey(Phase.LOAD, 0, 8), 1_002)
    assert not window.all_answered
    window.count_answer(BlockKey(Phase.LOAD, 0, 9), 1_003)
    assert window.all_answered


def test_a_device_that_falls_behind_drops_although_it_has_credit_but_never_the_last_block() -> None:
    window = dropping_window(queries=10, credits_=4, most_waiting=1)
    assert list(window.drop_overdue(1_000)) == list(range(9))
    assert send_all(window) == [9]
    with pytest.raises(ProtocolError, match="expected one to load step 0 micro-batch 9"):
        window.count_answer(BlockKey(Phase.LOAD, 0, 0), 1_001)
    window.count_answer(BlockKey(Phase.LOAD, 0, 9), 1_001)
    assert window.all_answered


def test_without_a_limit_all_due_blocks_wait() -> None:
    window = dropping_window(queries=10, credits_=4, most_waiting=None)
    assert list(window.drop_overdue(1_000)) == []
    assert send_all(window) == [0, 1, 2, 3]
