"""`summary.json`: what a run achieved, in the names that results are compared by."""

import math
from collections.abc import Mapping, Sequence

from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.results import Evaluation, RunResult, ServedAtBeta, ServedQueries
from splitwave.common.tasks.task import Regression, Task, root_in_metres

Summary = Mapping[str, object]

_NORMAL_QUANTILE = 1.959964
"""The normal distribution's, at 97.5 %."""


def summarize(config: RunConfig, engine: str | None, result: RunResult, remarks: Sequence[str] = ()) -> Summary:
    """The numbers of a finished run, in a fixed order.

    Error rates are shares in [0, 1] of the test split; a regression has mean squared errors in ns² in their place, and
    their roots in metres. Costs are means of the hard test pass over samples and links; `airtime_ms` is modelled (d
    symbols at the configured baud); `latency_ms` is measured, from a device's sending of a single sample to its
    prediction. Inference alone has no training steps to report, and a base station does not know which engine, if any,
    started it. `served` counts the queries that serving answered and the distinct samples that they asked about, and
    has their mean error; an error rate comes with its 95 % interval. β-conditioned networks have the same for each
    combination of the links' β in `by_beta` and, in bits a symbol, the mean over the links of the entropy of what they
    sent under theirs (null for real symbols). `remarks` are sentences about the result, such as
    `splitwave.common.records.trivial_answers.remarks_on` gives.
    """
    samples = sum(cost.samples for cost in result.costs)
    return {
        **errors_of(config.task, Evaluation(result.error, result.error_soft)),
        **({"steps": result.steps, "samples_per_s": result.samples_per_s} if result.steps else {}),
        "payload_bits_per_sample_per_link": config.payload_bits_per_sample,
        "packed_bytes_per_sample_per_link": sum(cost.packed_bytes for cost in result.costs) / samples,
        "wire_bytes_per_sample_per_link": result.wire_bytes_per_sample_per_link,
        "airtime_ms": config.airtime_s * 1e3,
        "latency_ms": {f"p{percentile}": result.latency_ms(percentile) for percentile in (50, 90, 99)},
        "served": _served(config.task, result.queries),
        **(
            {}
            if config.hypernetwork.beta is None
            else {"by_beta": [_by_beta(config.task, each) for each in result.served]}
        ),
        **({"engine": engine} if engine else {}),
        "data": config.data.name,
        "links": config.links,
        "seed": config.seed,
        "config_hash": config.config_hash,
        "weights_sha256": result.weights_sha256,
        **({"remarks": list(remarks)} if remarks else {}),
    }


def errors_of(task: Task, evaluation: Evaluation) -> Summary:
    """The summary's entries of the test passes."""
    hard, soft = evaluation.error, evaluation.error_soft
    name = _error_name(task)
    errors = {name: hard, f"{name}_soft": soft, f"{name}_hard_minus_soft": hard - soft}
    if isinstance(task, Regression):
        return {**errors, "rmse_m": root_in_metres(hard), "rmse_m_soft": root_in_metres(soft)}
    return errors


def _by_beta(task: Task, served: ServedAtBeta) -> Summary:
    return {
        "betas": list(served.betas),
        **_served(task, served.totals),
        "symbol_entropy_bits": served.symbol_entropy_bits,
    }


def _served(task: Task, queries: ServedQueries) -> Summary:
    counts = {"queries": queries.queries, "distinct_samples": queries.distinct_samples}
    if isinstance(task, Regression):
        return {**counts, "mse_ns2": queries.error}
    interval = wilson_interval(queries.error, queries.distinct_samples)
    return {**counts, "error_rate": queries.error, "error_rate_interval": list(interval)}


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's two-sided 95 % interval of a probability.

    Queries about one sample are not independent trials: with samples as `count` the interval is too wide, if anything.

    Args:
        share: observed, in [0, 1].
        count: of independent trials, ≥ 1.
    """
    z_squared = _NORMAL_QUANTILE**2
    centre = share + z_squared / (2 * count)
    spread = _NORMAL_QUANTILE * math.sqrt(share * (1 - share) / count + z_squared / (4 * count**2))
    scale = 1 + z_squared / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def _error_name(task: Task) -> str:
    return "mse_ns2" if isinstance(task, Regression) else "error_rate"
