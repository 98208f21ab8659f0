"""The stages of a run."""

from enum import IntEnum


class Stage(IntEnum):
    """The stages of a run, numbered as on the wire."""

    WAITING = 1
    TRAINING = 2
    EVALUATING = 3
    SERVING = 4
    FINISHED = 5
    FAILED = 6

    @property
    def is_under_way(self) -> bool:
        """Whether the links train or answer."""
        return self in (Stage.TRAINING, Stage.EVALUATING, Stage.SERVING)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (Stage.FINISHED, Stage.FAILED)
