"""Time slices: the kernel applies the requested slice, and only to the thread that requested it."""

import ctypes
import platform
import struct
import threading

import pytest

from splitwave.common.runtime.urgency import PATIENT_NS, URGENT_NS, be_patient, be_urgent, patience

_SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}.get(platform.machine())


def slice_ns() -> int:
    """The time slice of this thread; 0 if the kernel does not report it."""
    if platform.system() != "Linux" or _SCHED_GETATTR is None:
        return 0
    attributes = ctypes.create_string_buffer(56)
    ctypes.CDLL(None).syscall(_SCHED_GETATTR, 0, attributes, 56, 0)
    return int(struct.unpack("IIQiIQQQ", attributes.raw[:48])[5])


def slices_of_a_thread() -> list[int]:
    seen: list[int] = []

    def work() -> None:
        seen.append(slice_ns())
        be_urgent()
        seen.append(slice_ns())
        with patience():
            seen.append(slice_ns())
        seen.append(slice_ns())
        be_patient()
        seen.append(slice_ns())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return seen


def test_a_thread_gets_the_requested_slice_and_other_threads_keep_theirs() -> None:
    before = slice_ns()
    if not before:
        be_urgent()  # has no effect on such systems, and raises no error
        pytest.skip("this kernel has no slices of its own for a thread")
    assert slices_of_a_thread() == [before, URGENT_NS, PATIENT_NS, URGENT_NS, PATIENT_NS]
    assert slice_ns() == before
