"""Adapted links: distributed runs and runs in one process serve the same answers at the same cost, to the bit."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from splitwave.basestation.fusion.block_collector import Arrival
from splitwave.basestation.run.decoding import Decoded
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.served_queries import ServingCounts
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.sent_part import SentPart
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.testbed import run_distributed, tiny_data

QUERIES = 40
ROWS: list[dict[str, Any]] = [
    {"sends": False},
    {"from_db": 3.0, "modulation": "bpsk", "bits": 2},
    {"from_db": 9.0, "modulation": "qpsk"},
    {"from_db": 13.0, "modulation": "16-qam"},
]


def config_of(rows: list[dict[str, Any]], channel: dict[str, Any], **more: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "seed": 5,
            "links": 3,
            "encoder": {"dimension": 6},
            "quantizer": {"breakpoints": 7},
            "objective": {"beta": 0.01},
            "training": {"epochs": 1, "batch_size": 16},
            "inference": {"block_size": 10, "latency_samples": QUERIES},
            "channel": {"model": ["rayleigh", "awgn"], "receiver": {"csi": "perfect"}, **channel},
            "adaptation": {"policy": "table" if len(rows) > 1 else "fixed", "rows": rows},
            **more,
        }
    )


class SentParts(RunObserver):
    """Records what the links sent, query by query."""

    def __init__(self) -> None:
        self.parts: list[dict[int, SentPart]] = []
        self.used: list[tuple[int, ...]] = []

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:  # noqa: ARG002
        if arrival.block.key.phase is Phase.SERVE:
            self.parts.append(dict(arrival.block.sent))
            self.used.append(arrival.block.used)


CASES = {
    "digital": config_of(ROWS, {"digital": {"modulation": "qpsk"}, "receiver": {"csi": "perfect"}}),
    "estimated, equalised": config_of(
        ROWS,
        {
            "digital": {"modulation": "bpsk", "code": "hamming-7-4"},
            "receiver": {"csi": "estimated", "pilots": 2, "equaliser": "zero-forcing", "inputs": True},
        },
    ),
    "amplitudes": config_of([{"bits": 1}, {"from_db": 10.0}], {}),
    "fixed": config_of([{"bits": 2}], {"receiver": {"csi": "none"}}),
    "beta": config_of(
        [{"beta": 0.5, "bits": 1}, {"from_db": 8.0, "beta": 0.1}, {"from_db": 12.0}],
        {},
        hypernetwork={"beta": [1e-3, 1.0]},
    ),
}


@pytest.mark.parametrize(
    "config",
    [pytest.param(config, id=name, marks=pytest.mark.e2e if name == "beta" else ()) for name, config in CASES.items()],
)
def test_distributed_and_in_process_runs_adapt_alike_to_the_bit(config: RunConfig, tmp_path: Path) -> None:
    data, seen = tiny_data(config.links), SentParts()
    oracle = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    list(oracle.train(lambda _: None))
    for symbols in (Symbols.HARD, Symbols.SOFT):
        oracle.evaluate(Phase.TEST, 0, symbols)
    oracle.serve(0)

    result = asyncio.run(run_distributed(config, data, tmp_path, observers=[seen]))

    assert result.queries == oracle.served.queries()
    assert (result.served, result.by_links) == (oracle.served.results(), oracle.served.by_links())
    assert len(seen.parts) == QUERIES
    assert [use.queries for use in result.queries.uses] == [QUERIES] * config.links
    for link, use in enumerate(result.queries.uses):
        parts = [parts[link] for parts in seen.parts]
        assert use.bits == sum(part.bits for part in parts)
        assert use.symbols == sum(part.symbols for part in parts)
        assert use.sent == sum(part.sends for part in parts)


def test_each_query_is_sent_as_the_one_before_was_measured_and_silent_links_are_not_used(tmp_path: Path) -> None:
    config, seen = CASES["digital"], SentParts()
    asyncio.run(run_distributed(config, tiny_data(config.links), tmp_path, observers=[seen]))
    costs = [(0, 0), (12, 12), (18, 9), (18, 5)]  # bits and symbols of d = 6: BPSK of 2 bits, QPSK and 16-QAM of 3
    sizes = set()
    for before, after, used in zip(seen.parts, seen.parts[1:], seen.used[1:], strict=False):
        measured = {link: part.psnr_db for link, part in before.items() if part.psnr_db is not None}
        assert len(measured) == config.links  # silent links, too
        expected = {link: sum(psnr_db >= row for row in (3.0, 9.0, 13.0)) for link, psnr_db in measured.items()}
        if not any(expected.values()):
            expected[max(measured, key=measured.__getitem__)] = 2  # as the settings say
        assert {link: (part.bits, part.symbols) for link, part in after.items()} == {
            link: costs[row] for link, row in expected.items()
        }
        assert used == tuple(link for link, row in expected.items() if row)
        sizes |= set(expected.values())
    assert sizes == {0, 1, 2, 3}


OFF = config_of(ROWS, {"digital": {"modulation": "qpsk"}}).model_copy(update={"adaptation": RunConfig().adaptation})
CHEAP = config_of([{"bits": 1}, {"from_db": 30.0}], {"digital": {"modulation": "bpsk"}, "psnr_db": 5.0})


@pytest.mark.parametrize("after", [CASES["digital"], CHEAP, OFF], ids=["rows", "other rows", "off"])
@pytest.mark.parametrize("before", [CASES["digital"], CHEAP, OFF], ids=["rows", "other rows", "off"])
def test_a_run_that_is_retuned_adapts_as_its_new_settings_say(before: RunConfig, after: RunConfig) -> None:
    data = tiny_data(after.links)
    retuned, fresh = (InprocessRun(each, data.views, data.labels.train, data.labels.test) for each in (before, after))
    retuned.serve(0)
    retuned.served = ServingCounts()
    retuned.retune(after)
    assert retuned.serve(1).answers_sha256 == fresh.serve(1).answers_sha256
    assert retuned.served.queries() == fresh.served.queries()
