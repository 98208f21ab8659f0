"""Denormal numbers are taken for zero in a context, in one thread, and then as before."""

import threading

import pytest
import torch

from splitwave.common.learning.denormals import denormals_as_zero

DENORMAL = torch.tensor([1e-40])


def is_zero() -> bool:
    return bool((DENORMAL * 0.5 == 0).item())


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot take denormals for zero")
@pytest.mark.parametrize("before", [False, True])
def test_denormals_are_zero_in_the_context_of_this_thread_alone(before: bool) -> None:
    seen: dict[str, bool] = {}

    def work() -> None:
        torch.set_flush_denormal(before)
        seen["before"] = is_zero()
        with denormals_as_zero():
            seen["within"] = is_zero()
        seen["after"] = is_zero()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == {"before": before, "within": True, "after": before}
    assert not is_zero()


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot take denormals for zero")
def test_an_error_ends_it_too() -> None:
    def fail() -> None:
        with denormals_as_zero():
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert not is_zero()
