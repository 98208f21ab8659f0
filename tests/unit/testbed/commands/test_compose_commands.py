"""Refusals of the commands for containers: invalid options, and a missing Docker engine."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.cli import app


@pytest.fixture(autouse=True)
def no_docker_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


def refusal(*arguments: str | Path) -> tuple[int, str]:
    result: Result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.output.startswith("error: ")
    return result.exit_code, result.output


@pytest.mark.parametrize("engine", ["process", "inprocess"])
@pytest.mark.parametrize("command", ["up", "down", "logs"])
def test_detached_commands_refuse_engines_other_than_compose(engine: str, command: str) -> None:
    exit_code, said = refusal(command, "--engine", engine)

    assert exit_code == ExitCode.CONFIG
    assert f"the {engine} engine has no `{command}`" in said
    assert "use --engine compose" in said


def test_fault_and_container_status_refuse_engines_other_than_compose() -> None:
    assert "the process engine has no `fault`" in refusal("fault", "kill", "channel", "--engine", "process")[1]
    assert "the inprocess engine has no `status`" in refusal("status", "--engine", "inprocess")[1]


@pytest.mark.parametrize(
    "command",
    [("up",), ("down",), ("logs",), ("status", "--engine", "compose"), ("fault", "kill", "channel")],
)
def test_an_unknown_engine_is_refused_with_a_list_of_the_installed_ones(command: tuple[str, ...]) -> None:
    exit_code, said = refusal(*command, "--engine", "warp")

    assert exit_code == ExitCode.CONFIG
    assert "--engine warp: no such engine; installed engines: compose, inprocess, process" in said


@pytest.mark.parametrize(
    "command",
    [("up",), ("down",), ("logs",), ("status", "--engine", "compose"), ("fault", "pause", "device:2"), ("demo",)],
)
def test_without_a_docker_engine_its_address_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    options = ("--engine", "compose", "--results", tmp_path / "results") if command == ("demo",) else ()

    exit_code, said = refusal(*command, *options)

    assert exit_code == ExitCode.UNREACHABLE
    assert "no Docker engine answers at tcp://127.0.0.1:1" in said
    assert "Connection refused" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("target", ["Channel", "device:0", "device:two"])
def test_a_malformed_target_is_refused(target: str) -> None:
    assert f"{target}: expected SERVICE or SERVICE:N" in refusal("fault", "kill", target)[1]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--project=Über", "--project Über: expected lower-case letters"),
        ("--board=mainframe", "--board mainframe: no such board"),
        ("--set=links=65", "links = 65"),
        ("--data-dir=nowhere", "data directory nowhere does not exist"),
    ],
)
def test_up_refuses_invalid_options_before_it_contacts_an_engine(option: str, words: str) -> None:
    assert words in refusal("up", option)[1]


def test_an_address_is_refused_with_the_compose_engine() -> None:
    exit_code, said = refusal("status", "--engine", "compose", "--address", "127.0.0.1:50051")

    assert exit_code == ExitCode.CONFIG
    assert "--address 127.0.0.1:50051: not allowed with --engine compose" in said
