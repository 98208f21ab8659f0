"""List the public interface of `import splitwave as sw`: `python -m tools.public_api` writes the listing.

The listing is made from the sources, so that it does not depend on the Python version. It has every public name with
its signature, and the public attributes and methods of classes.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Iterator

import splitwave
from tools.paths import ROOT

LISTING = ROOT / "docs" / "reference" / "public-api.txt"
PAGE = ROOT / "docs" / "reference" / "api.md"
CONSTRUCTED = frozenset({"AsyncDevice", "Device", "Testbed"})
"""Classes that users construct; objects of the others come from functions."""
SETTINGS = frozenset({"RunConfig"})
"""Classes whose fields are settings, which have a reference page of their own."""
_SPECIAL = frozenset({"__init__", "__enter__", "__exit__", "__aenter__", "__aexit__"})


def listing() -> str:
    """Return the listing: one line for each name, attribute and method."""
    lines = [line for name in splitwave.__all__ if name != "__version__" for line in _lines(name)]
    return "\n".join(lines) + "\n"


def mark(text: str) -> str:
    """Return the short digest that identifies a listing in the page of changes."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def noted_marks(page: str) -> list[str]:
    """Return the digests in the page's section of changes, newest first."""
    return re.findall(r"^- `([0-9a-f]{12})`: \S", page, re.MULTILINE)


def _lines(name: str) -> Iterator[str]:
    module = splitwave._MODULES[name]
    path = ROOT / (module.removeprefix("splitwave.").replace(".", "/") + ".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            yield f"{name}{_signature(node)}"
        elif isinstance(node, ast.ClassDef) and node.name == name:
            yield f"class {name}"
            if name not in SETTINGS:
                yield from (f"  {name}.{member}" for member in _members(node))


def _members(cls: ast.ClassDef) -> Iterator[str]:
    for node in cls.body:
        match node:
            case ast.AnnAssign(ast.Name(name)) if not name.startswith("_"):
                yield f"{name}: {ast.unparse(node.annotation)}"
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) if _is_public(cls.name, name):
                decorators = [ast.unparse(each) for each in node.decorator_list]
                if "property" in decorators:
                    yield f"{name}: {ast.unparse(node.returns) if node.returns else '?'}"
                else:
                    yield f"{name}{_signature(node)}{' (async)' * isinstance(node, ast.AsyncFunctionDef)}"


def _is_public(cls: str, name: str) -> bool:
    return cls in CONSTRUCTED if name in _SPECIAL else not name.startswith("_")


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"({ast.unparse(node.args)}){returns}"


def main() -> int:
    """Write the listing, and print the line that the page of changes needs if it lacks one."""
    text = listing()
    LISTING.write_text(text, encoding="utf-8")
    print(LISTING)
    if mark(text) not in noted_marks(PAGE.read_text(encoding="utf-8")):
        print(f"add to the changes in {PAGE.relative_to(ROOT)}, and to CHANGELOG.md:\n- `{mark(text)}`: …")
    return 0


if __name__ == "__main__":
    sys.exit(main())
