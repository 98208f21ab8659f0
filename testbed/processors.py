"""Whether a run asks its threads to share processors."""

from splitwave.common.config.run_config import RunConfig


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
