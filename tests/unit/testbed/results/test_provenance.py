"""The recorded origin of a result."""

import hashlib
import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.testbed.results import provenance
from splitwave.testbed.results.provenance import (
    cpu_model,
    cpu_vectors,
    current_commit,
    describe_environment,
    package_versions,
)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    # When the tests run in a git hook, the environment names the hook's repository.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=outside).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a stand-in for the module, so that its commit is reported."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    module = tmp_path / "testbed" / "provenance.py"
    module.parent.mkdir()
    module.write_text("# stands for the module\n")
    git(tmp_path, "init", "--quiet")
    monkeypatch.setattr(provenance, "__file__", str(module))
    return tmp_path


def test_a_clean_checkout_is_its_commit(checkout: Path) -> None:
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "first")

    commit = current_commit()

    assert commit is not None
    assert commit.sha == git(checkout, "rev-parse", "HEAD")
    assert not commit.dirty


def test_a_changed_checkout_is_dirty(checkout: Path) -> None:
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "first")
    (checkout / "new.py").write_text("")

    commit = current_commit()

    assert commit is not None
    assert commit.dirty


def test_a_repository_without_a_commit_has_none(checkout: Path) -> None:
    git(checkout, "add", ".")

    assert current_commit() is None


def test_a_package_installed_inside_another_repository_does_not_report_its_commit(checkout: Path) -> None:
    (checkout / "theirs.py").write_text("")
    git(checkout, "add", "theirs.py")
    git(checkout, "commit", "--quiet", "-m", "theirs")

    assert current_commit() is None


def test_the_versions_are_those_that_are_installed() -> None:
    versions = package_versions()

    assert versions["torch"] == version("torch")
    assert versions["splitwave"] == version("splitwave")
    assert "pytest" not in versions


def test_the_versions_are_of_what_every_device_and_a_testbed_require(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "numpy>=2.0",
        'torch>=2.6; extra == "testbed"',
        "onnxruntime>=1; extra == 'device'",
        'x[y]; extra == "dev"',
    ]
    monkeypatch.setattr(provenance, "requires", lambda _: lines)

    assert set(package_versions()) == {"splitwave", "numpy", "torch"}


def test_the_processor_has_a_name() -> None:
    assert isinstance(cpu_model(), str)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="Linux lists the flags there")
def test_the_widest_vectors_are_those_that_the_processor_lists() -> None:
    listed = Path("/proc/cpuinfo").read_text().split()
    assert (cpu_vectors() == "AVX-512") is ("avx512f" in listed)
    assert (cpu_vectors() == "AVX2") is ("avx2" in listed and "avx512f" not in listed)


def test_files_that_the_settings_name_are_recorded_by_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_nets.py").write_text("raise RuntimeError('nobody needs to import it for this')\n")
    monkeypatch.syspath_prepend(tmp_path)
    settings = {"encoder": {"network": "my_own_nets:encoder"}, "decoder": {"network": "no_such_module:decoder"}}
    recorded = describe_environment(RunConfig.model_validate(settings), None)
    digest = hashlib.sha256((tmp_path / "my_own_nets.py").read_bytes()).hexdigest()
    assert recorded["own_modules"] == {"my_own_nets": digest}
    assert "own_modules" not in describe_environment(RunConfig(), None)
