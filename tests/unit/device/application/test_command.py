"""The command of a live device: options and their refusals, and a process of its own."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.errors import ConfigError, ProtocolError, SplitwaveError, UnreachableError
from splitwave.common.exit_codes import ExitCode
from splitwave.device.application import command, device_options
from splitwave.device.inference.onnx_encoder import open_session
from tests.installed_command import environment
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink

NO_STATION = ("--connect=unix:/tmp/no-such-splitwave-station", "--connect-timeout=0.1")


@pytest.fixture
def _process_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore handlers of signals, and keep the logs of later tests out of this one's standard error."""
    monkeypatch.setattr(command, "configure_logging", lambda *_: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def code_of(*arguments: str) -> int:
    try:
        return command.run_command([*NO_STATION, *arguments])
    except SystemExit as end:  # of argparse
        return int(end.code or 0)


def test_a_station_that_is_not_there_has_the_documented_code_and_nothing_on_standard_output() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "splitwave.device", "run", *NO_STATION, "--source=stdin"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=LIMIT_S,
        stdin=subprocess.DEVNULL,
    )
    assert (answer.returncode, answer.stdout) == (ExitCode.UNREACHABLE, "")
    assert "Traceback" not in answer.stderr
    assert answer.stderr.splitlines()[-1].startswith("error: ")


@pytest.mark.usefixtures("_process_state")
@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ([], ExitCode.CONFIG, "error: give --source, --serve-app or both: nothing submits samples without\n"),
        (["--rate=0"], ExitCode.CONFIG, "--rate 0.0: expected samples a second, more than 0"),
        (["--connect=nowhere"], ExitCode.ADDRESS, "--connect nowhere: expected HOST:PORT"),
        (["--connect-timeout=soon"], ExitCode.CONFIG, "--connect-timeout soon"),
        (["--link=64"], ExitCode.CONFIG, "argument --link: 64: expected a whole number from 0 to 63"),
        (["--buffer=newest"], ExitCode.CONFIG, "argument --buffer: invalid choice: 'newest'"),
        (["--serve-app-mode=rw"], ExitCode.CONFIG, "rw: expected permissions in octal"),
        (["--model=absent"], ExitCode.CHECKPOINT, "absent"),
    ],
)
def test_an_option_that_does_not_fit_is_one_line(
    options: list[str], code: ExitCode, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = [f"--source={tmp_path}"] if options else []
    assert code_of(*source, *options) == code
    out, errors = capsys.readouterr()
    assert (out, "Traceback" in errors) == ("", False)
    assert reason in errors


@pytest.mark.usefixtures("_process_state")
def test_a_board_without_what_checks_signatures_says_so_before_it_connects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    assert code_of("--source=stdin", f"--trust={tmp_path / 'key.pem'}") == ExitCode.CONFIG
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("to check signatures, install the package cryptography: pip install cryptography")


def test_a_board_without_a_runtime_names_the_extra_of_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"install the package onnxruntime: pip install 'splitwave\[device\]'$"):
        open_session(b"", tmp_path / "encoder.onnx")


@pytest.mark.usefixtures("_process_state")
def test_a_folder_with_the_parts_of_all_devices_needs_a_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.json").write_text("{}")
    assert code_of("--source=stdin", f"--model={tmp_path}") == ExitCode.CONFIG
    assert f"--model {tmp_path}: it has the parts of all devices: name one, such as" in capsys.readouterr().err
    assert code_of("--source=stdin", f"--model={tmp_path}", "--link=1") == ExitCode.CHECKPOINT
    assert f"{tmp_path}/device-1/part.json" in capsys.readouterr().err


@pytest.mark.usefixtures("_process_state")
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnreachableError("no base station for 60 s"), ExitCode.UNREACHABLE),
        (ProtocolError("the model is refused"), ExitCode.PROTOCOL),
    ],
)
def test_a_device_that_serves_programs_alone_ends_with_its_link(
    error: SplitwaveError, code: ExitCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = AnsweringLink()
    monkeypatch.setattr(device_options, "open_link", lambda _options: link)
    failing = threading.Thread(target=link.end, args=(error,), daemon=True)
    failing.start()
    assert code_of(f"--serve-app=unix:{tmp_path / 'app.sock'}") == code
    failing.join()
    assert (link.closed, len(link.submitted)) == (True, 0)


@pytest.mark.usefixtures("_process_state")
def test_a_stop_with_queries_that_stay_without_an_answer_has_a_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = AnsweringLink(holds=True)
    monkeypatch.setattr(device_options, "open_link", lambda _options: link)
    monkeypatch.setattr("splitwave.device.application.run_source._GRACE_S", 0.01)
    np.save(tmp_path / "x.npy", np.eye(5, 10, dtype=np.float32))

    def stop() -> None:
        link.wait_for_queries(5, LIMIT_S)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    stopping = threading.Thread(target=stop, daemon=True)
    stopping.start()
    assert code_of(f"--source={tmp_path / 'x.npy'}") == ExitCode.UNREACHABLE
    stopping.join()
    assert capsys.readouterr().err.splitlines() == [
        "0 answered, 5 given up",
        "error: queries under way at the stop, without an answer in time: 5",
    ]
