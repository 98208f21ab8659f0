"""Files and folders that a process may not read: the message names what forbids it, its mode and a remedy."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from splitwave.common.config.layers import load_config
from splitwave.common.data.content import read_content
from splitwave.common.data.mnist import load_labels
from splitwave.common.errors import ConfigError, DataError

ANOTHER = 54321


@contextmanager
def without_privileges() -> Iterator[int]:
    """Run as a user whom modes restrict, which root is not; yields the user."""
    own = os.geteuid()
    user = own or ANOTHER
    os.seteuid(user)
    try:
        yield user
    finally:
        os.seteuid(own)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in folder.iterdir():
            path.chmod(0o755)


def complaint(path: Path, user: int, allowed: str) -> str:
    return (
        f"{path} has mode 0000 and owner {os.geteuid()}, and this process runs as user {user}: "
        f"allow it to read, with chmod {allowed},"
    )


def test_settings_that_others_may_not_read_are_refused_with_their_mode(folder: Path) -> None:
    config = folder / "my.yaml"
    config.write_text("links: 2\n")
    config.chmod(0)
    with without_privileges() as user, pytest.raises(ConfigError) as refused:
        load_config(config, environment={})
    assert str(refused.value).startswith(f"{config}: cannot be read as a config file: ")
    assert complaint(config, user, "o+r") in str(refused.value)


def test_data_that_others_may_not_read_are_refused_with_their_mode(folder: Path) -> None:
    file = folder / "train-labels-idx1-ubyte"
    file.write_bytes(b"digits")
    file.chmod(0)
    with without_privileges() as user, pytest.raises(DataError) as refused:
        read_content(file)
    assert complaint(file, user, "o+r") in str(refused.value)


def test_a_data_folder_that_others_may_not_enter_is_refused_with_its_mode(folder: Path) -> None:
    data = folder / "mnist"
    data.mkdir()
    data.chmod(0)
    with without_privileges() as user, pytest.raises(DataError) as refused:
        load_labels("train", folder)
    assert complaint(data, user, "o+rx") in str(refused.value)
