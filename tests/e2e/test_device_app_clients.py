"""The example clients of `DeviceApp` submit samples to a real server on a Unix socket, and print the answers."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.protocol.live_messages import Outcome
from splitwave.device.application.local_socket.server import AppServer
from splitwave.device.application.submitter import Submitter
from tests.installed_command import environment
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink
from tests.unit.project.sources import ROOT

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "device-app"
PROTO = ROOT / "proto" / "splitwave" / "common" / "wire" / "pb" / "device_app.proto"
DIGITS = [3, 1, 4, 1, 5]
SAMPLES = np.eye(10, dtype=np.float32)[DIGITS]
PRINTED = "".join(f"0 {place} OUTCOME_ANSWERED {digit}\n" for place, digit in enumerate(DIGITS))


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    found = f"unix:{tmp_path / 'device.sock'}"
    with AppServer(Submitter(AnsweringLink()), found):
        yield found


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client, the packages that it is pinned to, and nothing else of this repository."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("node")
    for name in ("client.mjs", "package.json", "package-lock.json"):
        shutil.copy(EXAMPLE / name, folder)
    shutil.copy(PROTO, folder)
    installed = run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
    if installed.returncode:
        pytest.skip(f"npm cannot install the client's packages: {installed.stderr.strip()[-300:]}")
    return folder


def run(*command: str | Path, cwd: Path = EXAMPLE, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**environment(), **variables},
        timeout=LIMIT_S,
    )


def run_node(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return run("node", "client.mjs", *arguments, cwd=folder, DEVICE_APP_PROTO=str(folder / PROTO.name))


def test_the_python_client_gets_the_answers_in_order(address: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", SAMPLES)
    answer = run(sys.executable, "client.py", address, tmp_path / "x.npy")
    assert answer.stdout == PRINTED, answer.stderr
    assert answer.stderr == "link 1, samples of (1, 2, 5), 10 classes\n"


def test_a_node_client_made_from_the_proto_alone_gets_the_same_answers(
    address: str, node_client: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.jsonl").write_text("".join(f"{json.dumps(sample.tolist())}\n" for sample in SAMPLES))
    answer = run_node(node_client, address, tmp_path / "x.jsonl")
    assert answer.stdout == PRINTED, answer.stderr
    assert answer.stderr == "link 1, samples of 10 values, 10 classes\n"


def test_clients_print_no_class_without_an_answer(node_client: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", SAMPLES[:1])
    (tmp_path / "x.jsonl").write_text(f"{json.dumps(SAMPLES[0].tolist())}\n")
    address = f"unix:{tmp_path / 'device.sock'}"
    with AppServer(Submitter(AnsweringLink(outcome=Outcome.TOO_FEW_LINKS)), address):
        answers = [
            run(sys.executable, "client.py", address, tmp_path / "x.npy"),
            run_node(node_client, address, tmp_path / "x.jsonl"),
        ]
    assert [answer.stdout for answer in answers] == [f"0 {place} OUTCOME_TOO_FEW_LINKS -\n" for place in (0, 1)]


def test_a_node_client_gets_the_reason_of_a_refusal(address: str, node_client: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("[1, 2, 3]\n")
    answer = run_node(node_client, address, tmp_path / "x.jsonl")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "INVALID_ARGUMENT: a sample of shape (3,), dtype float32: expected" in answer.stderr
