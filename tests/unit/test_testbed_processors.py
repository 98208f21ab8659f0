"""Threads that a machine has no processors for."""

import os
from pathlib import Path

import pytest

from common.config import RunConfig, RuntimeSettings
from testbed.processors import _quotas, available_processors, thread_warning


def config(threads: int = 1, shards: int = 1) -> RunConfig:
    return RunConfig(runtime=RuntimeSettings(torch_threads=threads, decoder_shards=shards))


@pytest.mark.parametrize(("threads", "shards"), [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)])
def test_a_thread_for_each_processor_is_fine_however_many_processes_there_are(threads: int, shards: int) -> None:
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
        assert available_processors() == 1
    finally:
        os.sched_setaffinity(0, mask)


@pytest.mark.parametrize(
    ("own", "files", "quotas"),
    [
        ("0::/", {"cpu.max": "150000 100000\n"}, [2]),  # a container, which sees its group as the root
        ("0::/a/b", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}, [1]),
        ("0::/a/b", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "300000 100000\n"}, [4, 3]),
        ("1:cpu:/", {"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, [2]),
        ("1:cpu:/", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, []),
        ("0::/", {}, []),
    ],
)
def test_a_quota_of_the_control_group_or_of_one_above_it_counts(
    tmp_path: Path, own: str, files: dict[str, str], quotas: list[int]
) -> None:
    (tmp_path / "membership").write_text(f"4:memory:/elsewhere\n{own}\n")
    for name, content in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    assert _quotas(tmp_path / "membership", tmp_path / "groups") == quotas
    assert _quotas(tmp_path / "not-linux", tmp_path / "groups" / "none") == []
