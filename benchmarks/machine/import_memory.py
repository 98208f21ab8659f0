"""Measures the memory of a Python process after a growing list of imports, each in a new process."""

import subprocess
import sys

LADDER = {
    "python": "",
    "numpy": "import numpy",
    "grpc": "import numpy, splitwave.common.wire.pb.uplink_pb2_grpc, splitwave.common.runtime.server",
    "torch": "import numpy, splitwave.common.wire.pb.uplink_pb2_grpc, splitwave.common.runtime.server, torch",
}
"""The imports of each process, by the name of the last one."""

_REPORT = """
for line in open("/proc/self/status"):
    if line.startswith("VmRSS:"):
        print(line.split()[1])
"""


def resident_mib(imports: str) -> float:
    """Return the resident memory in MiB of a new process after these imports."""
    command = [sys.executable, "-P", "-c", f"{imports}\n{_REPORT}"]
    answer = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=True)
    return int(answer.stdout) / 1024
