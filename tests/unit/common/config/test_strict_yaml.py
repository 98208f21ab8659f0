"""YAML 1.2 as Splitwave reads and writes it."""

import itertools
import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.config.strict_yaml import InvalidYamlError, Place, dump_yaml, parse_yaml

SCALARS = [
    ("010", 10),
    ("0o17", 15),
    ("0x1F", 31),
    ("+3", 3),
    ("1e-3", 1e-3),
    ("1E3", 1000.0),
    (".5", 0.5),
    ("1.", 1.0),
    ("-.INF", -math.inf),
    ("True", True),
    ("false", False),
    ("~", None),
    ("", None),
    ("NULL", None),
    ("1_000", "1_000"),
    ("0b11", "0b11"),
    ("1:30", "1:30"),
    ("yes", "yes"),
    ("off", "off"),
    ("y", "y"),
    ("nan", "nan"),
    ("2024-01-31", "2024-01-31"),
    ("2024-13-45", "2024-13-45"),
    ("'3'", "3"),
    ("!!int 010", 10),
    ("!!float 3", 3.0),
    ("!!str 3", "3"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_are_read_by_the_core_schema(text: str, value: object) -> None:
    content = parse_yaml(f"a: {text}").content

    assert content == {"a": value}
    assert isinstance(content, dict)
    assert type(content["a"]) is type(value)


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8),
    st.sampled_from([text for text, _ in SCALARS if not text.startswith(("'", "!"))]),
    st.from_regex(r"[-+0-9._eox:]{0,6}", fullmatch=True),
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.floats(allow_nan=False), TEXTS)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), VALUES | st.lists(VALUES, max_size=3)))
def test_what_is_written_reads_back_equal_in_both_versions_of_yaml(content: dict[str, object]) -> None:
    written = dump_yaml(content)

    assert parse_yaml(written).content == content
    assert yaml.safe_load(written) == content


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), VALUES.filter(lambda value: value != math.inf)))
def test_json_is_yaml(content: dict[str, object]) -> None:
    content = {key: value for key, value in content.items() if value != -math.inf}

    assert parse_yaml(json.dumps(content, ensure_ascii=False)).content == content


def test_a_merge_gives_way_to_the_keys_beside_it() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}\nd:\n  <<: *a\n  x: 4\n  inner: {<<: *b}\n"

    content = parse_yaml(text).content

    assert isinstance(content, dict)
    assert content["c"] == {"x": 1, "y": 1, "z": 3}
    assert content["d"] == {"x": 4, "y": 1, "inner": {"y": 2, "z": 2}}


def test_every_key_has_its_place_and_a_merged_one_the_place_where_it_was_written() -> None:
    document = parse_yaml("a: &a\n  x: 1\n  y: 2\n\nb:\n  <<: *a\n  y: 3\n")

    assert document.places["a.y"] == Place(3, 3)
    assert document.places["b"] == Place(5, 1)
    assert document.places["b.x"] == Place(2, 3)
    assert document.places["b.y"] == Place(7, 3)


def test_aliases_are_copies() -> None:
    content = parse_yaml("a: &a [1, 2]\nb: *a\n").content

    assert isinstance(content, dict)
    assert content["a"] == content["b"] == [1, 2]
    assert content["a"] is not content["b"]


@pytest.mark.parametrize("text", ["", "\n \n", "# nothing\n", "---\n", "~"])
def test_a_text_without_content_is_none(text: str) -> None:
    assert parse_yaml(text).content is None


