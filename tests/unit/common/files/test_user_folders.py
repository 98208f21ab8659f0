"""Default folders: the rules of the XDG Base Directory Specification, with and without a home folder."""

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.user_folders import cache_folder, config_folder, state_folder
from tests.installed_command import ENVIRONMENT

KINDS = pytest.mark.parametrize(
    ("variable", "folder", "below_home"),
    [
        ("XDG_STATE_HOME", state_folder, ".local/state"),
        ("XDG_CACHE_HOME", cache_folder, ".cache"),
        ("XDG_CONFIG_HOME", config_folder, ".config"),
    ],
)
NO_HOME = {name: value for name, value in ENVIRONMENT.items() if name not in ("HOME", "XDG_STATE_HOME")}
WITHOUT_PASSWD_ENTRY = """
import os, sys
from splitwave.device.__main__ import main
import splitwave.device.session.training_devices  # with all that Python's own folders hold, which root's home may hide
os.setuid(54321)
sys.argv = ["device", *{arguments}]
sys.exit(main())
"""


@KINDS
def test_the_variable_names_the_base_folder(
    monkeypatch: pytest.MonkeyPatch, variable: str, folder: Callable[[str], Path], below_home: str
) -> None:
    monkeypatch.setenv("HOME", "/home/you")
    monkeypatch.setenv(variable, "/var/lib")
    assert folder("") == Path("/var/lib/splitwave")

    monkeypatch.delenv(variable)
    assert folder("") == Path("/home/you", below_home, "splitwave")


@KINDS
@pytest.mark.parametrize("ignored", ["", "relative", "./also", "~/.state"])
def test_a_variable_without_an_absolute_path_is_ignored(
    monkeypatch: pytest.MonkeyPatch, variable: str, folder: Callable[[str], Path], below_home: str, ignored: str
) -> None:
    monkeypatch.setenv("HOME", "/home/you")
    monkeypatch.setenv(variable, ignored)

    assert folder("") == Path("/home/you", below_home, "splitwave")


@pytest.mark.parametrize("home", [None, "", "relative"])
def test_without_home_the_passwd_file_names_the_home_folder(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)

    assert state_folder("") == Path(pwd.getpwuid(os.getuid()).pw_dir, ".local", "state", "splitwave")


def every_user_may_enter(folder: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can take a user id without an entry in the passwd file")
@pytest.mark.skipif(not every_user_may_enter(Path(sys.prefix)), reason="other users may not enter this environment")
class TestUserWithoutHome:
    """A user id without an entry in the passwd file and without HOME, as containers are often started."""

    def device(self, *arguments: str, **variables: str) -> tuple[int, str]:
        command = [sys.executable, "-c", WITHOUT_PASSWD_ENTRY.format(arguments=arguments)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=NO_HOME | variables)
        assert "Traceback" not in answer.stderr
        return answer.returncode, answer.stdout + answer.stderr

    def test_no_default_is_computed_for_the_help_text(self) -> None:
        code, output = self.device("--help")

        assert (code, output.startswith("usage: splitwave device")) == (ExitCode.OK, True)

    def test_the_missing_default_is_an_error_that_names_option_and_variable(self) -> None:
        code, output = self.device("--connect=127.0.0.1:1", "--connect-timeout=0", XDG_STATE_HOME="")

        assert code == ExitCode.CONFIG
        assert "XDG_STATE_HOME is '', HOME is not set, and user 54321 has no home folder in the passwd file" in output
        assert "name one with --state DIR, or set XDG_STATE_HOME to an absolute path" in output

    @pytest.mark.parametrize("by_option", [True, False])
    def test_a_folder_that_is_named_needs_no_home(self, tmp_path: Path, by_option: bool) -> None:
        arguments = ["--connect=127.0.0.1:1", "--connect-timeout=0"]
        arguments += [f"--state={tmp_path}"] if by_option else []
        code, output = self.device(*arguments, XDG_STATE_HOME="" if by_option else str(tmp_path))

        assert (code, "127.0.0.1:1 did not accept this device" in output) == (ExitCode.UNREACHABLE, True)


def test_a_data_set_that_needs_the_cache_names_variable_and_option(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")

    with pytest.raises(
        ConfigError, match=r"XDG_CACHE_HOME is 'cache', HOME is not set, .*; use --data-dir, or set XDG"
    ):
        cache_folder("use --data-dir")
