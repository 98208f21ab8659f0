"""Whole runs over a channel model of another package, which each process finds by itself."""

from pathlib import Path

import pytest

from tests.installed_command import SHORT, Table, environment, output_of, summary_in
from tests.limits import LIMIT_S

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("toys")]


def summary_of(results: Path, model: str, engine: str) -> Table:
    """The summary of a demo with this channel model."""
    settings = (*SHORT, "--set", f"channel.model={model}", "--engine", engine)
    return summary_in(output_of("demo", *settings, "--results", results, env=environment(), limit_s=LIMIT_S))


def test_both_engines_train_over_it_to_the_same_weights(tmp_path: Path) -> None:
    processes, oracle = (summary_of(tmp_path, "[toy, awgn]", engine) for engine in ("process", "inprocess"))
    plain = summary_of(tmp_path, "awgn", "inprocess")
    assert processes["weights_sha256"] == oracle["weights_sha256"] != plain["weights_sha256"]
    for measure in ("error_rate", "error_rate_soft"):
        assert processes[measure] == oracle[measure] < 0.5  # a guess errs on nine of ten digits
