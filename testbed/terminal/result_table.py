"""Formats a run's summary for people, with the names and units of the README's table; programs read `summary.json`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitwave.common.records.summary import Summary
from splitwave.common.tasks.wording import Wording
from splitwave.testbed.terminal.columns import columns, label_rows


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table; it is shown only if the summary has all of its keys."""

    label: str
    keys: tuple[str, ...]
    text: Callable[..., str]


def _bytes(mean: float) -> str:
    return f"{mean:.2f} bytes a sample and link"


_COST_ROWS = (
    _Row(
        "training",
        ("steps", "samples_per_s"),
        lambda steps, samples_per_s: f"{steps:,} steps, {samples_per_s:,.0f} samples/s",
    ),
    _Row("payload", ("payload_bits_per_sample_per_link",), lambda bits: f"{bits} bits a sample and link"),
    _Row("packed", ("packed_bytes_per_sample_per_link",), _bytes),
    _Row("wire", ("wire_bytes_per_sample_per_link",), lambda mean: f"{_bytes(mean)}, as protobuf messages"),
    _Row("airtime", ("airtime_ms",), lambda ms: f"{ms:.2f} ms a sample, modelled"),
    _Row(
        "latency p50 / p90 / p99",
        ("latency_ms",),
        lambda ms: f"{ms['p50']:.1f} / {ms['p90']:.1f} / {ms['p99']:.1f} ms",
    ),
)
_RUN = ("engine", "data", "links", "seed", "config_hash", "weights_sha256")
_PARAGRAPHS = ("served", "by_beta", "containers", "remarks")
_MOST_BETAS = len("0.001, 0.01, 0.1")
"""Columns for the β values of the links; where they need more, their range is shown."""


def result_table(summary: Summary, wording: Wording) -> list[str]:
    """Format a summary as lines; an entry unknown to this module becomes a row labelled with its key.

    Args:
        summary: a `summary.json`, or a part of one.
        wording: the wording of the run's task.
    """
    shown = [row for row in (*_error_rows(wording), *_COST_ROWS) if all(key in summary for key in row.keys)]
    known = {key for row in shown for key in row.keys} | _repeated(wording) | {*_RUN, *_PARAGRAPHS}
    rows = [(row.label, _text(row, summary)) for row in shown]
    rest = {key: value for key, value in summary.items() if key not in known}
    paragraphs = (
        label_rows([*rows, *_served(summary.get("served"), wording), *_other_rows(rest)]),
        _remarks(summary.get("remarks")),
        _by_beta(summary.get("by_beta"), wording),
        _containers(summary.get("containers")),
        label_rows([(_words(key), _value(summary[key])) for key in _RUN if key in summary]),
    )
    return "\n\n".join("\n".join(paragraph) for paragraph in paragraphs if paragraph).splitlines()


def _error_rows(wording: Wording) -> tuple[_Row, ...]:
    return (
        _Row("test error, hard symbols", (wording.error_key,), wording.error_in_full),
        _Row("test error, soft symbols", (f"{wording.error_key}_soft",), wording.error_in_full),
    )


def _repeated(wording: Wording) -> set[str]:
    """The entries that follow from those in the rows of errors."""
    readable = wording.readable
    return {f"{wording.error_key}_hard_minus_soft", *((readable.key, f"{readable.key}_soft") if readable else ())}


def _text(row: _Row, summary: Summary) -> str:
    values = [summary[key] for key in row.keys]
    return "not measured" if None in values else row.text(*values)


def _served(served: object, wording: Wording) -> list[tuple[str, str]]:
    if not isinstance(served, Mapping):
        return []
    counts = f"{served.get('queries')} queries about {served.get('distinct_samples')} samples"
    return [("served", counts), ("served error", _served_error(served, wording, ", 95 % interval "))]


def _served_error(served: Mapping[str, object], wording: Wording, separator: str) -> str:
    """Format a mean error, with its interval if the task has one."""
    if not isinstance(error := served.get(wording.error_key), float):
        return "not measured"
    interval = served.get(wording.interval_key)
    if not isinstance(interval, Sequence):
        return wording.error_in_full(error)
    return f"{wording.error_in_full(error)}{separator}{wording.interval(*interval)}"


def _by_beta(rows: object, wording: Wording) -> list[str]:
    """Format one line for each combination of the links' β; only quantized symbols have an entropy."""
    if not isinstance(rows, Sequence) or not rows:
        return []
    quantized = any(each.get("symbol_entropy_bits") is not None for each in rows)
    intervals = any(wording.interval_key in each for each in rows)
    error = "error, 95 % interval" if intervals else "error"
    head = ["β of the links", "queries", "samples", error, *(["symbol entropy"] if quantized else [])]
    lines = columns([head, *([*_beta_cells(each, wording), *_entropy(each, quantized)] for each in rows)])
    return lines if quantized else [*lines, "(real-valued symbols)"]


def _beta_cells(each: Mapping[str, object], wording: Wording) -> list[str]:
    counts = (each.get("queries"), each.get("distinct_samples"))
    return [_betas(each.get("betas")), *map(_value, counts), _served_error(each, wording, ", ")]


def _entropy(each: Mapping[str, object], quantized: bool) -> list[str]:
    bits = each.get("symbol_entropy_bits")
    return [] if not quantized else [f"{bits:.2f} bits" if isinstance(bits, float) else "not measured"]


def _betas(betas: object) -> str:
    if not isinstance(betas, Sequence):
        return _value(betas)
    if len(set(betas)) == 1:
        return f"{betas[0]:g}"
    each = ", ".join(f"{beta:g}" for beta in betas)
    return each if len(each) <= _MOST_BETAS else f"{min(betas):g} to {max(betas):g}"


def _remarks(remarks: object) -> list[str]:
    return [f"remark: {remark}" for remark in remarks] if isinstance(remarks, Sequence) else []


def _containers(containers: object) -> list[str]:
    if not isinstance(containers, Mapping):
        return []
    head = ["container", "CPU", "peak memory", "received", "sent"]
    return columns([head, *([part, *_usage(used)] for part, used in containers.items())])


def _usage(used: Mapping[str, float]) -> list[str]:
    received, sent = (f"{used[f'network_{way}_bytes'] / 1e6:.2f} MB" for way in ("rx", "tx"))
    return [f"{used['cpu_s']:.1f} s", f"{used['memory_peak_mib']:.0f} MiB", received, sent]


def _other_rows(rest: Summary) -> Iterable[tuple[str, str]]:
    for key, value in rest.items():
        if isinstance(value, Mapping):
            yield from ((f"{_words(key)} {_words(part)}", _value(number)) for part, number in value.items())
        else:
            yield _words(key), _value(value)


def _words(key: object) -> str:
    return str(key).replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not measured"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(part)} {_value(number)}" for part, number in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
