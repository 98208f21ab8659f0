"""Exports queries as Trace Event JSON for Perfetto and chrome://tracing: one process per party, one thread per link."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from splitwave.benchmarks.readings.hop_table import HOPS, at
from splitwave.common.protocol.workload import LinkStamps

_PARTIES = ("device", "transport", "channel", "base station")
_NS_PER_US = 1000.0


def trace_events(links: Sequence[LinkStamps], queries: int) -> list[dict[str, object]]:
    """Return complete events (`ph` "X") of the first queries, in microseconds from the first stamp.

    Args:
        links: stamps of a pass with one query in flight; with more, the events of a thread would overlap.
        queries: maximum number of queries.
    """
    origin = min(int(stamps.at_ns.min()) for stamps in links)
    return [*_names(links), *(event for stamps in links for event in _events(stamps, queries, origin))]


def write_trace(path: Path, links: Sequence[LinkStamps], queries: int) -> None:
    """Write `trace_events` to a file in the format's object form."""
    content = {"traceEvents": trace_events(links, queries), "displayTimeUnit": "ms"}
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")


def _names(links: Sequence[LinkStamps]) -> Iterator[dict[str, object]]:
    for pid, party in enumerate(_PARTIES):
        yield {"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": party}}
        yield {"ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0, "args": {"sort_index": pid}}
        for stamps in links:
            name = {"name": f"link {stamps.link}"}
            yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": stamps.link, "args": name}


def _events(stamps: LinkStamps, queries: int, origin: int) -> Iterator[dict[str, object]]:
    for hop in HOPS:
        begin, end = at(stamps, hop.begin)[:queries], at(stamps, hop.end)[:queries]
        for query, (since, until) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
            yield {
                "ph": "X",
                "name": hop.name,
                "cat": hop.party,
                "pid": _PARTIES.index(hop.party),
                "tid": stamps.link,
                "ts": (since - origin) / _NS_PER_US,
                "dur": (until - since) / _NS_PER_US,
                "args": {"query": query},
            }
