"""Warnings about more threads than processors."""

import os

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import RuntimeSettings
from splitwave.testbed.preflight import processor_warning
from splitwave.testbed.thread_warning import thread_warning


def config(threads: int = 1, shards: int = 1) -> RunConfig:
    return RunConfig(runtime=RuntimeSettings(torch_threads=threads, decoder_shards=shards))


@pytest.mark.parametrize(("threads", "shards"), [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)])
def test_no_warning_while_a_process_has_at_most_one_thread_per_processor(threads: int, shards: int) -> None:
    assert thread_warning(config(threads, shards), 65, 4) is None


def test_one_thread_is_fine_on_one_processor() -> None:
    assert thread_warning(config(), 3, 1) is None


def test_more_threads_than_processors_are_warned_of() -> None:
    assert thread_warning(config(256), 3, 2) == (
        "runtime.torch_threads = 256: this machine has 2 processors for the run, and each of 3 processes computes "
        "with 256 threads"
    )
    assert thread_warning(config(2), 1, 1) == (
        "runtime.torch_threads = 2: this machine has 1 processor for the run, and its process computes with 2 threads"
    )


def test_threads_of_all_shards_count() -> None:
    assert thread_warning(config(2, 3), 3, 4) == (
        "runtime.decoder_shards = 3, runtime.torch_threads = 2: this machine has 4 processors for the run, and the "
        "decoder alone computes with 6 threads"
    )


def test_processors_outside_the_affinity_mask_do_not_count() -> None:
    mask = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mask)})
    try:
        warning = processor_warning(config(2), "process", links_per_process=1)
    finally:
        os.sched_setaffinity(0, mask)
    assert warning is not None
    assert "this machine has 1 processor for the run" in warning
