"""Entry point of the console script: Ctrl-C gives the documented exit code even while modules are being imported."""

import os
import sys

from splitwave.common.exit_codes import ExitCode


def main() -> None:
    """Run the command line."""
    try:
        try:
            from splitwave.testbed import cli  # noqa: PLC0415 — imports take long enough to be interrupted
        except ModuleNotFoundError as error:
            sys.exit(_on_a_board() if error.name == "typer" else _without_command_line(error))
        except Exception as error:  # packages that do not fit raise errors of many classes
            sys.exit(_without_command_line(error))
        cli.main()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def _on_a_board() -> ExitCode:
    """Splitwave is installed without the extra `testbed`: a device may run nevertheless, and nothing else."""
    if sys.argv[1:2] == ["device"]:
        # -P: a folder `splitwave` in the user's current directory must not shadow the installed package.
        os.execv(sys.executable, [sys.executable, "-P", "-m", "splitwave.device", *sys.argv[2:]])
    print("error: this command needs the extra testbed: pip install 'splitwave[testbed]'", file=sys.stderr)
    return ExitCode.CONFIG


def _without_command_line(error: Exception) -> ExitCode:
    """Run `splitwave doctor` if that is the command, since it finds the package that cannot be imported."""
    first_line = str(error).strip().partition("\n")[0]
    reason = f"the command line cannot be imported: {type(error).__name__}: {first_line}"
    if sys.argv[1:2] != ["doctor"]:
        print(f"error: {reason}\n`splitwave doctor` examines the installation", file=sys.stderr)
        return ExitCode.NOT_READY
    from splitwave.testbed.doctor.session import run_without_command_line  # noqa: PLC0415 — rarely needed

    return run_without_command_line(sys.argv[2:], reason)
