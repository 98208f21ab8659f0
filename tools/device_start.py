"""Prints how long a device takes to start and how much memory it then has: without torch, and with it.

    python -m tools.device_start                     both, with this Python
    python tools/device_start.py without-torch       one of them, with a Python that has splitwave, as in an image

Each start is a fresh interpreter that imports what a device imports before it dials, and creates ONNX Runtime's
environment, or has torch compute a product. The first start, which reads the files from disk, is not counted.
"""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

STARTS = 7

DEVICES = {
    "without-torch": "import splitwave.device.__main__, onnxruntime; onnxruntime.SessionOptions()",
    "with-torch": "import splitwave.device.__main__, splitwave.device.session.training_devices, torch\n"
    "torch.ones(64, 784) @ torch.ones(784, 64)",
}
_REPORT = """
import time
with open("/proc/self/status") as status:
    print(time.process_time(), next(line.split()[1] for line in status if line.startswith("VmRSS:")), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of an interpreter.

    Attributes:
        seconds: from the start of the process until everything is imported.
        cpu_seconds: of the processor until then, which other programs change less.
        resident_kib: memory in RAM then, files that are mapped included.
    """

    seconds: float
    cpu_seconds: float
    resident_kib: int


def start(code: str) -> Start:
    """Start a Python that runs this code.

    Raises:
        CalledProcessError: something cannot be imported.
    """
    begun_s = time.perf_counter()
    command = [sys.executable, "-c", code + _REPORT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - begun_s
    if process.returncode or not line:
        raise subprocess.CalledProcessError(process.returncode, command)
    cpu_seconds, resident_kib = line.split()
    return Start(seconds, float(cpu_seconds), int(resident_kib))


def row(name: str) -> str:
    """Start a device several times; returns medians and extremes as a line."""
    starts = [start(DEVICES[name]) for _ in range(STARTS + 1)][1:]
    seconds = sorted(each.seconds for each in starts)
    cpu = statistics.median(each.cpu_seconds for each in starts)
    resident = statistics.median(each.resident_kib for each in starts) / 1024
    spread = f"({seconds[0]:.2f} to {seconds[-1]:.2f})"
    return (
        f"{name:<13} {statistics.median(seconds):6.2f} s {spread}, processor {cpu:.2f} s, resident {resident:.0f} MiB"
    )


def main() -> None:
    """Measure the devices that are named, or both."""
    for name in sys.argv[1:] or DEVICES:
        if name not in DEVICES:
            sys.exit(f"error: {name}: expected one of {', '.join(DEVICES)}")
        print(row(name), flush=True)


if __name__ == "__main__":
    main()
