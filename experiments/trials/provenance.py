"""The code and the machine that carry out a trial."""

from typing import NamedTuple, Self

from splitwave.testbed.results.provenance import cpu_model, current_commit


class Provenance(NamedTuple):
    """The commit (with `+changes` if files differ from it, or `unknown`), and the processor's name."""

    commit: str
    machine: str

    @classmethod
    def current(cls) -> Self:
        """Return the provenance of the running code on this machine."""
        commit = current_commit()
        return cls("unknown" if commit is None else commit.sha + ("+changes" if commit.dirty else ""), cpu_model())
