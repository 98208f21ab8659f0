"""The compose command, replaced by scripts on the PATH."""

import asyncio
import os
from pathlib import Path

import pytest

from splitwave.common.config.shipped import COMPOSE_FILE
from splitwave.common.errors import AddressError, ConfigError, RunFailedError
from splitwave.testbed.compose import compose_command
from splitwave.testbed.compose.compose_command import Compose, board_file, find_compose

PLUGIN = 'test "$1 $2" = "compose version"'
NO_PLUGIN = "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the only entry of the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(programs: Path, name: str, script: str) -> Path:
    path = programs / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def compose(programs: Path, script: str, **variables: str) -> Compose:
    """Return a compose command that runs this script."""
    return Compose("some-project", variables, None, (str(install(programs, "docker-compose", script)),))


def test_the_plugin_is_preferred(programs: Path) -> None:
    docker = install(programs, "docker", PLUGIN)
    install(programs, "docker-compose", "true")

    assert find_compose() == (str(docker), "compose")


@pytest.mark.parametrize("docker", [NO_PLUGIN, None])
def test_without_the_plugin_the_stand_alone_command_is_used(programs: Path, docker: str | None) -> None:
    if docker is not None:
        install(programs, "docker", docker)
    standalone = install(programs, "docker-compose", "true")

    assert find_compose() == (str(standalone),)


@pytest.mark.usefixtures("programs")
def test_if_neither_is_installed_the_error_names_both() -> None:
    with pytest.raises(ConfigError, match=r"neither `docker compose` .* nor `docker-compose` is installed"):
        find_compose()


def test_a_folder_without_the_compose_file_is_refused(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(programs, "docker-compose", "true")
    monkeypatch.setattr(compose_command, "COMPOSE_FILE", programs / "docker-compose.yml")

    with pytest.raises(ConfigError, match=f"{programs}/docker-compose.yml: no such file; .* install the package again"):
        Compose.find("some-project", {})


def test_the_command_gets_the_files_and_the_project(programs: Path) -> None:
    board = programs / "board.yaml"
    arguments = Compose("p", {}, board, (str(install(programs, "docker-compose", 'echo "$@"')),)).run("up", "--detach")

    assert arguments.split() == [f"--file={COMPOSE_FILE}", f"--file={board}", "--project-name=p", "up", "--detach"]


def test_the_command_gets_its_variables_but_no_settings(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLITWAVE_TRAINING__EPOCHS", "3")
    monkeypatch.setenv("SPLITWAVE_DATA_DIR", "/elsewhere")
    monkeypatch.setenv("DEVICES", "9")
    monkeypatch.setenv("TAG", "mine")
    script = 'echo "$SPLITWAVE_TRAINING__EPOCHS|$SPLITWAVE_DATA_DIR|$DEVICES|$TAG"'

    seen = compose(programs, script, DEVICES="2", SPLITWAVE_DATA_DIR="/data").run("config")

    assert seen == "|/data|2|mine\n"


@pytest.mark.parametrize(
    "said",
    [
        "Cannot start service channel: driver failed: Bind for 127.0.0.1:50051 failed: port is already allocated",
        "Error starting userland proxy: listen tcp4 127.0.0.1:50051: bind: address already in use",
    ],
)
def test_a_taken_port_is_named(programs: Path, said: str) -> None:
    with pytest.raises(AddressError, match=r"127\.0\.0\.1:50051: the port is taken; set BASESTATION_PORT"):
        compose(programs, f"echo '{said}' >&2; exit 1").run("up")


def test_a_failure_quotes_the_end_of_the_output(programs: Path) -> None:
    failing = compose(programs, "for line in 1 2 3 4 5 6; do echo line $line >&2; done; exit 17")

    with pytest.raises(RunFailedError) as failure:
        failing.run("up")

    assert str(failure.value).splitlines() == [
        "`docker-compose up` failed with exit code 17",
        *(f"  line {number}" for number in (2, 3, 4, 5, 6)),
    ]


def test_a_cancelled_command_is_stopped_and_waited_for(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs}:{os.defpath}")
    started, ended = programs / "started", programs / "ended"
    os.mkfifo(started)
    endless = compose(
        programs, f"trap 'echo done > {ended}; exit 0' TERM; echo > {started}; while :; do sleep 0.05; done"
    )

    async def cancel_once_it_runs() -> None:
        running = asyncio.create_task(endless.start("up"))
        await asyncio.to_thread(started.read_text)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel_once_it_runs())

    assert ended.read_text() == "done\n"


def test_an_unknown_board_is_refused_with_a_list_of_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compose_command, "BOARDS", tmp_path)
    (tmp_path / "small.yaml").touch()

    assert board_file("small") == tmp_path / "small.yaml"
    with pytest.raises(ConfigError, match="--board tiny: no such board; known boards: small"):
        board_file("tiny")
