"""Checks of the data and the settings before any process of a run starts."""

import gzip
import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from splitwave.common.config.data_settings import DataSettings
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data import mnist
from splitwave.common.data.catalog import load_labels
from splitwave.common.data.cifar10 import IMPORTED_FOLDER, RECORD_BYTES, TEST_FILE
from splitwave.common.errors import DataError
from splitwave.testbed.preflight import check_data
from tests.unit.common.data.test_cifar10 import write_data_set


def config(validation: int = 0, **data: object) -> RunConfig:
    return RunConfig(data=DataSettings.model_validate({"validation": validation, **data}))


def test_a_validation_split_must_leave_something_to_train_on() -> None:
    check_data(config(3999), None, "process")

    with pytest.raises(
        DataError, match=r"data\.validation = 4000: of 4000 training samples, 0 to 3999 can be held out"
    ):
        check_data(config(4000), None, "process")


def test_the_size_of_an_imported_data_set_is_read_from_its_files(tmp_path: Path) -> None:
    files = {"data_batch_1.bin": bytes(12 * RECORD_BYTES), TEST_FILE: bytes(RECORD_BYTES)}
    write_data_set(tmp_path, files)

    check_data(config(11, name="cifar10-jpeg"), tmp_path, "compose")
    with pytest.raises(DataError, match=r"data\.validation = 12: of 12 training samples"):
        check_data(config(12, name="cifar10-jpeg"), tmp_path, "compose")

    (tmp_path / IMPORTED_FOLDER / TEST_FILE).write_bytes(bytes(RECORD_BYTES - 1))
    with pytest.raises(DataError, match=f"{TEST_FILE} holds other data"):
        check_data(config(name="cifar10-jpeg"), tmp_path, "compose")


@pytest.fixture
def requested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A mirror with small files under the names of MNIST's files; yields the requested paths."""
    asked: list[str] = []
    folder = tmp_path / "mirror"
    folder.mkdir()
    for name in mnist.SHA256:
        content = bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, len(name) % 10])
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        monkeypatch.setitem(mnist.SHA256, name, hashlib.sha256(content).hexdigest())

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, _format: str, *_args: object) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(mnist, "MIRRORS", (f"http://127.0.0.1:{server.server_port}/",))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


def test_missing_data_are_downloaded_once_before_the_parties_start(requested: list[str]) -> None:
    check_data(config(name="mnist"), None, "process")
    load_labels("mnist", "train", None)

    assert sorted(requested) == sorted(f"/{name}.gz" for name in mnist.SHA256)


def test_data_that_containers_download_are_not_downloaded_here(requested: list[str]) -> None:
    check_data(config(name="mnist"), None, "compose")

    assert requested == []


def test_data_that_containers_download_are_checked_by_their_known_size(requested: list[str]) -> None:
    check_data(config(59_999, name="mnist"), None, "compose")

    with pytest.raises(DataError, match=r"data\.validation = 60000: of 60000 training samples"):
        check_data(config(60_000, name="mnist"), None, "compose")
    assert requested == []
