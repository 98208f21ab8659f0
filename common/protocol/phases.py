"""The phases of a run that blocks belong to, and the two kinds of symbols that a pass can ask for."""

from enum import IntEnum


class Phase(IntEnum):
    """The part of a run that a block belongs to.

    The numbers are those of the wire, and a coordinate of the block's channel noise.
    """

    TRAIN = 1
    VALIDATION = 2
    TEST = 3
    SERVE = 4
    LOAD = 5

    @property
    def is_of_queries(self) -> bool:
        """Whether the blocks of this phase are queries, whose β can be changed while the run goes on."""
        return self in (Phase.SERVE, Phase.LOAD)


class Symbols(IntEnum):
    """Whether a pass sends hard symbols (as deployed) or soft ones (as trained)."""

    HARD = 1
    SOFT = 2
