"""Files of links are read once, however many links and states of links need them, and again when they have changed."""

import os
from pathlib import Path

import numpy as np
import pytest

from splitwave.channel.draws import link_tables
from splitwave.channel.draws.gain_trace import read_gain_trace
from splitwave.channel.draws.mobility import read_mobility
from splitwave.common.errors import DataError
from splitwave.common.files import number_table
from splitwave.common.files.number_table import NumberTable, read_number_table


@pytest.fixture(name="read")
def _read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read, in order."""
    paths: list[Path] = []

    def reading(path: Path) -> NumberTable:
        paths.append(path)
        return read_number_table(path)

    monkeypatch.setattr(link_tables, "read_number_table", reading)
    return paths


def test_the_ways_of_all_links_are_read_and_checked_once(tmp_path: Path, read: list[Path]) -> None:
    path = tmp_path / "way.csv"
    path.write_text("time_s,link,distance_m\n0,0,5\n0,1,6\n1,0,7\n", encoding="utf-8")
    first, second = read_mobility(path, 0), read_mobility(path, 1)
    assert (first.distances_m.tolist(), second.distances_m.tolist()) == ([5, 7], [6])
    assert read_mobility(path, 0) is first
    assert read == [path]


def test_the_traces_of_all_links_are_read_and_checked_once(tmp_path: Path, read: list[Path]) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("time_s,link,psnr_db\n0,0,20\n0,1,0\n1,0,0\n", encoding="utf-8")
    first, second = (read_gain_trace(path, link, 0.0, None, 9600.0) for link in range(2))
    assert (first.gains.tolist(), second.gains.tolist()) == ([10, 1], [1])
    assert read_gain_trace(path, 0, 0.0, None, 9600.0) is first
    np.testing.assert_allclose(read_gain_trace(path, 0, 20.0, None, 9600.0).gains, [1, 0.1])
    assert read == [path]


def test_a_file_that_has_changed_is_read_again(tmp_path: Path, read: list[Path]) -> None:
    path = tmp_path / "way.csv"
    path.write_text("time_s,link,distance_m\n0,0,5\n", encoding="utf-8")
    assert read_mobility(path, 0).distances_m.tolist() == [5]
    path.write_text("time_s,link,distance_m\n0,0,6\n", encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert read_mobility(path, 0).distances_m.tolist() == [6]
    assert read == [path, path]


def test_a_file_that_is_too_large_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_table, "MAX_FILE_BYTES", 1000)
    path = tmp_path / "way.csv"
    path.write_bytes(b"\xff" * 1001)  # its content would be another error
    for read in (lambda: read_mobility(path, 0), lambda: read_gain_trace(path, 0, 0.0, None, 9600.0)):
        with pytest.raises(DataError, match=r"way\.csv: 1,001 bytes: expected at most 1,000"):
            read()


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: "):
        read_mobility(tmp_path / "none.csv", 0)
