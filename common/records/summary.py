"""`summary.json`: what a run achieved, in the names that results are compared by."""

from collections.abc import Mapping, Sequence

from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.results import (
    Evaluation,
    LinkUse,
    RunResult,
    ServedAtBeta,
    ServedByChannel,
    ServedByLinks,
    ServedQueries,
)
from splitwave.common.tasks.task import Task

Summary = Mapping[str, object]


def summarize(config: RunConfig, engine: str | None, result: RunResult, remarks: Sequence[str] = ()) -> Summary:
    """The numbers of a finished run, in a fixed order.

    The errors on the test split have the names of the task: an error rate is a share in [0, 1], a regression has mean
    squared errors in ns² and their roots in metres. Costs are means of the hard test pass over samples and links;
    `airtime_ms` is modelled (a sample's symbols at the configured baud); `latency_ms` is measured, from a device's
    sending of a single sample to its prediction. Inference alone has no training steps to report, and a base station
    does not know which engine, if any, started it. `served` counts the queries that serving answered and the distinct
    samples that they asked about, and has their mean error, with its 95 % interval if the task has one. β-conditioned
    networks have the same for each combination of the links' β in `by_beta` and, in bits a symbol, the mean entropy of
    the symbols that the links sent under these β (null for real symbols). Where answers were computed without some
    links, `by_links` has the counts and the error for each set of links. Where live control changed a link,
    `by_channel` has them for each state of the links that the symbols met.
    Where links are adapted, `adaptation` has, by link, the means of what the queries cost, and the share in which
    symbols were sent. `remarks` are sentences about the result,
    such as `splitwave.common.records.trivial_answers.remarks_on` gives.
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
            {"by_links": [_by_links(config.task, each) for each in result.by_links]}
            if any(len(each.links) < config.links for each in result.by_links)
            else {}
        ),
        **({"by_channel": [_by_channel(config.task, each) for each in result.by_channel]} if result.by_channel else {}),
        **(
            {}
            if config.hypernetwork.beta is None
            else {"by_beta": [_by_beta(config.task, each) for each in result.served]}
        ),
        **({"adaptation": [_use(config, each) for each in result.queries.uses]} if result.queries.uses else {}),
        **({"engine": engine} if engine else {}),
        "data": config.data.title,
        "links": config.links,
        "seed": config.seed,
        "config_hash": config.config_hash,
        "weights_sha256": result.weights_sha256,
        **({"remarks": list(remarks)} if remarks else {}),
    }


def errors_of(task: Task, evaluation: Evaluation) -> Summary:
    """The summary's entries of the test passes."""
    hard, soft, wording = evaluation.error, evaluation.error_soft, task.wording
    name, readable = wording.error_key, wording.readable
    return {
        name: hard,
        f"{name}_soft": soft,
        f"{name}_hard_minus_soft": hard - soft,
        **({readable.key: readable.convert(hard), f"{readable.key}_soft": readable.convert(soft)} if readable else {}),
    }


def _by_beta(task: Task, served: ServedAtBeta) -> Summary:
    return {
        "betas": list(served.betas),
        **_served(task, served.totals),
        "symbol_entropy_bits": served.symbol_entropy_bits,
    }


def _use(config: RunConfig, use: LinkUse) -> Summary:
    pilots = config.channel.receiver.sent_pilots
    symbols = use.symbols / use.queries
    return {
        "queries": use.queries,
        "sent": use.sent / use.queries,
        "payload_bits_per_query": use.bits / use.queries,
        "symbols_per_query": symbols,
        "airtime_ms": 1e3 * (symbols + pilots) / config.channel.baud,
    }


def _by_links(task: Task, served: ServedByLinks) -> Summary:
    return {"links": list(served.links), **_served(task, served.totals)}


def _by_channel(task: Task, served: ServedByChannel) -> Summary:
    return {"channel": [channel.fields() for channel in served.channels], **_served(task, served.totals)}


def _served(task: Task, queries: ServedQueries) -> Summary:
    interval = task.error_interval(queries.error, queries.distinct_samples)
    return {
        "queries": queries.queries,
        "distinct_samples": queries.distinct_samples,
        task.wording.error_key: queries.error,
        **({} if interval is None else {task.wording.interval_key: list(interval)}),
    }
