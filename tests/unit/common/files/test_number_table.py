"""Tables of numbers: what is read, and which words are said of a mistake."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ConfigError, DataError
from splitwave.common.files import number_table, parquet_table
from splitwave.common.files.number_table import read_number_table

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20))
def test_numbers_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, float]]
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text("a,b\n" + "".join(f"{a!r},{b!r}\n" for a, b in rows), encoding="utf-8")
    table = read_number_table(path)
    assert list(zip(table.columns["a"].tolist(), table.columns["b"].tolist(), strict=True)) == rows


def test_comments_empty_lines_spaces_and_a_byte_order_mark_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\ufeff# measured on the roof\na, b\n\n1, 2\n# break\n3, 4\n", encoding="utf-8")
    table = read_number_table(path)
    assert {name: values.tolist() for name, values in table.columns.items()} == {"a": [1, 3], "b": [2, 4]}
    assert table.lines.tolist() == [4, 6]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n3,x\n", r"t\.csv, line 3: b = 'x': expected a finite number$"),
        (b"a,b\n1,nan\n", r"t\.csv, line 2: b = 'nan': expected a finite number$"),
        (b"a,b\n1,inf\n", r"t\.csv, line 2: b = 'inf': expected a finite number$"),
        (b"a,b\n1\n", r"t\.csv, line 2: 1 values: expected 2, of a, b$"),
        (b"a,a\n1,2\n", r"t\.csv, line 1: 'a', 'a': expected names, each once$"),
        (b"a,\n1,2\n", r"t\.csv, line 1: 'a', '': expected names, each once$"),
        (b"a,b\n", r"t\.csv: expected a line of column names, and lines of numbers, but it is empty$"),
        (b"", r"but it is empty$"),
        (b"a,b\n\xff\xfe,1\n", r"t\.csv: no CSV file: 'utf-8' codec"),
    ],
)
def test_a_mistake_is_named_by_line_column_and_value(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_number_table(path)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"t\.xlsx: expected a file that ends in \.csv or \.parquet"):
        read_number_table(tmp_path / "t.xlsx")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(DataError, match=r"t\.csv: .*directory"):
        read_number_table(tmp_path / "t.csv")


@pytest.fixture
def parquet() -> Any:
    return pytest.importorskip("pyarrow.parquet", reason="needs splitwave[traces]")


def test_parquet_columns_are_read_as_numbers(tmp_path: Path, parquet: Any) -> None:
    pa = pytest.importorskip("pyarrow")
    columns = {"a": pa.array([1, 2], pa.int32()), "b": pa.array([0.5, -1.5], pa.float32())}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = read_number_table(tmp_path / "t.parquet")
    assert {name: values.tolist() for name, values in table.columns.items()} == {"a": [1, 2], "b": [0.5, -1.5]}
    assert all(values.dtype == np.float64 for values in table.columns.values())


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, None], r"t\.parquet, row 2: a = nan: expected a finite number"),
        (["x", "y"], r"t\.parquet: column a has values of type (large_)?string: expected numbers"),
        ([], r"t\.parquet: it has no rows"),
    ],
)
def test_a_mistake_in_a_parquet_file_is_named(tmp_path: Path, parquet: Any, column: list[object], message: str) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet.write_table(pa.table({"a": column}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=message):
        read_number_table(tmp_path / "t.parquet")


def test_a_file_that_is_no_parquet_file_is_refused(tmp_path: Path, parquet: Any) -> None:
    assert parquet is not None
    (tmp_path / "t.parquet").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match=r"t\.parquet: no Parquet file"):
        read_number_table(tmp_path / "t.parquet")


def test_a_file_is_refused_by_its_size_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_table, "MAX_FILE_BYTES", 8)
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n")
    assert read_number_table(tmp_path / "t.csv").columns["b"].tolist() == [2]
    for name in ("t.csv", "t.parquet"):
        (tmp_path / name).write_bytes(b"a,b\n1,2\n\xff")
        with pytest.raises(DataError, match=rf"{name}: 9 bytes: expected at most 8$"):
            read_number_table(tmp_path / name)


def test_a_parquet_file_is_refused_by_its_rows_too(
    tmp_path: Path, parquet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_table, "MAX_ROWS", 3)
    pa = pytest.importorskip("pyarrow")
    for rows in (3, 4):
        parquet.write_table(pa.table({"a": [0.0] * rows}), tmp_path / f"{rows}.parquet")
    assert len(read_number_table(tmp_path / "3.parquet").lines) == 3
    with pytest.raises(DataError, match=r"4\.parquet: 4 rows: expected at most 3$"):
        read_number_table(tmp_path / "4.parquet")
