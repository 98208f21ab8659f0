"""How many processors this process may use, and whether a run asks its threads to share them."""

import math
import os
from pathlib import Path

from common.config import RunConfig

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def available_processors() -> int:
    """Processors that this process may use: those of its affinity mask, or fewer where its control group has a quota.

    A quota is that of the process's own control group or of one above it; of groups of version 1, which a container
    sees in its own place, that of the topmost.
    """
    return min([len(os.sched_getaffinity(0)), *_quotas(_MEMBERSHIP, _CGROUPS)])


def thread_warning(config: RunConfig, processes: int, processors: int) -> str | None:
    """A line on threads that can only wait for each other; None where each party has a processor a thread.

    More processes of one thread each than processors are no reason: they wait for messages most of the time, where
    threads of one operation spin.

    Args:
        config: settings of the run.
        processes: how many of the run compute with torch.
        processors: available to all of them.
    """
    threads, shards = config.runtime.torch_threads, config.runtime.decoder_shards
    have = f"this machine has {processors} processor{'' if processors == 1 else 's'} for the run"
    if threads > processors:
        whose = "its process computes" if processes == 1 else f"each of {processes} processes computes"
        return f"runtime.torch_threads = {threads}: {have}, and {whose} with {threads} threads"
    if threads * shards > processors:
        return (
            f"runtime.decoder_shards = {shards}, runtime.torch_threads = {threads}: {have}, and the decoder alone "
            f"computes with {shards * threads} threads"
        )
    return None


def _quotas(membership: Path, cgroups: Path) -> list[int]:
    """The quotas of a group and of those above it, in whole processors, rounded up."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return []
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    files = [(cgroups / group / "cpu.max",) for group in (Path(own), *Path(own).parents)]
    version_1 = cgroups / "cpu" / "cpu.cfs_quota_us", cgroups / "cpu" / "cpu.cfs_period_us"
    return [quota for numbers in (*files, version_1) if (quota := _quota(*numbers)) is not None]


def _quota(*files: Path) -> int | None:
    """The quotient of two numbers in one file, or in one file each."""
    try:
        allowed, period = " ".join(file.read_text(encoding="utf-8") for file in files).split()
    except (OSError, ValueError):  # the root group of version 2 has no such file
        return None
    return None if allowed in ("max", "-1") else max(1, math.ceil(int(allowed) / int(period)))
