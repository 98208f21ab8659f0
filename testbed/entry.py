"""The console script's entry: Ctrl-C ends it properly even while its imports are under way."""

import sys

from splitwave.common.exit_codes import ExitCode


def main() -> None:
    """Run the command line."""
    try:
        from splitwave.testbed import cli  # noqa: PLC0415 — the imports are what takes long enough to be interrupted

        cli.main()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
