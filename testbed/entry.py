"""Entry point of the console script: Ctrl-C gives the documented exit code even while modules are being imported."""

import sys

from splitwave.common.exit_codes import ExitCode


def main() -> None:
    """Run the command line."""
    try:
        from splitwave.testbed import cli  # noqa: PLC0415 — imports take long enough to be interrupted

        cli.main()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
