"""Compares the result of a session with a baseline, the published result or another one."""

import json
from dataclasses import dataclass
from pathlib import Path

from splitwave.benchmarks.comparison.comparison_table import comparison_table
from splitwave.benchmarks.comparison.ratio_comparison import Comparison, compare
from splitwave.benchmarks.comparison.recorded_result import RecordedResult
from splitwave.benchmarks.readings.report import Json
from splitwave.common.errors import DataError

PUBLISHED = Path("docs", "results", "bench", "result.json")
"""The published result, which is the baseline by default, in a checkout of the repository."""

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """The comparison with a baseline, or the reason why there is none.

    Attributes:
        file: path of the baseline, as users see it.
        outcome: the comparison, or the reason.
    """

    file: str
    outcome: Comparison | str

    def to_json(self) -> Json:
        """Return the comparison, or the reason as `error`, as JSON."""
        if isinstance(self.outcome, str):
            return {"file": self.file, "error": self.outcome}
        return {"file": self.file, **self.outcome.to_json()}

    def __str__(self) -> str:
        if isinstance(self.outcome, str):
            return f"not compared with a baseline: {self.file}: {self.outcome}"
        return comparison_table(self.outcome, self.file)


def compare_with(baseline: Path | None, result: Json) -> BaselineComparison:
    """Compare a result with a baseline; errors become a reason, so that a result is never lost to them.

    Args:
        baseline: a `result.json`, or None for the published one.
        result: the result, as it is written to `result.json`.
    """
    file = str(PUBLISHED if baseline is None else baseline)
    try:
        before = RecordedResult.read(_CHECKOUT / PUBLISHED if baseline is None else baseline)
        return BaselineComparison(file, compare(before, RecordedResult.parse(json.dumps(result))))
    except DataError as error:
        hint = "; --baseline names another file" if baseline is None else ""  # an installed package has no docs folder
        return BaselineComparison(file, f"{error}{hint}")
