"""How long a base station waits for its devices."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Times that an operator sets, each of which may be infinite; none of them changes what a run computes.

    Attributes:
        rejoin_s: seconds that a lost link may take to return; 0 fails the run at once.
        late_after_s: seconds that a link may owe something before it is reported as late.
        serve_every_s: seconds between serving passes after the result, until the base station is stopped; None ends
            the run with the result.
    """

    rejoin_s: float = 0.0
    late_after_s: float = 5.0
    serve_every_s: float | None = None
