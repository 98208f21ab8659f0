"""No module is too long to read, and no class has too much to do."""

import ast
from collections.abc import Iterator

from tests.unit.project.sources import tracked

GENERATED = "common/wire/pb/"
MODULE_LINES = 250
CLASS_LINES = 200
ATTRIBUTES = 12

RECORDS = frozenset({"Row"})
"""Results that have no state: a row of a published table has as many fields as the table has columns."""

MODULES = {name: text for name, text in tracked("*.py").items() if not name.startswith(GENERATED)}


def classes_of(text: str) -> list[ast.ClassDef]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]


def attributes(cls: ast.ClassDef) -> set[str]:
    """The annotated fields of a class, and what its methods assign to `self`."""
    fields = {
        node.target.id for node in cls.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    return fields | set(assigned_to_self(cls))


def assigned_to_self(cls: ast.ClassDef) -> Iterator[str]:
    for node in ast.walk(cls):
        match node:
            case ast.Attribute(ast.Name("self"), attribute, ast.Store()):
                yield attribute


CLASSES = {f"{name}: {cls.name}": cls for name, text in MODULES.items() for cls in classes_of(text)}


def test_modules_have_at_most_250_lines() -> None:
    assert len(MODULES) > 500
    lines = {name: len(text.splitlines()) for name, text in MODULES.items()}
    assert {name: count for name, count in lines.items() if count > MODULE_LINES} == {}


def test_classes_have_at_most_200_lines() -> None:
    lines = {name: (cls.end_lineno or cls.lineno) - cls.lineno + 1 for name, cls in CLASSES.items()}
    assert {name: count for name, count in lines.items() if count > CLASS_LINES} == {}


def test_classes_have_at_most_12_attributes() -> None:
    counts = {name: len(attributes(cls)) for name, cls in CLASSES.items() if cls.name not in RECORDS}
    assert {name: count for name, count in counts.items() if count > ATTRIBUTES} == {}


def test_records_assign_nothing() -> None:
    found = {cls.name: list(assigned_to_self(cls)) for cls in CLASSES.values() if cls.name in RECORDS}
    assert found == {name: [] for name in RECORDS}


def test_attributes_are_counted_wherever_they_are_assigned() -> None:
    (cls,) = classes_of(
        "class A:\n"
        "    x: int\n"
        "    def __init__(self, other):\n"
        "        self.x = self.y = 0\n"
        "        self.z, other.a = 1, 2\n"
        "        self.w: int = 3\n"
        "    def later(self):\n"
        "        self.y += self.unassigned\n"
        "        with open('f') as self.v:\n"
        "            pass\n"
    )
    assert attributes(cls) == {"x", "y", "z", "w", "v"}
