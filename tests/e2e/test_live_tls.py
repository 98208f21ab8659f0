"""Live queries over mutual TLS, with the commands that users type: certificates, station, devices, deployment."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from splitwave.common.exit_codes import ExitCode
from tests.e2e.live.trained_model import splitwave, train
from tests.installed_command import ENVIRONMENT, SPLITWAVE
from tests.limits import LIMIT_S

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.e2e

SAMPLES = np.random.default_rng(0).random((20, 392), dtype=np.float32)
SETTINGS = ("training.epochs=1", "inference.latency_samples=20")


class SecureStation(NamedTuple):
    """A station with certificates.

    Attributes:
        run: the run whose model it serves.
        certificates: folder of `splitwave certs init`.
        uplink: the address that devices connect to.
        basestation: the address for operators.
    """

    run: Path
    certificates: Path
    uplink: str
    basestation: str


def own_keys(folder: Path) -> dict[str, str]:
    """Variables with which an export makes its signing key in a folder, not in that of the user."""
    return {**ENVIRONMENT, "XDG_CONFIG_HOME": str(folder / "config")}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureStation]:
    """`splitwave serve RUN --certificates`, until the tests are over."""
    folder = tmp_path_factory.mktemp("secure")
    run = train(folder, "demo", *SETTINGS)
    splitwave("certs", "init", folder / "certificates")
    np.save(folder / "x.npy", SAMPLES)
    listen = ("--listen", "127.0.0.1:0", "--channel", "127.0.0.1:0", "--certificates", str(folder / "certificates"))
    with subprocess.Popen(
        [SPLITWAVE, "serve", run, *listen], stdout=subprocess.PIPE, text=True, env=own_keys(folder)
    ) as process:
        try:
            assert process.stdout is not None  # it is a pipe
            timer = threading.Timer(LIMIT_S, process.kill)
            timer.start()
            devices, basestation, _ = (process.stdout.readline() for _ in range(3))
            timer.cancel()
            uplink, address = devices.split()[-1], basestation.split()[2].rstrip(",")
            yield SecureStation(run, folder / "certificates", uplink, address)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT_S) == ExitCode.INTERRUPTED


def start_device(station: SecureStation, certificate: str | None, *options: str) -> "subprocess.Popen[str]":
    tls = () if certificate is None else ("--tls-dir", station.certificates / certificate)
    command = [sys.executable, "-m", "splitwave.device", "run", "--connect", station.uplink, "--source"]
    source = station.certificates.parent / "x.npy"
    return subprocess.Popen(
        [*command, source, *tls, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


def refusal(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and error message of a device that gets no answers."""
    answers, errors = process.communicate(timeout=LIMIT_S)
    assert answers == ""
    return process.returncode, errors.strip().splitlines()[-1]


def deploy(station: SecureStation, *options: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [SPLITWAVE, "deploy", station.run, "--to", station.basestation, *options]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=own_keys(station.certificates.parent), timeout=LIMIT_S
    )


def test_two_devices_with_certificates_get_the_same_answers(station: SecureStation) -> None:
    devices = [start_device(station, f"device-{link}", "--link", str(link), "--out", "-") for link in (0, 1)]
    outputs = [device.communicate(timeout=LIMIT_S) for device in devices]
    assert [device.returncode for device in devices] == [0, 0], outputs
    first, second = ([json.loads(line) for line in answers.splitlines()] for answers, _ in outputs)
    assert [answer["sequence"] for answer in first] == list(range(len(SAMPLES)))
    assert [answer["links_used"] for answer in first] == len(SAMPLES) * [[0, 1]]
    assert [answer["value"] for answer in first] == [answer["value"] for answer in second]


def test_a_device_with_the_certificate_of_another_link_is_refused(station: SecureStation) -> None:
    code, error = refusal(start_device(station, "device-1", "--link", "0"))
    assert code == ExitCode.PROTOCOL
    assert "asks for link 0, and its certificate allows link 1" in error


def test_a_device_without_a_certificate_reaches_nothing(station: SecureStation) -> None:
    code, error = refusal(start_device(station, None, "--connect-timeout", "2"))
    assert code == ExitCode.UNREACHABLE
    assert station.uplink in error


def test_only_an_operator_may_deploy(station: SecureStation) -> None:
    refused = deploy(station, "--tls-dir", station.certificates / "device-0")
    assert (refused.returncode, refused.stdout) == (ExitCode.CONFIG, "")
    assert "operator" in refused.stderr
    plaintext = deploy(station)
    assert (plaintext.returncode, plaintext.stdout) == (ExitCode.UNREACHABLE, "")
    done = deploy(station, "--tls-dir", station.certificates / "operator")
    assert done.returncode == 0, done.stderr
    assert "is in use (number 1), by 0 connected devices" in done.stdout  # the model that is served already
