"""The installed `splitwave doctor`, on this machine and in broken environments."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.doctor.diagnosis import CHECKS
from tests.installed_command import ENVIRONMENT, SPLITWAVE, Table
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e  # starts programs, or trains, for half a minute


def run(*arguments: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [SPLITWAVE, *arguments]
    environment = {**ENVIRONMENT, **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=LIMIT_S)


def import_path(folder: Path) -> str:
    """Return a PYTHONPATH that begins with a folder."""
    return os.pathsep.join(filter(None, [str(folder), ENVIRONMENT.get("PYTHONPATH", "")]))


def findings_of(answer: "subprocess.CompletedProcess[str]") -> dict[tuple[str, str], Table]:
    return {(each["group"], each["name"]): each for each in json.loads(answer.stdout)["findings"]}


def test_a_report_has_what_a_bug_report_needs(tmp_path: Path) -> None:
    answer = run("doctor", "--json", "--results", tmp_path / "results", BASESTATION_PORT="0", CHANNEL_PORT="0")

    assert answer.returncode == ExitCode.OK, answer.stdout + answer.stderr
    report = json.loads(answer.stdout)
    assert report["ready"] is True
    assert list(dict.fromkeys(each["group"] for each in report["findings"])) == list(CHECKS)
    names = findings_of(answer)
    for name in ("splitwave", "python", "torch", "numpy", "grpcio", "protobuf", "generated code"):
        assert names["versions", name]["outcome"] == "ok"
    assert list(tmp_path.iterdir()) == []


def test_everything_that_is_broken_is_found_in_one_run(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    (tmp_path / "train-images-idx3-ubyte").write_text("<!DOCTYPE html>")
    options = ("--results", tmp_path / "results", "--data-dir", tmp_path, "--engine", "compose")

    answer = run("doctor", *options, DOCKER_HOST="tcp://127.0.0.1:1", SPLITWAVE_LINKS="none", NO_COLOR="1")

    assert answer.returncode == ExitCode.NOT_READY
    lines = answer.stdout.splitlines()
    failed = {line.split()[1] for line in lines if line.startswith("  FAILED  ")}
    assert {"results", "mnist", "engine", "settings"} <= failed
    for number, line in enumerate(lines):
        if line.startswith("  FAILED  "):
            assert lines[number + 1].startswith("          remedy: ")
    assert lines[-1].endswith("things would make a command fail: see the remedies above")
    assert answer.stderr == ""


@pytest.mark.parametrize("package", ["typer", "grpc"])
def test_a_package_that_cannot_be_imported_is_found_although_the_command_line_needs_it(
    package: str, tmp_path: Path
) -> None:
    (tmp_path / f"{package}.py").write_text("raise RuntimeError('made for another version')")
    reason = "the command line cannot be imported: RuntimeError: made for another version"

    other = run("demo", PYTHONPATH=import_path(tmp_path))
    answer = run("doctor", "--json", PYTHONPATH=import_path(tmp_path))

    assert (other.returncode, other.stdout) == (ExitCode.NOT_READY, "")
    assert other.stderr == f"error: {reason}\n`splitwave doctor` examines the installation\n"
    assert answer.returncode == ExitCode.NOT_READY
    assert answer.stderr == ""
    names = findings_of(answer)
    assert names["command line", "import"]["value"] == reason
    assert names["versions", "python"]["outcome"] == "ok"
    if package == "grpc":
        assert names["versions", "generated code"]["value"] == "RuntimeError: made for another version"


def test_a_package_whose_commands_are_broken_does_not_end_all_others(tmp_path: Path) -> None:
    info = tmp_path / "theirs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[splitwave.commands]\ntheirs = no_such_module:app\n")

    answer = run("config", "show", PYTHONPATH=import_path(tmp_path))

    assert answer.returncode == ExitCode.OK
    assert answer.stdout.startswith("# config_hash: ")
    assert answer.stderr.startswith("warning: `splitwave theirs` is missing, because no_such_module:app cannot be ")
    assert len(answer.stderr.splitlines()) == 1


def test_an_unknown_engine_is_refused() -> None:
    answer = run("doctor", "--engine", "warp")

    assert answer.returncode == ExitCode.CONFIG
    assert "--engine warp: no such engine" in answer.stderr
