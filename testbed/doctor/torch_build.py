"""The torch build. Torch is imported and used in a process of its own: a build for another processor may crash."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from signal import Signals

from splitwave.testbed.doctor.finding import Circumstances, Finding, failed, note

_LIMIT_S = 120
"""The first import from a slow disk reads hundreds of megabytes."""
_PROGRAM = """
import json, torch
product = (torch.ones(64, 64) @ torch.ones(64, 64)).sum().item()
print(json.dumps({
    "version": torch.__version__, "cuda": torch.version.cuda, "gpu": torch.cuda.is_available(),
    "capability": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads(), "product": product,
}))
"""
_PRODUCT = 64.0**3
_REMEDY = f"install a build of torch for this machine again: {sys.executable} -m pip install --force-reinstall torch"


def check_torch(_circumstances: Circumstances) -> Iterator[Finding]:
    """Multiply two matrices, and describe the build."""
    yield from torch_findings([sys.executable, "-P", "-c", _PROGRAM])


def torch_findings(command: Sequence[str]) -> Iterator[Finding]:
    """Judge the answer of the command that describes torch."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        yield failed("import", f"not finished after {_LIMIT_S} s", "look for a slow disk or a busy machine")
        return
    if answer.returncode != 0:
        yield failed("import", _reason(answer.returncode, answer.stderr), _REMEDY)
        return
    build = json.loads(answer.stdout.splitlines()[-1])
    yield Finding("build", f"{build['version']}, {build['capability']}, {build['threads']} threads by default")
    yield _gpu(build["cuda"], usable=build["gpu"])
    if build["product"] != _PRODUCT:
        yield failed("arithmetic", f"the sum of a product is {build['product']}, expected {_PRODUCT}", _REMEDY)


def _gpu(cuda: str | None, *, usable: bool) -> Finding:
    if cuda is None:
        return Finding("GPU", "CPU build of torch")
    if usable:
        return Finding("GPU", f"usable, CUDA {cuda}")
    return note("GPU", f"CUDA {cuda} build, no usable GPU", "to save gigabytes, install the CPU build of torch")


def _reason(code: int, errors: str) -> str:
    """Describe how the process failed: a signal, or the last line of its traceback."""
    if code < 0:
        return f"torch crashed with {Signals(-code).name}"
    lines = errors.strip().splitlines()
    return lines[-1] if lines else f"the process ended with code {code}"
