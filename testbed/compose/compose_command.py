"""Finds the compose command of this machine, and runs it in an environment without Splitwave settings."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.setting_names import ENVIRONMENT_PREFIX
from splitwave.common.config.shipped import BOARDS, COMPOSE_FILE
from splitwave.common.errors import AddressError, ConfigError, RunFailedError
from splitwave.common.spelling import did_you_mean, likely

# "Bind for HOST:PORT failed: port is already allocated", "listen tcp4 HOST:PORT: bind: address already in use"
_TAKEN_PORT = re.compile(r"(?:Bind for|listen tcp\d?) ([\w.:\[\]]+:\d+)")
_LINES_SHOWN = 5


def find_compose() -> tuple[str, ...]:
    """Return the command that starts Compose: `docker compose` (v2) or else the stand-alone `docker-compose`.

    Raises:
        ConfigError: neither is installed.
    """
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return (docker, "compose")
    standalone = shutil.which("docker-compose")
    if standalone:
        return (standalone,)
    raise ConfigError("no compose command: neither `docker compose` (the plugin) nor `docker-compose` is installed")


def board_file(name: str) -> Path:
    """Return the compose override file that limits the devices to a board's speed and memory.

    Raises:
        ConfigError: no board has this name.
    """
    path = BOARDS / f"{name}.yaml"
    if not path.is_file():
        boards = sorted(board.stem for board in BOARDS.glob("*.yaml"))
        meant = did_you_mean(likely(name, boards))
        raise ConfigError(f"--board {name}: no such board; known boards: {', '.join(boards) or 'none'}{meant}")
    return path


@dataclass(frozen=True, slots=True)
class Compose:
    """The compose command for one project.

    Attributes:
        project: name of the project.
        variables: variables of the compose file; they override those of the shell and of `.env`.
        board: an override file, or None.
        words: the command and its first arguments, as returned by `find_compose`.
    """

    project: str
    variables: Mapping[str, str]
    board: Path | None
    words: tuple[str, ...]

    @classmethod
    def find(cls, project: str, variables: Mapping[str, str], board: Path | None = None) -> "Compose":
        """Create the command for a project, using the compose command and the compose file of this machine.

        Raises:
            ConfigError: one of them is missing.
        """
        if not COMPOSE_FILE.is_file():
            raise ConfigError(
                f"{COMPOSE_FILE}: no such file; it comes with Splitwave, so install the package again "
                "(in a checkout: restore docker-compose.yml at the top)"
            )
        return cls(project, variables, board, find_compose())

    def run(self, *arguments: str) -> str:
        """Run a subcommand to its end and return its standard output.

        Raises:
            AddressError: a port is taken.
            RunFailedError: the subcommand failed for another reason.
        """
        process = self._spawn(arguments)
        output, errors = process.communicate()
        self._check(arguments, process.returncode, errors)
        return output

    async def start(self, *arguments: str) -> None:
        """Run a subcommand to its end; if this task is cancelled, terminate the subcommand and wait for it.

        Raises:
            AddressError: a port is taken.
            RunFailedError: the subcommand failed for another reason.
        """
        process = self._spawn(arguments)
        ending = asyncio.create_task(asyncio.to_thread(process.communicate))
        try:
            _, errors = await asyncio.shield(ending)
        except asyncio.CancelledError:
            # The subcommand must have ended before the project is taken down.
            process.terminate()
            await ending
            raise
        self._check(arguments, process.returncode, errors)

    def _spawn(self, arguments: Sequence[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=self._environment(),
            start_new_session=True,  # so that Ctrl-C reaches this process alone
        )

    def _command(self, arguments: Sequence[str]) -> list[str]:
        files = [COMPOSE_FILE] if self.board is None else [COMPOSE_FILE, self.board]
        return [*self.words, *(f"--file={file}" for file in files), f"--project-name={self.project}", *arguments]

    def _environment(self) -> dict[str, str]:
        # The resolved config already includes settings from the environment; passed on, they would override `--set`.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
        return {**inherited, "COMPOSE_PROFILES": "", **self.variables}

    def _check(self, arguments: Sequence[str], code: int, errors: str) -> None:
        if code == 0:
            return
        if taken := _TAKEN_PORT.search(errors):
            raise AddressError(
                f"{taken[1]}: the port is taken; set BASESTATION_PORT or CHANNEL_PORT to another one, or to 0 for any"
            )
        lines = [line.strip() for line in errors.splitlines() if line.strip()]
        output = "\n  ".join(["", *lines[-_LINES_SHOWN:]]) if lines else ""
        name = " ".join([Path(self.words[0]).name, *self.words[1:], arguments[0]])
        raise RunFailedError(f"`{name}` failed with exit code {code}{output}")
