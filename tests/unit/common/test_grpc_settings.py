"""The settings that a process has before it imports gRPC, which a user's own take precedence over."""

import os
import subprocess
import sys

import pytest

PROGRAM = "import os, splitwave.common; print(os.environ['GRPC_EXPERIMENTS'])"


@pytest.mark.parametrize(
    ("own", "used"), [(None, "-event_engine_client,-event_engine_listener"), ("", ""), ("tcp_rcv_lowat",) * 2]
)
def test_grpc_waits_without_its_event_engine_unless_the_user_says_otherwise(own: str | None, used: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"}
    if own is not None:
        environment["GRPC_EXPERIMENTS"] = own
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment
    ).stdout
    assert output == f"{used}\n"
