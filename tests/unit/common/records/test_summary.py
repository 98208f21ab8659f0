"""The summary of a finished run."""

import dataclasses

import numpy as np
import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.records.results import RunResult, ServedAtBeta, ServedByChannel, ServedByLinks, ServedQueries
from splitwave.common.records.summary import summarize
from splitwave.common.tasks.classification import wilson_interval

RESULT = RunResult(
    steps=240,
    samples_per_s=8000.0,
    error=0.07,
    error_soft=0.0625,
    costs=(UplinkCost(1000, 14_000, 14_150), UplinkCost(1000, 14_000, 14_250)),
    hops=("encode", "device link", "decode"),
    hop_times_ns=np.array([[9_000_000, 1_000_000, n * 10_000] for n in range(101)], dtype=np.int64),
    weights_sha256="5ha",
    queries=ServedQueries(240, 200, 0.075),
)


def test_the_default_link_costs_112_bits_and_28_symbols_of_airtime() -> None:
    summary = summarize(RunConfig(), "process", RESULT)

    assert summary["payload_bits_per_sample_per_link"] == 112
    assert summary["packed_bytes_per_sample_per_link"] == 14.0
    assert summary["wire_bytes_per_sample_per_link"] == pytest.approx(14.2, rel=1e-12)
    assert summary["airtime_ms"] == pytest.approx(28 / 9.6, rel=1e-12)


def test_latency_begins_with_sending_and_excludes_the_encoding() -> None:
    summary = summarize(RunConfig(), "process", RESULT)

    # The link takes 1 ms and decoding takes 0 … 1 ms in equal steps, so percentile p is 1 + p/100 ms.
    assert summary["latency_ms"] == pytest.approx({"p50": 1.5, "p90": 1.9, "p99": 1.99}, rel=1e-12)


def test_the_summary_has_both_errors_and_their_difference() -> None:
    summary = summarize(RunConfig(), "process", RESULT)

    assert summary["error_rate"] == 0.07
    assert summary["error_rate_soft"] == 0.0625
    assert summary["error_rate_hard_minus_soft"] == pytest.approx(0.0075, rel=1e-12)


def test_a_regression_reports_square_nanoseconds_and_metres() -> None:
    config = RunConfig.model_validate({"links": 1, "data": {"name": "wifi-csi"}})

    summary = summarize(config, "process", dataclasses.replace(RESULT, error=9.0, error_soft=4.0))

    assert dict(list(summary.items())[:5]) == pytest.approx(
        {
            "mse_ns2": 9.0,
            "mse_ns2_soft": 4.0,
            "mse_ns2_hard_minus_soft": 5.0,
            "rmse_m": 3 * 0.299792458,
            "rmse_m_soft": 2 * 0.299792458,
        },
        rel=1e-12,
    )
    assert not any(name.startswith("error_rate") for name in summary)


def test_the_entries_that_identify_a_run_have_a_fixed_order() -> None:
    config = RunConfig(seed=3, links=4)

    summary = summarize(config, "inprocess", RESULT)

    assert list(summary.items())[-6:] == [
        ("engine", "inprocess"),
        ("data", "mnist5k"),
        ("links", 4),
        ("seed", 3),
        ("config_hash", config.config_hash),
        ("weights_sha256", "5ha"),
    ]
    assert list(summary)[:5] == [
        "error_rate", "error_rate_soft", "error_rate_hard_minus_soft", "steps", "samples_per_s",
    ]  # fmt: skip


CONDITIONED = RunConfig.model_validate({"hypernetwork": {"beta": [1e-5, 1.0]}})
SERVED = dataclasses.replace(
    RESULT,
    served=(
        ServedAtBeta((0.001, 0.5), ServedQueries(30, 20, 0.25), 2.5),
        ServedAtBeta((0.5, 0.5), ServedQueries(10, 10, 0.5), None),
    ),
)


def test_the_summary_counts_queries_and_their_distinct_samples() -> None:
    assert summarize(RunConfig(), "process", RESULT)["served"] == {
        "queries": 240,
        "distinct_samples": 200,
        "error_rate": 0.075,
        "error_rate_interval": list(wilson_interval(0.075, 200)),
    }


def test_the_queries_of_a_regression_have_a_mean_squared_error() -> None:
    config = RunConfig.model_validate({"links": 1, "data": {"name": "wifi-csi"}})

    served = summarize(config, "process", RESULT)["served"]

    assert served == {"queries": 240, "distinct_samples": 200, "mse_ns2": 0.075}


def test_answers_without_some_links_are_counted_by_the_links_that_they_had() -> None:
    everyone = ServedByLinks((0, 1), ServedQueries(200, 180, 0.05))
    result = dataclasses.replace(RESULT, by_links=(everyone, ServedByLinks((1,), ServedQueries(40, 40, 0.2))))

    assert "by_links" not in summarize(RunConfig(), "process", dataclasses.replace(RESULT, by_links=(everyone,)))
    assert summarize(RunConfig(), "process", result)["by_links"] == [
        {
            "links": links,
            "queries": queries,
            "distinct_samples": samples,
            "error_rate": error,
            "error_rate_interval": list(wilson_interval(error, samples)),
        }
        for links, queries, samples, error in (([0, 1], 200, 180, 0.05), ([1], 40, 40, 0.2))
    ]


def test_only_beta_conditioned_networks_have_errors_and_entropy_by_beta() -> None:
    assert "by_beta" not in summarize(RunConfig(), "process", RESULT)
    assert summarize(CONDITIONED, "process", SERVED)["by_beta"] == [
        {
            "betas": [0.001, 0.5],
            "queries": 30,
            "distinct_samples": 20,
            "error_rate": 0.25,
            "error_rate_interval": list(wilson_interval(0.25, 20)),
            "symbol_entropy_bits": 2.5,
        },
        {
            "betas": [0.5, 0.5],
            "queries": 10,
            "distinct_samples": 10,
            "error_rate": 0.5,
            "error_rate_interval": list(wilson_interval(0.5, 10)),
            "symbol_entropy_bits": None,
        },
    ]


def test_the_queries_are_listed_by_the_states_of_the_links_where_live_control_changed_one() -> None:
    channels = (LiveChannel(2, ChannelValues(psnr_db=0.0, loss=0.5)), LiveChannel())
    result = dataclasses.replace(RESULT, by_channel=(ServedByChannel(channels, ServedQueries(40, 40, 0.2)),))
    assert "by_channel" not in summarize(RunConfig(), "process", RESULT)
    entries = summarize(RunConfig(), "process", result)["by_channel"]
    assert isinstance(entries, list)
    assert entries[0]["channel"] == [{"version": 2, "psnr_db": 0.0, "loss": 0.5}, {"version": 0}]
    assert (entries[0]["queries"], entries[0]["error_rate"]) == (40, 0.2)
