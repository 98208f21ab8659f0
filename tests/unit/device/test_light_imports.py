"""The modules of a board are imported with numpy, grpcio and protobuf alone."""

import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from splitwave.common import files, protocol, records, runtime, tasks, wire
from splitwave.common.exit_codes import ExitCode
from splitwave.device import measurement, uplink
from tests.installed_command import environment
from tests.limits import LIMIT_S

HEAVY = ("torch", "pydantic", "structlog", "yaml", "safetensors", "rich", "typer", "cryptography")
OPTIONAL_IN_GRPC = ("grpc_health", "grpc_reflection", "grpc_tools", "grpc_status", "grpc_channelz", "grpc_csds")
WITH_GRPC = {"grpc", "google", "typing_extensions"}

# Settings of a run are read where there is pydantic; a server logs its clients with structlog; weights are torch's.
NOT_ON_A_BOARD = {
    *("channel_model", "link_contract", "link_noise", "plan", "cross_link", "sample_positions", "sent_part"),
    *("access", "call_rates", "handshakes", "readable_requests", "refusal_log", "server"),
    *("checkpoint", "continuation", "manifest", "summary", "training_manifest", "training_part"),
}

MODULES = [
    f"{package.__name__}.{found.name}"
    for package in (files, protocol, records, runtime, tasks, wire, measurement, uplink)
    for found in pkgutil.iter_modules(package.__path__)
    if found.name not in NOT_ON_A_BOARD and not found.ispkg
] + ["splitwave.device.session.kept_ids"]

REFUSE = """
import importlib, json, sys
heavy = sys.argv[1].split(",")
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in heavy:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refusing())
"""
# Prints the packages of others that the modules of its arguments imported, or the import that failed.
IMPORT = """
before = set(sys.modules)
for name in sys.argv[2:]:
    importlib.import_module(name)
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
paths = {name: [*getattr(sys.modules.get(name), "__path__", ()), getattr(sys.modules.get(name), "__file__", None)]
         for name in tops - set(sys.stdlib_module_names)}
print(json.dumps(sorted(name for name, found in paths.items() if any(found))))
"""

DEVICE = """
del sys.argv[1]
from splitwave.device.__main__ import main
sys.exit(main())
"""
COMMAND_LINE = """
del sys.argv[1]
from splitwave.testbed.entry import main
main()
"""


def on_a_board(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a program where nothing heavy can be imported."""
    command = [sys.executable, "-c", REFUSE + code, ",".join(HEAVY + OPTIONAL_IN_GRPC), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), timeout=LIMIT_S)


def packages_imported_by(*modules: str) -> list[str]:
    answer = on_a_board(IMPORT, *modules)
    assert answer.returncode == 0, answer.stderr
    found: list[str] = json.loads(answer.stdout)
    return found


def test_modules_of_a_board_need_numpy_grpcio_and_protobuf_alone() -> None:
    assert {"splitwave.common.wire.uplink", "splitwave.device.uplink.client"} <= set(MODULES)
    assert set(packages_imported_by(*MODULES)) == {"splitwave", "numpy", *WITH_GRPC}


def test_onnx_runtime_does_not_report_its_use() -> None:
    code = "import os, splitwave; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert on_a_board(code).stdout == "1\n"


@pytest.mark.parametrize("module", ["splitwave.common.protocol.plan", "splitwave.common.protocol.link_contract"])
def test_settings_of_a_run_are_not_at_hand_on_a_board(module: str) -> None:
    with pytest.raises(AssertionError, match="No module named 'pydantic'"):
        packages_imported_by(module)


@pytest.mark.parametrize("options", [["--help"], ["--connect", "localhost:1", "--link", "-1"]])
def test_the_command_line_of_a_device_is_read_without_torch(options: list[str]) -> None:
    answer = on_a_board(DEVICE, *options)
    if options == ["--help"]:
        assert answer.returncode == ExitCode.OK
        assert answer.stdout.startswith("usage: splitwave device")
    else:
        assert answer.returncode == ExitCode.CONFIG
        assert "--link -1: links are numbered from 0" in answer.stderr


def test_a_board_that_is_to_train_names_the_missing_extra(tmp_path: Path) -> None:
    answer = on_a_board(DEVICE, "--connect=localhost:1", f"--state={tmp_path}", "--log-format=json")
    assert answer.returncode == ExitCode.CONFIG
    (line,) = map(json.loads, answer.stderr.splitlines())
    assert re.fullmatch(
        r"a device that trains needs the package \w+: pip install 'splitwave\[testbed\]'", line["event"]
    )
    assert (line["role"], line["level"], line["exit_code"]) == ("device", "error", "CONFIG")


@pytest.mark.parametrize("command", ["train", "doctor"])
def test_a_board_has_the_command_of_a_device_alone(command: str) -> None:
    answer = on_a_board(COMMAND_LINE, command)
    assert answer.returncode == ExitCode.CONFIG
    assert answer.stderr == "error: this command needs the extra testbed: pip install 'splitwave[testbed]'\n"
