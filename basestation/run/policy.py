"""How long a base station waits for its devices, and how much of a training it keeps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Options of an operator, none of which changes what a run computes; times may be infinite.

    Attributes:
        rejoin_s: seconds that a lost link may take to return; 0 fails the run at once.
        late_after_s: seconds that a link may owe something before it is reported as late.
        serve_every_s: seconds between serving passes after the result, until the base station is stopped; None ends
            the run with the result.
        checkpoint_every: training steps between checkpoints that training can go on from; 0 keeps none.
        keep_checkpoints: how many of these stay on the disk.
        await_watcher_s: seconds that a run with a result waits until a watcher has had it.
        give_up_s: seconds that a link may owe something before its stream is ended, as if its connection were lost.
    """

    rejoin_s: float = 0.0
    late_after_s: float = 5.0
    serve_every_s: float | None = None
    checkpoint_every: int = 0
    keep_checkpoints: int = 2
    give_up_s: float = 1_800.0
    await_watcher_s: float = 0.0
