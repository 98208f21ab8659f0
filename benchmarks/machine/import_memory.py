"""What a Python process holds before it does anything, import by import, each in a fresh process."""

import subprocess
import sys

LADDER = {
    "python": "",
    "numpy": "import numpy",
    "grpc": "import numpy, splitwave.common.wire.pb.uplink_pb2_grpc, splitwave.common.runtime.server",
    "torch": "import numpy, splitwave.common.wire.pb.uplink_pb2_grpc, splitwave.common.runtime.server, torch",
}
"""What a process has imported, by the last thing that it did."""

_REPORT = """
for line in open("/proc/self/status"):
    if line.startswith("VmRSS:"):
        print(line.split()[1])
"""


def resident_mib(imports: str) -> float:
    """MiB resident in a fresh process after these imports."""
    command = [sys.executable, "-P", "-c", f"{imports}\n{_REPORT}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(answer.stdout) / 1024
