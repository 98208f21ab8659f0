"""The version ranges of pyproject.toml: what is tested at their ends, and what the generated code accepts."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.unit.project.sources import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRA_LISTS = PROJECT["optional-dependencies"]
OF_USERS = chain(PROJECT["dependencies"], *(EXTRA_LISTS[extra] for extra in ("device", "testbed", "export")))
REQUIRED = [requirement for requirement in map(Requirement, OF_USERS) if requirement.name != "splitwave"]
RANGES = {requirement.name: requirement.specifier for requirement in REQUIRED}
EXTRAS = [Requirement(text) for text in chain(*EXTRA_LISTS.values())]
STUBS = sorted((ROOT / "common" / "wire" / "pb").glob("*_pb2*.py"))


def _pinned(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(package): version for package, version in pairs}


def test_the_lowest_versions_that_are_tested_are_the_lower_bounds() -> None:
    bounds = {name: str(specifier).removeprefix(">=") for name, specifier in RANGES.items() if name != "torch"}
    assert _pinned("constraints-lowest.txt") == bounds


def test_the_exact_versions_are_in_the_ranges_and_complete() -> None:
    exact = _pinned("constraints.txt")
    ranges = RANGES | {
        requirement.name: requirement.specifier for requirement in EXTRAS if requirement.name != "splitwave"
    }
    outside = {name for name, range_ in ranges.items() if not range_.contains(exact[canonicalize_name(name)])}
    assert outside == set()


@pytest.mark.parametrize(
    ("neighbour", "package", "accepted"),
    [
        ("flwr 1.42.0", "protobuf", ">=5.28.0,<7.0.0"),
        ("flwr 1.42.0", "grpcio", ">=1.70.0,<2.0.0"),
        ("flwr 1.42.0", "typer", ">=0.13.0,<0.21.0"),
        ("flwr 1.42.0", "rich", ">=14.0.0,<15.0.0"),
        ("tensorflow 2.19.1", "protobuf", ">=3.20.3,<6.0.0"),
        ("tensorflow 2.21.0", "protobuf", ">=6.31.1,<8.0.0"),
        ("wandb 0.31.0", "protobuf", ">=5,<8"),
    ],
)
def test_a_neighbour_accepts_a_version_in_the_range(neighbour: str, package: str, accepted: str) -> None:
    versions = {
        "protobuf": ["4.25.3", "5.29.5", "6.33.6", "7.36.2"],
        "grpcio": ["1.62.3", "1.70.0", "1.84.0", "1.85.1"],
        "typer": ["0.15.4", "0.19.0", "0.20.1", "0.29.2"],
        "rich": ["13.9.0", "14.3.3", "15.0.0"],
    }[package]
    both = RANGES[package] & SpecifierSet(accepted)
    assert list(both.filter(versions)), f"{neighbour} needs {package}{accepted}, Splitwave {RANGES[package]}"


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.name)
def test_the_generated_code_refuses_no_version_of_the_ranges(stub: Path) -> None:
    text = stub.read_text(encoding="utf-8")
    assert "ValidateProtobufRuntimeVersion" not in text
    assert "GRPC_GENERATED_VERSION" not in text
    (lowest,) = RANGES["protobuf"]
    made_for = re.findall(r"^# Protobuf Python Version: (\d+\.\d+)", text, re.MULTILINE)
    assert [version for version in made_for if not lowest.version.startswith(f"{version}.")] == []


def test_the_generator_is_as_old_as_the_oldest_packages_with_generated_code() -> None:
    generator = SpecifierSet(f">={_pinned('requirements/generator.txt')['grpcio-tools']}")
    assert (RANGES["grpcio-health-checking"], RANGES["grpcio-reflection"]) == (generator, generator)
