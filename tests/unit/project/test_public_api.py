"""The public interface, `import splitwave as sw`, is cheap to import and does not change unnoticed."""

import inspect
import subprocess
import sys

import pytest

import splitwave as sw
from tools.paths import ROOT
from tools.public_api import LISTING, PAGE, listing, mark, noted_marks

CHANGELOG = ROOT / "CHANGELOG.md"
WITHOUT = """
import sys
import splitwave as sw
names = {'torch', 'numpy', 'grpc', 'matplotlib', 'splitwave.common'} & set(sys.modules)
assert not names, names
assert set(sw.__all__) <= set(dir(sw))
print(sw.__version__)
"""


def test_importing_the_package_imports_nothing_else() -> None:
    answer = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == (f"{sw.__version__}\n", "")


def test_the_listing_is_that_of_the_sources() -> None:
    assert LISTING.read_text(encoding="utf-8") == listing(), "run `python -m tools.public_api`"


def test_every_change_of_the_interface_has_a_line_in_its_changes() -> None:
    newest, *_ = noted_marks(PAGE.read_text(encoding="utf-8"))
    assert newest == mark(listing()), "`python -m tools.public_api` prints the line to complete"
    assert f"`{newest}`" in CHANGELOG.read_text(encoding="utf-8"), "name the change and its mark in CHANGELOG.md"


def test_another_signature_is_another_mark() -> None:
    text = listing()
    assert "load(run: str | Path) -> Model\n" in text
    assert mark(text) != mark(text.replace("load(run: str | Path)", "load(path: str | Path)"))


@pytest.mark.parametrize("name", [name for name in sw.__all__ if name != "__version__"])
def test_every_public_name_exists_with_documentation(name: str) -> None:
    value = getattr(sw, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)
    assert f"{name}" in listing()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'splitwave' has no attribute 'lod'"):
        sw.lod  # noqa: B018 — the access is what fails
