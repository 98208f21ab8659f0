"""`make setup`: which Python it uses, and when it rebuilds the environment."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.project.sources import ROOT

# Answers as another version, and makes environments whose Python is this program again. What is tried is `calls`.
FAKE = """#!/bin/bash
state={state}
case "$1" in
    -c) exec {real} -c "import sys; sys.version_info = ({version}, 'final', 0); sys.modules.update({missing}); $2" ;;
    -m) echo "{name} ${{*:2}}" >>"$state/calls" ;;
esac
case "$2" in
    venv) mkdir -p "$3/bin" && touch "$3/pyvenv.cfg" && cp "$0" "$3/bin/python" ;;
    pip) [[ ! -e $state/offline ]] ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A machine with fake Pythons on its PATH."""

    folder: Path

    @property
    def venv(self) -> Path:
        return self.folder / "venv"

    def has(self, name: str, version: str, *missing: str) -> None:
        """Add a Python of this version without the modules named in `missing`."""
        text = FAKE.format(
            state=self.folder,
            real=sys.executable,
            version=version.replace(".", ", "),
            missing=str(dict.fromkeys(missing)),
            name=name,
        )
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def make(self, *arguments: str, target: str = "setup", **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `make setup`, or another target."""
        own = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **environment}
        command = ["make", "-C", str(ROOT), "--no-print-directory", target, f"VENV={self.venv}", *arguments]
        return subprocess.run(command, env=own, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        """Return the commands given to the Pythons since the last call."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line.replace(str(self.venv), "VENV") for line in lines]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.has("python3", "3.12.1")
    machine.has("python3.11", "3.11.7")
    machine.has("python3.10", "3.10.13")
    return machine


def built_with(python: str) -> list[str]:
    pip = f"{python} pip install --quiet --constraint constraints.txt"
    return [f"{python} venv VENV", f"{pip} torch", f"{pip} --editable .[dev]"]


def test_a_second_setup_does_nothing(machine: Machine) -> None:
    first = machine.make()
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines()[0] == f"python3 -m venv {machine.venv}"
    assert machine.calls() == built_with("python3")

    second = machine.make()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.calls() == []


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("python3.10", "python3.10 is Python 3.10.13; Splitwave needs 3.11 or newer: make … PYTHON=python3.11"),
        ("python2", "python2 is Python 2.7.18; Splitwave needs 3.11 or newer: make … PYTHON=python3.11"),
        (
            "no-python",
            "there is no Python that runs as no-python; Splitwave needs 3.11 or newer: make … PYTHON=python3.11",
        ),
        (
            "python-debian",
            "python-debian (Python 3.13.0) lacks the module venv or ensurepip (Debian: the package python3-venv): "
            "make … PYTHON=python3.11",
        ),
    ],
)
@pytest.mark.parametrize("built", [False, True])
def test_an_unsuitable_python_is_refused_in_one_line_and_changes_nothing(
    machine: Machine, python: str, message: str, built: bool
) -> None:
    machine.has("python2", "2.7.18")
    machine.has("python-debian", "3.13.0", "ensurepip")
    if built:
        machine.make()
        machine.calls()

    refused = machine.make(f"PYTHON={python}")

    assert refused.returncode != 0
    assert refused.stderr.splitlines()[0] == message
    assert [line for line in refused.stderr.splitlines()[1:] if not line.startswith("make")] == []
    assert machine.calls() == []
    assert machine.venv.exists() is built

    assert machine.make("PYTHON=python3.11").returncode == 0
    assert machine.calls() == built_with("python3.11")


def test_the_environment_is_rebuilt_with_the_python_that_was_given(machine: Machine) -> None:
    machine.make()
    machine.calls()

    assert machine.make(PYTHON="python3.11").returncode == 0
    assert machine.calls() == built_with("python3.11")
    assert machine.make("PYTHON=python3.11").returncode == 0
    assert machine.make().returncode == 0  # python3 is another one, and nobody asked for it
    assert machine.calls() == []


def test_the_python_in_path_does_not_matter_if_the_environment_is_usable(machine: Machine) -> None:
    machine.make("PYTHON=python3.11")
    machine.has("python3", "3.9.18")
    machine.calls()

    assert machine.make().returncode == 0
    assert machine.calls() == []


def test_torch_alone_comes_from_the_index_that_is_named_for_it(machine: Machine) -> None:
    assert machine.make(TORCH_INDEX_URL="https://torch.example/cpu").returncode == 0

    venv, torch, rest = built_with("python3")
    pip = torch.removesuffix(" torch")
    assert machine.calls() == [venv, f"{pip} --no-deps --index-url https://torch.example/cpu torch", rest]


def test_the_images_get_torch_from_the_same_index(machine: Machine) -> None:
    dry = ("--dry-run", "--always-make")
    steps = machine.make(*dry, target="wheels", TORCH_INDEX_URL="https://torch.example/cpu").stdout

    downloads = [line for line in steps.replace("\\\n", "").splitlines() if " download " in line]
    torch, dependencies, certificates, _digits, board = downloads
    assert torch.endswith("--no-deps --index-url 'https://torch.example/cpu' torch")
    # pip prefers a build with a local version, such as 2.13.0+cpu, to the same version without one.
    assert dependencies.endswith("--find-links wheels --requirement requirements/torch.txt")
    assert certificates.endswith("--find-links wheels --requirement requirements/certs.txt")
    assert board.endswith("--no-deps --requirement requirements/board.txt")
    assert "torch.example" not in machine.make(*dry, target="wheels").stdout


def interrupted(machine: Machine) -> None:
    (machine.venv / ".installed").unlink()


def without_pip(machine: Machine) -> None:
    python = machine.venv / "bin" / "python"
    python.write_text(python.read_text().replace("update({})", "update({'pip': None})"))


def of_a_python_that_is_gone(machine: Machine) -> None:
    (machine.venv / "bin" / "python").unlink()
    (machine.venv / "bin" / "python").symlink_to("/nowhere/python")


def of_a_python_that_is_too_old(machine: Machine) -> None:
    (machine.folder / "bin" / "python3.10").rename(machine.venv / "bin" / "python")


@pytest.mark.parametrize("spoil", [interrupted, without_pip, of_a_python_that_is_gone, of_a_python_that_is_too_old])
def test_an_unusable_environment_is_rebuilt(machine: Machine, spoil: Callable[[Machine], None]) -> None:
    machine.make()
    machine.calls()
    (machine.venv / "leftover").touch()
    spoil(machine)

    assert machine.make().returncode == 0
    assert machine.calls() == built_with("python3")
    assert not (machine.venv / "leftover").exists()


def test_a_failed_installation_does_not_count_as_complete(machine: Machine) -> None:
    (machine.folder / "offline").touch()
    assert machine.make().returncode != 0
    machine.calls()
    (machine.folder / "offline").unlink()

    assert machine.make().returncode == 0
    assert machine.calls() == built_with("python3")


def test_a_changed_list_of_packages_is_installed_in_the_same_environment(machine: Machine) -> None:
    machine.make()
    machine.calls()
    os.utime(machine.venv / ".installed", (0, 0))

    assert machine.make().returncode == 0
    assert machine.calls() == built_with("python3")[1:]


def test_a_failed_update_keeps_the_working_environment(machine: Machine) -> None:
    machine.make()
    os.utime(machine.venv / ".installed", (0, 0))  # older than the lists of packages
    (machine.folder / "offline").touch()
    machine.calls()
    for _ in range(2):
        assert machine.make().returncode != 0
        assert not [call for call in machine.calls() if " venv " in call]
    (machine.folder / "offline").unlink()
    assert machine.make().returncode == 0
    assert not [call for call in machine.calls() if " venv " in call]


def test_a_folder_that_is_not_an_environment_is_never_removed(machine: Machine) -> None:
    machine.venv.mkdir()
    (machine.venv / "thesis.tex").write_text("years of work")

    refused = machine.make()

    assert refused.returncode != 0
    assert refused.stderr.startswith(f"VENV={machine.venv} is no virtual environment, and is not overwritten")
    assert (machine.venv / "thesis.tex").read_text() == "years of work"
    assert machine.calls() == []
