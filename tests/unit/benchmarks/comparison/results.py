"""Contents of `result.json`, made from the readings of one benchmark."""

from collections.abc import Mapping, Sequence

from splitwave.benchmarks.comparison.ratio_comparison import Comparison, compare
from splitwave.benchmarks.comparison.recorded_result import RecordedResult
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.scope import FULL
from splitwave.benchmarks.session import result_json
from splitwave.common.config.run_config import RunConfig

AT_MOST = "latency.single_stream.p50_over_echo"
AT_LEAST = "channel.one_stream.over_philox"


def result_of(ratios: Mapping[str, Sequence[float]], *problems: str, dimension: int = 28) -> dict[str, object]:
    """Return a result with one benchmark for each ratio; `problems` are those of the first."""
    reports = [report_of(name, values, dimension) for name, values in ratios.items()]
    reports[0].problems += problems
    return dict(result_json(reports, FULL, None, (0.0, 0.0, 0.0)))


def report_of(ratio: str, values: Sequence[float], dimension: int = 28) -> Report:
    """Return the report of a benchmark whose only ratio has these repetitions."""
    benchmark, _, name = ratio.partition(".")
    report = Report(benchmark, {"dimension": dimension})
    report.add(name, "x", values)
    report.add(f"{name}.p50", "ms", [0.7])
    report.record_config("testbed", RunConfig.model_validate({"encoder": {"dimension": dimension}}))
    return report


def compared(baseline: bytes | str, now: bytes | str) -> Comparison:
    """Compare the contents of two files."""
    return compare(RecordedResult.parse(baseline), RecordedResult.parse(now))
