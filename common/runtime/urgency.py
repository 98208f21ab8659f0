"""Time slices: they tell the kernel which work others wait for, so that it goes first where cores are few.

A testbed on one machine has more threads than cores. If two threads want one core, Linux prefers the thread with the
shorter time slice (EEVDF, from 6.12 on; earlier kernels ignore it, and other systems are not asked). A slice needs no
privileges and changes no result, only the order in which threads run.

Python has no call for it, and neither has glibc before 2.41, hence the numbers of the system call. The public way, to
make patient threads SCHED_BATCH with `os.sched_setscheduler`, costs too much. When the demo's training changed between
both every half second on two cores (Linux 6.18), it took 11 % fewer steps a second with SCHED_BATCH than with slices
(95 % interval: 7 to 14 %), and 7 % fewer with neither. `os.setpriority` cannot be undone without privileges.
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
"""The shortest slice that the kernel takes, and about the longest; its default is 0.7 to 4 ms."""

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}.get(platform.machine())
_ATTRIBUTES = struct.Struct("IIQiIQQQ")
"""struct sched_attr: size, policy (0: SCHED_OTHER), flags, nice, priority, runtime, deadline, period."""


def be_urgent() -> None:
    """Give this thread, and threads that it starts from now on, a short slice: others wait for their work."""
    _ask_for_slice(URGENT_NS)


def be_patient() -> None:
    """Give this thread, and threads that it starts from now on, a long slice: their work can wait."""
    _ask_for_slice(PATIENT_NS)


@contextmanager
def patience() -> Iterator[None]:
    """Make an urgent thread patient for the body of the `with`."""
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
    """The C library of this process, opened once: to open it takes as long as to send a small message."""
    return ctypes.CDLL(None)
