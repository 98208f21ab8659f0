"""Warns of runs that have more busy threads than the machine has processors."""

from splitwave.common.config.run_config import RunConfig


def thread_warning(config: RunConfig, processes: int, processors: int) -> str | None:
    """Return a warning if the threads of one process outnumber the processors, or None.

    Having more single-threaded processes than processors is fine: they wait for messages most of the time, whereas the
    threads of one torch operation spin.

    Args:
        config: settings of the run.
        processes: number of processes of the run that compute with torch.
        processors: number of processors available to all of them.
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
