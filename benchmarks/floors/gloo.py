"""The tensor floor: two processes exchange symbols and gradients with gloo (`torch.distributed`), without a channel."""

import time
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from splitwave.common.protocol.arrays import Int64

_PEERS = 2


def exchange(rendezvous: Path, rank: int, samples: int, dimension: int, exchanges: int) -> Int64:
    """Take part in round trips of a (samples, dimension) float32 tensor; rank 0 times them.

    Args:
        rendezvous: a file used by these two ranks only.
        rank: 0 for the device's side, 1 for the base station's.
        samples: rows of the tensor, which is returned in the same shape.
        dimension: columns of the tensor.
        exchanges: number of timed round trips; a tenth of that number is made first to warm up.

    Returns:
        (exchanges,) int64 nanoseconds per round trip at rank 0; the times at rank 1 are not meaningful.
    """
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=rendezvous.as_uri(), rank=rank, world_size=_PEERS)
    try:
        return _timed(rank, torch.zeros(samples, dimension), exchanges)
    finally:
        distributed.destroy_process_group()


def _timed(rank: int, tensor: torch.Tensor, exchanges: int) -> Int64:
    warm_up = exchanges // 10
    times = np.zeros(warm_up + exchanges, dtype=np.int64)
    for number in range(len(times)):
        started = time.monotonic_ns()
        if rank == 0:
            distributed.send(tensor, 1)
            distributed.recv(tensor, 1)
        else:
            distributed.recv(tensor, 0)
            distributed.send(tensor, 0)
        times[number] = time.monotonic_ns() - started
    return times[warm_up:]
