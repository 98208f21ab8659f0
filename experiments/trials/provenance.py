"""What code and machine a trial is carried out by."""

from typing import NamedTuple, Self

from splitwave.testbed.results.provenance import cpu_model, current_commit


class Provenance(NamedTuple):
    """The commit, `+changes` if files differ from it, or `unknown`; and the processor."""

    commit: str
    machine: str

    @classmethod
    def here(cls) -> Self:
        """Of the code that runs, on this machine."""
        commit = current_commit()
        return cls("unknown" if commit is None else commit.sha + ("+changes" if commit.dirty else ""), cpu_model())
