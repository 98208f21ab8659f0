"""The table at the end of a disturbed training."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.e2e.chaos.disturbance import Recovery


def report(
    recoveries: Sequence[Recovery], faults: Mapping[str, int], *, planned: int, undisturbed: str, disturbed: str
) -> tuple[str, bool]:
    """Return the table, and whether all kills were made and both digests are equal."""
    parties = Counter(party for recovery in recoveries for party in recovery.kill.parties)
    seconds = [recovery.seconds for recovery in recoveries] or [0.0]
    together = sum(len(recovery.kill.parties) > 1 for recovery in recoveries)
    made, equal = parties.total(), undisturbed == disturbed
    rows = [
        ("kills", f"{made} of {planned}, {together} times several at once"),
        *((f"  {party}", str(count)) for party, count in sorted(parties.items())),
        *([("network faults", str(sum(faults.values())))] if faults else []),
        *((f"  {fault}", str(count)) for fault, count in sorted(faults.items())),
        ("recoveries", str(len(recoveries))),
        ("steps replayed", str(sum(recovery.replayed for recovery in recoveries))),
        ("time to recover", f"mean {sum(seconds) / len(seconds):.1f} s, max {max(seconds):.1f} s"),
        ("undisturbed", undisturbed),
        ("disturbed", disturbed),
        ("verdict", _verdict(equal=equal, complete=made == planned)),
    ]
    return "\n".join(f"{name:<16} {value}" for name, value in rows), equal and made == planned


def _verdict(*, equal: bool, complete: bool) -> str:
    if not equal:
        return "the weights differ"
    return (
        "equal to the bit" if complete else "equal, but training ended before all kills were made: give it more epochs"
    )
