"""Checks that the blocks and results of a run fit into messages."""

import math

from splitwave.common.config.sections import InferenceSettings, TrainingSettings
from splitwave.common.limits import MAX_MESSAGE_BYTES


def check_blocks_fit(
    links: int, dimension: int, draws: int, training: TrainingSettings, inference: InferenceSettings
) -> None:
    """Refuse sizes of blocks whose messages would be too long.

    Args:
        links: K.
        dimension: values of a sample behind the channel: d symbols, and the channel state where that is an input.
        draws: L, noisy copies of a training block.
        training: the sizes of training blocks.
        inference: the sizes of the others.

    Raises:
        ValueError: a block does not fit.
    """
    framing_bytes, id_bytes, symbol_bytes = 4096, 4, 4 * dimension
    part = math.ceil(training.batch_size / training.micro_batches)
    if part * (draws * symbol_bytes + id_bytes) + framing_bytes > MAX_MESSAGE_BYTES:
        raise ValueError(
            f"objective.draws = {draws} noisy copies of training.batch_size = {training.batch_size} "
            f"samples in training.micro_batches = {training.micro_batches} parts exceed the "
            f"{MAX_MESSAGE_BYTES >> 20} MiB of a message: use more micro-batches"
        )
    hop_row_bytes = 6 * 8 * links  # all links' times of one query travel in the run's result
    queries = (MAX_MESSAGE_BYTES - framing_bytes) // hop_row_bytes
    if inference.latency_samples > queries:
        raise ValueError(
            f"inference.latency_samples = {inference.latency_samples}: with {links} links the times of "
            f"at most {queries} samples fit a message"
        )
    limit = (MAX_MESSAGE_BYTES - framing_bytes) // (symbol_bytes + id_bytes)
    if inference.block_size > limit:
        raise ValueError(f"inference.block_size = {inference.block_size}: at most {limit} samples fit a message")
