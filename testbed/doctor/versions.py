"""Versions: Splitwave with its commit, Python, and every required package with the range that it must lie in."""

import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import splitwave
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed
from splitwave.testbed.results.provenance import current_commit

_DISTRIBUTION = "splitwave"
_EXTRA = "testbed"
_GENERATED = ("uplink_pb2_grpc", "control_pb2_grpc")
_HERE = f"{sys.executable} -m pip install"


def check_versions(_circumstances: Circumstances) -> Iterator[Finding]:
    """Compare all versions with the ranges that the package's metadata state."""
    yield Finding("splitwave", f"{splitwave.__version__}, {_commit()}, in {Path(splitwave.__file__).parent}")
    try:
        required_python = metadata(_DISTRIBUTION)["Requires-Python"]
        required = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        yield failed(
            "installation",
            "found on the import path, but not installed: its engines and plugins cannot be found",
            f"{_HERE} -e FOLDER-OF-THE-CHECKOUT, or `make setup` there",
        )
        return
    yield python_finding(required_python)
    for text in required:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": _EXTRA}):
            yield package_finding(requirement)
    yield _generated_code()


def python_finding(required: str) -> Finding:
    """Compare the running interpreter with the versions that Splitwave supports."""
    found = platform.python_version()
    value = f"{found} ({platform.python_implementation()}, {sys.executable})"
    if SpecifierSet(required).contains(found, prereleases=True):
        return Finding("python", value)
    return failed("python", f"{value}, expected {required}", "make a virtual environment with a supported Python")


def package_finding(requirement: Requirement) -> Finding:
    """Compare the installed version of a required package with its range."""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return failed(requirement.name, "not installed", f"{_HERE} '{requirement}'")
    if requirement.specifier.contains(found, prereleases=True):
        return Finding(requirement.name, found)
    return failed(requirement.name, f"{found}, expected {requirement.specifier}", f"{_HERE} '{requirement}'")


def _commit() -> str:
    commit = current_commit()
    if commit is None:
        return "commit unknown"
    return f"commit {commit.sha[:12]}{', modified' if commit.dirty else ''}"


def _generated_code() -> Finding:
    """Import the generated code: it refuses versions of grpcio and protobuf that are too old for it."""
    try:
        for module in _GENERATED:
            import_module(f"splitwave.common.wire.pb.{module}")
    except Exception as error:  # protobuf and grpc raise errors of several classes
        first_line = str(error).strip().partition("\n")[0]
        return failed("generated code", f"{type(error).__name__}: {first_line}", f"{_HERE} --upgrade grpcio protobuf")
    return Finding("generated code", "fits grpcio and protobuf")
