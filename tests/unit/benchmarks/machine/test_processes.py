"""Readings of running processes from Linux."""

import os
import subprocess
import sys

import torch

from splitwave.benchmarks.machine.processes import has_torch, memory_of


def test_a_process_with_torch_is_distinguished_from_a_process_without() -> None:
    assert torch.ones(1).item() == 1
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        try:
            assert has_torch(os.getpid())
            assert not has_torch(other.pid)
            assert memory_of(other.pid).resident_mib < memory_of(os.getpid()).resident_mib
        finally:
            other.kill()
