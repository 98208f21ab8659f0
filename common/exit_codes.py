"""The exit codes of every Splitwave process, so that a supervisor can tell why one ended."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in docs/exit-codes.md."""

    OK = 0
    FAILURE = 1  # an unexpected error, which is a bug; the log has the traceback
    CONFIG = 2  # a setting or an option is wrong (also what typer and argparse use)
    DATA = 3
    ADDRESS = 4
    UNREACHABLE = 5
    PROTOCOL = 6
    RUN_FAILED = 7
    CHECKPOINT = 8
    INVALID = 9  # benchmarks did not meet the conditions for VALID
    DISK_FULL = 10
    NOT_READY = 11  # `splitwave doctor` found something that makes a command fail
    STOPPED = 12  # a training was asked to stop, and its checkpoint is on the disk
    INTERRUPTED = 130  # Ctrl-C, the shell's convention (128 + SIGINT)
