"""Downloads into the cache, from real HTTP servers on the loopback interface."""

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from splitwave.common.data.download import fetch
from splitwave.common.errors import DataError

CONTENT = bytes(range(256)) * 8
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "digits.gz"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, _format: str, *_args: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A mirror that serves the correct file."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / NAME).write_bytes(gzip.compress(CONTENT))
    with serving(folder) as url:
        yield url


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """A mirror that serves other content under the name of the file, as a captive portal does."""
    folder = tmp_path / "impostor"
    folder.mkdir()
    (folder / NAME).write_bytes(b"<html>Please log in</html>")
    with serving(folder) as url:
        yield url


def test_a_downloaded_file_has_its_name_in_the_cache(tmp_path: Path, mirror: str) -> None:
    path = fetch(NAME, SHA256, [mirror], tmp_path / "cache" / "deeper")

    assert path == tmp_path / "cache" / "deeper" / NAME
    assert gzip.decompress(path.read_bytes()) == CONTENT


def test_a_cached_file_needs_no_mirror(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(gzip.compress(CONTENT))

    assert fetch(NAME, SHA256, ["http://127.0.0.1:1/"], tmp_path) == tmp_path / NAME


def test_the_next_mirror_is_used_if_one_is_down_and_one_serves_other_content(
    tmp_path: Path, impostor: str, mirror: str
) -> None:
    path = fetch(NAME, SHA256, ["http://127.0.0.1:1/", impostor, mirror], tmp_path / "cache")

    assert gzip.decompress(path.read_bytes()) == CONTENT


def test_other_content_never_enters_the_cache(tmp_path: Path, impostor: str) -> None:
    cache = tmp_path / "cache"

    with pytest.raises(DataError, match="holds other data"):
        fetch(NAME, SHA256, [impostor], cache)

    assert list(cache.iterdir()) == []


def test_a_failure_names_file_cache_and_the_reason_of_each_mirror(tmp_path: Path, impostor: str) -> None:
    with pytest.raises(DataError) as failure:
        fetch("absent.gz", SHA256, ["http://127.0.0.1:1/", impostor], tmp_path)

    message = str(failure.value)
    assert message.startswith(f"absent.gz could not be downloaded into {tmp_path}: http://127.0.0.1:1/: ")
    assert f"; {impostor}: 404" in message
