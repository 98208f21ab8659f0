"""The wheel and the sdist work without a checkout."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests import installed_command
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: each for name, each in installed_command.ENVIRONMENT.items() if not name.startswith("PYTHON")}
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, 'build_' + sys.argv[1])(sys.argv[2]))"


def build(kind: str, source: Path, into: Path) -> Path:
    """Build the wheel or sdist of a source folder."""
    into.mkdir(exist_ok=True)
    command = [sys.executable, "-c", BUILD, kind, str(into)]
    answer = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True, timeout=LIMIT_S)
    return into / answer.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files, as in a fresh clone."""
    folder = tmp_path_factory.mktemp("source")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.rstrip("\0").split("\0"):
        if (ROOT / name).is_symlink() or (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    ours = folder / "bin" / "python"
    # A .pth file makes the dependencies importable, but not our checkout, whose own .pth file is not processed then.
    site = next((folder / "lib").glob("python*")) / "site-packages"
    (site / "required.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    command: list[str | Path] = [
        ours,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--ignore-installed",
        wheel,
    ]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=LIMIT_S)
    return ours


@pytest.fixture(scope="module")
def board(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and what it requires without any extra."""
    folder = tmp_path_factory.mktemp("board")
    venv.create(folder, with_pip=True)
    ours = folder / "bin" / "python"
    site = next((folder / "lib").glob("python*")) / "site-packages"
    for name in ("numpy", "numpy.libs", "grpc", "google", "typing_extensions.py"):
        if (theirs := Path(sysconfig.get_path("platlib"), name)).exists():
            (site / name).symlink_to(theirs)
    command: list[str | Path] = [ours, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=LIMIT_S)
    return ours


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with packages that have the names of our folders."""
    for name in ("common", "device"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    return tmp_path


def run(folder: Path, *command: str | Path) -> str:
    answer = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_nothing_but_splitwave_lands_at_the_top(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"splitwave"}


def test_the_sdist_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", source, tmp_path / "sdist")
    shutil.unpack_archive(sdist, tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    again = build("wheel", unpacked, tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(again) as theirs:
        assert sorted(ours.namelist()) == sorted(theirs.namelist())
        assert all(ours.read(name) == theirs.read(name) for name in ours.namelist() if not name.endswith("/RECORD"))


def test_the_wheel_runs_in_a_folder_with_packages_of_the_same_names(python: Path, folder: Path) -> None:
    where = run(folder, python, "-c", "import splitwave.device, splitwave.channel; print(splitwave.device.__file__)")
    assert Path(where.strip()).is_relative_to(python.parents[1])
    splitwave = python.parent / "splitwave"
    run(folder, splitwave, "demo", "--set", "training.epochs=1", "--set", "inference.latency_samples=10")
    (result,) = (folder / "results" / "demo").iterdir()
    assert (result / "summary.json").is_file()


def test_without_an_extra_a_board_can_be_a_device_and_nothing_else(board: Path, folder: Path) -> None:
    splitwave = board.parent / "splitwave"
    assert run(folder, splitwave, "device", "--help").startswith("usage: splitwave device")
    for command in ("train", "doctor"):
        answer = subprocess.run(
            [splitwave, command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert answer.returncode == ExitCode.CONFIG
        assert answer.stderr == "error: this command needs the extra testbed: pip install 'splitwave[testbed]'\n"


def test_shipped_names_work(python: Path, folder: Path) -> None:
    splitwave = python.parent / "splitwave"
    assert "name: mnist\n" in run(folder, splitwave, "config", "show", "--config", "mnist-k2")
    run(folder, splitwave, "init", "mine")
    assert "name: mnist\n" in run(folder, splitwave, "config", "show", "-c", "mine/configs/mnist-k2.yaml")
    code = "from splitwave.testbed.compose.compose_command import board_file; print(board_file('raspberry-pi-4'))"
    assert Path(run(folder, python, "-c", code).strip()).is_relative_to(python.parents[1])
