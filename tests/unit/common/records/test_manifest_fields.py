"""Files that came from somewhere else: whatever is in them, the error names the file and the value."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import CheckpointError
from splitwave.common.records.manifest_fields import Fields, fields_of, read_fields, shown
from splitwave.common.records.model_folder import ModelManifest
from splitwave.common.records.model_part import DevicePart, StationPart

FILE = Path("part.json")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a JSON file"),
        (b"\xff\xfe", "not a JSON file"),
        (b"[1]", r"expected a JSON object, got \[1\]"),
        (b'{"a": 1, "a": 2}', "'a' stands there twice"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not a JSON file"),
        (b'{"a": ' + b"[" * 100_000 + b"}", "not a JSON file"),
    ],
)
def test_content_that_is_no_object_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(CheckpointError, match=rf"^part\.json: .*{reason}"):
        fields_of(FILE, content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"part\.json: cannot be read: No such file"):
        read_fields(tmp_path / FILE)


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(CheckpointError, match=r"^/dev/zero: more than \d+ bytes"):
        read_fields(Path("/dev/zero"))


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 11, 1 << 70])
def test_only_a_whole_number_in_the_range_is_one(value: object) -> None:
    with pytest.raises(CheckpointError, match=r"part\.json: links = .*: expected a whole number from 0 to 10"):
        Fields(FILE, {"links": value}).whole("links", 0, 10)


@pytest.mark.parametrize("value", [[1, "2"], [1, None], [True, 1], [1.0, 10**400], [1], [1, 2, 3], 5, {}])
def test_only_a_list_of_two_finite_numbers_is_one(value: object) -> None:
    with pytest.raises(CheckpointError, match=r"part\.json: levels = "):
        Fields(FILE, {"levels": value}).numbers("levels", 2, 2)


def test_the_path_within_the_file_is_named() -> None:
    task = Fields(FILE, {"task": {"classes": "ten"}}).section("task")
    with pytest.raises(CheckpointError, match=r"^part\.json: task\.classes = 'ten': expected a whole number"):
        task.whole("classes", 1, 10)
    with pytest.raises(CheckpointError, match=r"^part\.json: it lacks task\.name$"):
        task.text("name", 10)
    with pytest.raises(CheckpointError, match=r"^part\.json: task\.'classes': no such value in this format$"):
        task.has_only("name")


def test_a_long_value_is_shortened() -> None:
    assert shown("x" * 10_000) == "'" + "x" * 78 + "…"
    assert shown([1, 2]) == "[1, 2]"


@given(tree=st.dictionaries(st.sampled_from(["format", "party", "version", "links", "parts", "files", "task"]), JSON))
def test_any_json_object_that_is_no_manifest_ends_in_one_error(tree: dict[str, object]) -> None:
    for kind in (DevicePart, StationPart, ModelManifest):
        with pytest.raises(CheckpointError, match=r"^part\.json: "):
            kind.read(Fields(FILE, tree))
