"""Errors that a user can cause and fix; each knows the exit code its process ends with."""

from enum import StrEnum

from splitwave.common.exit_codes import ExitCode


class SplitwaveError(Exception):
    """Base of all errors reported as one clear line instead of a traceback."""

    exit_code = ExitCode.FAILURE


class ConfigError(SplitwaveError):
    """A setting is unknown, of the wrong type or out of range."""

    exit_code = ExitCode.CONFIG


class DataError(SplitwaveError):
    """A data set is missing, damaged or does not fit the run."""

    exit_code = ExitCode.DATA


class MissingDataError(DataError):
    """The files of a data set are not where it was looked for, so none of them is damaged."""


class CheckpointError(SplitwaveError):
    """A checkpoint is missing, damaged or belongs to another run."""

    exit_code = ExitCode.CHECKPOINT


class AddressError(SplitwaveError):
    """An address is malformed, or its port is taken."""

    exit_code = ExitCode.ADDRESS


class UnreachableError(SplitwaveError):
    """A peer did not answer within the stated limit."""

    exit_code = ExitCode.UNREACHABLE


class DiskFullError(SplitwaveError):
    """A disk that a run writes to has no space left."""

    exit_code = ExitCode.DISK_FULL


class RunStoppedError(SplitwaveError):
    """A run was asked to stop; what it goes on from is on the disk."""

    exit_code = ExitCode.STOPPED


class OutputError(SplitwaveError):
    """The output of a command cannot be written to standard output."""


class Refusal(StrEnum):
    """The reason why a peer is refused, in gRPC's status names (the core does not import grpc)."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"  # the message is wrong in every run
    FAILED_PRECONDITION = "FAILED_PRECONDITION"  # the message does not fit this run or this version
    ALREADY_EXISTS = "ALREADY_EXISTS"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"  # a peer that does not read, or does not send what it owes
    ABORTED = "ABORTED"  # the run ended while it was in progress
    UNAUTHENTICATED = "UNAUTHENTICATED"  # the peer's certificate names no party, or is revoked
    PERMISSION_DENIED = "PERMISSION_DENIED"  # the peer's certificate does not allow this


class ProtocolError(SplitwaveError):
    """A peer sent a message that the protocol refuses."""

    exit_code = ExitCode.PROTOCOL

    def __init__(self, message: str, refusal: Refusal = Refusal.INVALID_ARGUMENT) -> None:
        super().__init__(message)
        self.refusal = refusal


class RunFailedError(SplitwaveError):
    """A run that had started could not finish: a process died or a link was lost."""

    exit_code = ExitCode.RUN_FAILED
