"""Tells the kernel which of our work somebody waits for, so that it goes first where cores are fewer than threads.

A testbed on one machine has more threads than cores. Of two that want one, Linux prefers that with the shorter time
slice (EEVDF, from 6.12 on; earlier kernels take no notice, and other systems are not asked). It takes no privileges and
changes no result: only who waits for whom.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

URGENT_NS = 100_000
PATIENT_NS = 10_000_000
"""The shortest and about the longest slice that the kernel takes; its own is 0.7 to 4 ms."""

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}.get(platform.machine())
_ATTRIBUTES = struct.Struct("IIQiIQQQ")
"""struct sched_attr: size, policy (0: SCHED_OTHER), flags, nice, priority, runtime, deadline, period."""


def be_urgent() -> None:
    """From now on this thread, and those that it starts, do what others wait for."""
    _ask_for_slice(URGENT_NS)


def be_patient() -> None:
    """From now on this thread, and those that it starts, do what can wait."""
    _ask_for_slice(PATIENT_NS)


@contextmanager
def patience() -> Iterator[None]:
    """What an urgent thread does here can wait."""
    be_patient()
    try:
        yield
    finally:
        be_urgent()


def _ask_for_slice(nanoseconds: int) -> None:
    if platform.system() != "Linux" or _SCHED_SETATTR is None:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, 0, 0, nice, 0, nanoseconds, 0, 0)
    _libc().syscall(_SCHED_SETATTR, 0, attributes, 0)  # a kernel that refuses leaves things as they were


@cache
def _libc() -> ctypes.CDLL:
    """Of this process; to open it takes as long as a small message."""
    return ctypes.CDLL(None)
