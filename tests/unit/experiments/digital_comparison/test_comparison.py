"""Amplitudes and bits of one trained run, compared."""

import csv
from pathlib import Path
from typing import Any

import pytest

import splitwave as sw
from splitwave.common.exit_codes import ExitCode
from splitwave.experiments.digital_comparison.__main__ import COLUMNS, main


def train(folder: Path, breakpoints: int = 15) -> sw.TrainingResult:
    settings: dict[str, Any] = {
        "encoder": {"dimension": 6},
        "quantizer": {"breakpoints": breakpoints},
        "training": {"epochs": 1},
        "inference": {"latency_samples": 2},
    }
    return sw.train(settings, results=folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> sw.TrainingResult:
    return train(tmp_path_factory.mktemp("results"))


def test_every_scheme_has_its_error_and_its_costs(trained: sw.TrainingResult, tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    assert main([str(trained.folder), "--psnr", "0", "10", "40", "--csv", str(path)]) == ExitCode.OK
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    points = {(row["modulation"], row["code"], float(row["peak_psnr_db"])): row for row in rows}
    assert len(points) == 7 * 3
    assert float(points["amplitudes", "none", 10.0]["error"]) == trained.error
    clean = {point["error"] for (modulation, _, psnr_db), point in points.items()
             if psnr_db == 40.0 and modulation != "amplitudes"}  # fmt: skip
    assert len(clean) == 1  # without errors on air, all modulations give the levels themselves
    for modulation, symbols, energy in (("bpsk", 24, 24.0), ("qpsk", 12, 12.0)):
        point = points[modulation, "none", 0.0]
        assert int(point["symbols"]) == symbols
        assert float(point["airtime_ms"]) == pytest.approx(symbols / 9.6)
        assert float(point["energy"]) == pytest.approx(energy, rel=1e-6)
    assert 0 < float(points["16-qam", "none", 0.0]["energy"]) <= 6
    coded, plain = (float(points["qpsk", code, 10.0]["error"]) for code in ("hamming-7-4", "none"))
    assert coded < plain


def test_real_symbols_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(train(tmp_path, breakpoints=0).folder)]) == ExitCode.CONFIG
    assert "error: quantizer.breakpoints = 0 in the run's settings" in capsys.readouterr().err