def aliases_in_aliases(first: str, nested: str) -> str:
    """A small text whose aliases stand for 9¹² values."""
    names = "abcdefghijklm"
    lines = [
        f"{name}: &{name} {nested.format(', '.join([f'*{below}'] * 9))}" for below, name in itertools.pairwise(names)
    ]
    return "\n".join([f"a: &a {first}", *lines])


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("x: 1\ny: 2\nx: 3\n", Place(3, 1), "'x' is set twice, first in line 1"),
        ("t:\n  x: 1\n  x: 2\n", Place(3, 3), "'x' is set twice, first in line 2"),
        ("a: &a {}\nb:\n  <<: *a\n  <<: *a\n", Place(4, 3), "'<<' is set twice, first in line 3: merge several"),
        ("a:\n  <<: 3\n", Place(2, 7), "`<<` takes a mapping or a list of mappings"),
        ("a: {<<: [3]}", Place(1, 10), "`<<` takes a mapping or a list of mappings"),
        ("a:\n\tb: 1\n", Place(2, 1), "a tab, where YAML allows spaces alone"),
        ("a:\n  b: 1\n c: 2\n", Place(3, 2), "check the indentation"),
        ("a: [1\n", Place(2, 1), "but got the end"),
        ("a: 1: 2", Place(1, 5), "mapping values are not allowed here"),
        ("a: *b", Place(1, 4), "found undefined alias 'b'"),
        ("a: 1\n---\na: 2\n", Place(2, 1), "expected a single document"),
        ("a: 1\nb: \0", Place(2, 4), r"the character '\x00' is not allowed"),
        ("true: 1", Place(1, 1), "True is not the name of a setting"),
        ("[a]: 1", Place(1, 1), "a list or a mapping is not the name of a setting"),
        ('"a\\nb": 1', Place(1, 1), r"'a\nb' is not the name of a setting"),
        ("a.b.c: 1", Place(1, 1), "write `c:` indented below `a.b:`"),
        ('a: "\\UFFFFFFFF"', Place(1, 7), "an escape or a number is out of range"),
        ('a: "\\U00110000"', Place(1, 7), "out of range: chr() arg not in range"),
        ("%YAML 1." + "9" * 5000 + "\n---\na: 1\n", Place(1, 9), "out of range: Exceeds the limit"),
        ("a: !!python/name:os.system x", Place(1, 4), "the tag '!!python/name:os.system' is not one of YAML's core"),
        ("a: !!timestamp 2024-01-31", Place(1, 4), "the tag '!!timestamp' is not one of YAML's core schema"),
        ("a: !!omap [b: 1]", Place(1, 4), "the tag '!!omap' is not one of YAML's core schema"),
        ("a: !!int x", Place(1, 4), "'x' does not have the form of its tag, '!!int'"),
        ("a: " + "9" * 5000, Place(1, 4), "an integer of 5000 digits; at most 100 are read"),
        ("a: 0x" + "f" * 5000, Place(1, 4), "an integer of 5002 digits; at most 100 are read"),
        ("a: " + "[" * 10_000, Place(1, 23), "nested more than 20 levels deep"),
        ("- " * 10_000, Place(1, 41), "nested more than 20 levels deep"),
        ("a: &a [*a]", Place(1, 4), "nested more than 20 levels deep"),
        ("a: &a\n  <<: *a\n", Place(1, 4), "nested more than 20 levels deep"),
        (aliases_in_aliases("[x, x]", "[{}]"), None, "more than 10,000 values after its aliases are replaced"),
        (aliases_in_aliases("{x: 1}", "{{<<: [{}]}}"), None, "more than 10,000 values after its aliases are replaced"),
    ],
)
def test_a_text_that_is_refused_has_one_line_with_its_place(text: str, place: Place | None, problem: str) -> None:
    with pytest.raises(InvalidYamlError) as error:
        parse_yaml(text)

    assert problem in error.value.problem
    assert place in (None, error.value.place)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["a\r\nbc", "a\rbc", "a\nbc", "a\u2028bc"])
def test_every_line_break_of_yaml_begins_a_line(text: str) -> None:
    assert Place.after(text) == Place(2, 3)


@given(st.text(st.sampled_from("ab01 \n\t:-?,[]{}#&*!|>'\"%@`\\<~.xuU\r\u2028é😀\0"), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    said = ""
    try:
        parse_yaml(text)
    except InvalidYamlError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
