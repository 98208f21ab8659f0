"""Reads YAML 1.2 strictly, with unique keys, merges and bounded nesting; errors have line and column. Writes it too."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from splitwave.common.config.core_schema import LIST, MAPPING, MERGE, PLAIN, scalar_value

Tree = dict[str, object]

_DEEPEST = 20
_MOST_VALUES = 10_000
_LINE_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text; `line` and `column` count from 1."""

    line: int
    column: int

    @classmethod
    def after(cls, text: str) -> "Place":
        """Return the position that follows a text from its beginning."""
        lines = _LINE_BREAK.split(text)
        return cls(len(lines), len(lines[-1]) + 1)

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


class InvalidYamlError(Exception):
    """A text is not YAML as Splitwave reads it.

    Attributes:
        problem: one line.
        place: where in the text.
    """

    def __init__(self, problem: str, place: Place) -> None:
        super().__init__(f"{place}: {problem}")
        self.problem = problem
        self.place = place


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document.

    Attributes:
        content: mappings, lists and scalars; aliases are copies. None for an empty document.
        start: where the content begins.
        places: where each key stands, by dotted path. A key that a merge (`<<`) adds stands where it was written.
    """

    content: object
    start: Place
    places: Mapping[str, Place]


def parse_yaml(text: str) -> Document:
    """Read a text that holds one document, or none.

    Raises:
        InvalidYamlError: it is not YAML, sets a key twice, has a tag outside the core schema or a key that cannot
            be the name of a setting, is nested too deeply, or is too large once its aliases are replaced.
    """
    node = _root(text)
    if node is None:
        return Document(None, Place(1, 1), {})
    construction = _Construction()
    return Document(construction.value(node, (), 1), _place(node.start_mark), construction.places)


def dump_yaml(content: Mapping[str, object]) -> str:
    """Return a text that `parse_yaml`, and a reader of YAML 1.1, read back to an equal mapping."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=True, allow_unicode=True)


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the scalars of YAML 1.2; only its nodes are used."""

    yaml_implicit_resolvers = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _too_deep(self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """PyYAML's writer, which also quotes text that only YAML 1.2 reads as a number."""


for _tag, _form in PLAIN.items():
    _Loader.add_implicit_resolver(_tag, _form, None)
    _Dumper.add_implicit_resolver(_tag, _form, None)
_Loader.add_implicit_resolver(MERGE, re.compile(r"<<\Z"), None)


def _root(text: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        found = text[error.position]
        raise InvalidYamlError(f"the character {found!r} is not allowed", Place.after(text[: error.position])) from None
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise InvalidYamlError(_problem(error), _place(error.problem_mark or error.context_mark)) from None
    except (OverflowError, ValueError) as error:  # an escape beyond Unicode, a huge number in a directive
        raise _invalid(f"an escape or a number is out of range: {error}", loader.get_mark()) from None


@dataclass(slots=True)
class _Construction:
    """Makes the values of one document out of its nodes."""

    places: dict[str, Place] = field(default_factory=dict)
    values: int = 0

    def value(self, node: yaml.Node, path: tuple[str, ...], depth: int) -> object:
        self.values += 1
        if self.values > _MOST_VALUES:
            raise _invalid(f"more than {_MOST_VALUES:,} values after its aliases are replaced", node.start_mark)
        if depth > _DEEPEST:  # aliases nest deeper than the text, one of its own parent without end
            raise _too_deep(node.start_mark)
        if isinstance(node, yaml.MappingNode) and node.tag == MAPPING:
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == LIST:
            return [self.value(item, path, depth + 1) for item in node.value]
        try:
            return scalar_value(node.tag, node.value)
        except ValueError as error:
            raise _invalid(str(error), node.start_mark) from None

    def _mapping(self, node: yaml.MappingNode, path: tuple[str, ...], depth: int) -> Tree:
        tree: Tree = {}
        _check_unique(node)
        for source in _merged(node):
            content = self.value(source, path, depth + 1)
            assert isinstance(content, dict)
            tree |= content
        for key, item in _entries(node):
            inner = (*path, _name(key))
            tree[inner[-1]] = self.value(item, inner, depth + 1)
            self.places[".".join(inner)] = _place(key.start_mark)
        return tree


def _entries(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    yield from ((key, item) for key, item in node.value if key.tag != MERGE)


def _merged(node: yaml.MappingNode) -> Iterator[yaml.Node]:
    """Yield the mappings that `<<` names, the one with the lowest priority first."""
    for key, item in node.value:
        if key.tag == MERGE:
            sources = item.value if isinstance(item, yaml.SequenceNode) else [item]
            for source in reversed(sources):
                if not isinstance(source, yaml.MappingNode) or source.tag != MAPPING:
                    raise _invalid("`<<` takes a mapping or a list of mappings", source.start_mark)
                yield source


def _check_unique(node: yaml.MappingNode) -> None:
    seen: dict[str, yaml.Mark] = {}
    for key, _ in node.value:
        name = "<<" if key.tag == MERGE else _name(key)
        if name in seen:
            advice = ": merge several mappings with a list, `<<: [*a, *b]`" if key.tag == MERGE else ""
            raise _invalid(f"{name!r} is set twice, first in line {seen[name].line + 1}{advice}", key.start_mark)
        seen[name] = key.start_mark


def _name(key: yaml.Node) -> str:
    if not isinstance(key, yaml.ScalarNode):
        raise _invalid("a list or a mapping is not the name of a setting", key.start_mark)
    try:
        name = scalar_value(key.tag, key.value)
    except ValueError as error:
        raise _invalid(str(error), key.start_mark) from None
    if not isinstance(name, str) or not name.isprintable():
        raise _invalid(f"{name!r} is not the name of a setting", key.start_mark)
    if "." in name:
        section, _, leaf = name.rpartition(".")
        raise _invalid(
            f"{name!r} is not the name of a setting: write `{leaf}:` indented below `{section}:`", key.start_mark
        )
    return name


def _too_deep(mark: yaml.Mark) -> InvalidYamlError:
    return _invalid(f"nested more than {_DEEPEST} levels deep", mark)


def _invalid(problem: str, mark: yaml.Mark) -> InvalidYamlError:
    return InvalidYamlError(problem, _place(mark))


def _place(mark: yaml.Mark | None) -> Place:
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def _problem(error: yaml.MarkedYAMLError) -> str:
    if error.problem and r"'\t'" in error.problem:
        return "a tab, where YAML allows spaces alone"
    said = ", ".join(part for part in (error.context, error.problem) if part)
    advice = "; check the indentation" if "<block end>" in said else ""
    return " ".join(said.replace("'<stream end>'", "the end").split()) + advice
