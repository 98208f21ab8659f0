"""How long a base station waits for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator decides about time; none of it changes what a run computes.

    Attributes:
        rejoin_s: seconds that a link which was lost in a run may take to come back; 0 fails the run at once.
        late_after_s: seconds that a link may owe something before it is reported as late.
        serve_every_s: seconds between serving passes after the result, until the base station is stopped; None ends
            the run with the result.
    """

    rejoin_s: float = 0.0
    late_after_s: float = 5.0
    serve_every_s: float | None = None
