"""The connection to a Docker engine, which is found as the `docker` command finds it."""

import hashlib
import json
import socketserver
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest

from splitwave.common.errors import ConfigError, UnreachableError
from splitwave.testbed.compose.docker_api import docker_engine

CONTEXT = "rootless"


class Engine(BaseHTTPRequestHandler):
    """As much of an engine as a connection needs."""

    def do_GET(self) -> None:
        content = json.dumps({"ApiVersion": "1.44", "Version": "99.1"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, _format: str, *_args: object) -> None:
        """Print nothing."""

    def address_string(self) -> str:
        return "unix"


@pytest.fixture(name="listening")
def _listening() -> Iterator[Path]:
    """The socket of an engine that answers; paths of sockets must be short."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.sock"
        with socketserver.ThreadingUnixStreamServer(str(path), Engine) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield path
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture(name="use")
def _use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration folder of a docker client, without contexts."""
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def add_context(config: Path, address: str) -> None:
    folder = config / "contexts" / "meta" / hashlib.sha256(CONTEXT.encode()).hexdigest()
    folder.mkdir(parents=True)
    endpoints = {"docker": {"Host": address, "SkipTLSVerify": False}}
    (folder / "meta.json").write_text(json.dumps({"Name": CONTEXT, "Metadata": {}, "Endpoints": endpoints}))


def version() -> str:
    with docker_engine() as client:
        found: str = client.version()["Version"]
        return found


def test_the_engine_of_the_current_context_is_used(use: Path, listening: Path) -> None:
    add_context(use, f"unix://{listening}")
    (use / "config.json").write_text(json.dumps({"currentContext": CONTEXT}))

    assert version() == "99.1"


def test_the_variable_names_another_context(use: Path, listening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_context(use, f"unix://{listening}")
    monkeypatch.setenv("DOCKER_CONTEXT", CONTEXT)

    assert version() == "99.1"


def test_the_error_names_the_address_of_the_context(use: Path) -> None:
    add_context(use, "tcp://127.0.0.1:1")
    (use / "config.json").write_text(json.dumps({"currentContext": CONTEXT}))

    with pytest.raises(UnreachableError, match=r"no Docker engine answers at tcp://127\.0\.0\.1:1:"):
        version()


@pytest.mark.usefixtures("use")
def test_a_context_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "nope")

    with pytest.raises(ConfigError, match="DOCKER_CONTEXT = nope: no such docker context"):
        version()


def test_the_host_variable_wins_over_contexts(use: Path, listening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_context(use, "tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_CONTEXT", CONTEXT)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{listening}")

    assert version() == "99.1"


@pytest.mark.usefixtures("use")
def test_an_address_with_ssh_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://nowhere.invalid")

    with pytest.raises(UnreachableError, match=r"ssh:// needs the package paramiko: pip install 'docker\[ssh\]'"):
        version()
