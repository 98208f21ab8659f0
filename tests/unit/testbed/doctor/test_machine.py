"""Memory, open files and torch."""

import resource
import sys
from pathlib import Path

import pytest

from splitwave.testbed.doctor.finding import Circumstances, Outcome
from splitwave.testbed.doctor.machine import check_machine, memory_finding, open_files_finding
from splitwave.testbed.doctor.torch_build import torch_findings

GIB = 2**30


def test_little_memory_is_a_note_with_a_remedy() -> None:
    little, enough = memory_finding(GIB // 2, 8 * GIB), memory_finding(6 * GIB, 8 * GIB)

    assert (little.outcome, little.value) == (Outcome.NOTE, "0.5 GiB available of 8.0 GiB")
    assert little.remedy is not None
    assert enough.outcome is Outcome.OK


@pytest.mark.parametrize(
    ("limit", "value", "outcome"),
    [(64, "up to 64", Outcome.NOTE), (1024, "up to 1024", Outcome.OK), (resource.RLIM_INFINITY, "unlimited", "ok")],
)
def test_few_open_files_are_a_note(limit: int, value: str, outcome: str) -> None:
    finding = open_files_finding(limit)

    assert (finding.value, finding.outcome) == (value, outcome)


def test_this_machine_is_described(tmp_path: Path) -> None:
    findings = {finding.name: finding for finding in check_machine(Circumstances(None, tmp_path))}

    assert set(findings) == {"system", "processor", "cores", "memory", "open files"}
    assert all(finding.outcome is not Outcome.FAILED for finding in findings.values())


def answer_of(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_torch_that_crashes_is_a_failure_with_the_signal() -> None:
    (finding,) = torch_findings(answer_of("import os, signal; os.kill(os.getpid(), signal.SIGILL)"))

    assert (finding.outcome, finding.value) == (Outcome.FAILED, "torch crashed with SIGILL")


def test_a_torch_that_cannot_be_imported_is_a_failure_with_the_reason() -> None:
    (finding,) = torch_findings(answer_of("raise ImportError('libcudart.so.12: cannot open shared object file')"))

    assert finding.outcome is Outcome.FAILED
    assert finding.value == "ImportError: libcudart.so.12: cannot open shared object file"


def test_a_torch_that_computes_wrongly_is_a_failure() -> None:
    program = (
        'print(\'{"version": "2", "cuda": "12.4", "gpu": false, "capability": "AVX2", "threads": 1, "product": 1.0}\')'
    )
    findings = {finding.name: finding for finding in torch_findings(answer_of(program))}

    assert findings["GPU"].outcome is Outcome.NOTE
    assert findings["arithmetic"].outcome is Outcome.FAILED
