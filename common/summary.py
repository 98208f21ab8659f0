"""`summary.json`: what a run achieved, in the names that results are compared by."""

import json
from collections.abc import Mapping
from pathlib import Path

from common.config import RunConfig
from common.results import RunResult, ServedAtBeta

Summary = Mapping[str, object]


def summarize(config: RunConfig, engine: str | None, result: RunResult) -> Summary:
    """The numbers of a finished run, in a fixed order.

    Error rates are shares in [0, 1] of the test split; costs are means of the hard test pass over samples and
    links; `airtime_ms` is modelled (d symbols at the configured baud); `latency_ms` is measured, from a device's
    sending of a single sample to its prediction. Inference alone has no training steps to report, and a base station
    does not know which engine, if any, started it. Where networks are told β, `by_beta` says what serving came to under
    each combination of the links' β that it had: the errors of these queries and, in bits a symbol, the mean over the
    links of the entropy of what they sent under theirs (null for real symbols).
    """
    samples = sum(cost.samples for cost in result.costs)
    return {
        "error_rate": result.error_rate,
        "error_rate_soft": result.error_rate_soft,
        "error_rate_hard_minus_soft": result.error_rate - result.error_rate_soft,
        **({"steps": result.steps, "samples_per_s": result.samples_per_s} if result.steps else {}),
        "payload_bits_per_sample_per_link": config.payload_bits_per_sample,
        "packed_bytes_per_sample_per_link": sum(cost.packed_bytes for cost in result.costs) / samples,
        "wire_bytes_per_sample_per_link": result.wire_bytes_per_sample_per_link,
        "airtime_ms": config.airtime_s * 1e3,
        "latency_ms": {f"p{percentile}": result.latency_ms(percentile) for percentile in (50, 90, 99)},
        **({} if config.hypernetwork.beta is None else {"by_beta": [_by_beta(each) for each in result.served]}),
        **({"engine": engine} if engine else {}),
        "data": config.data.name,
        "links": config.links,
        "seed": config.seed,
        "config_hash": config.config_hash,
        "weights_sha256": result.weights_sha256,
    }


def _by_beta(served: ServedAtBeta) -> Summary:
    return {
        "betas": list(served.betas),
        "samples": served.samples,
        "error_rate": served.error_rate,
        "symbol_entropy_bits": served.symbol_entropy_bits,
    }


def write_summary(summary: Summary, path: Path) -> None:
    """Write a summary as JSON, keys in their order, at once or not at all.

    Raises:
        OSError: it cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.partial")
    text = json.dumps(summary, indent=2, allow_nan=False, ensure_ascii=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.rename(path)
