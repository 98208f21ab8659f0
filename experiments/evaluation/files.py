"""The files of an evaluation: one CSV per table, with numbers written so that reading them gives the same bits."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from splitwave.common.files.whole_file import whole_file, write_json
from splitwave.experiments.evaluation.evaluation import ErrorPoint, EvaluationResult

ERRORS, ABLATION, CONFUSION, CODEBOOKS = "error.csv", "ablation.csv", "confusion.csv", "codebook.csv"
RECORD = "evaluation.json"

Cell = str | int | float


def write_tables(result: EvaluationResult, folder: Path) -> list[Path]:
    """Write the tables that the result has, and `evaluation.json`; returns their paths."""
    tables: dict[str, Iterable[Sequence[Cell]]] = {ERRORS: _error_rows(result)}
    if result.ablation:
        tables[ABLATION] = _ablation_rows(result)
    if result.confusion:
        tables[CONFUSION] = _confusion_rows(result)
    if result.codebooks:
        tables[CODEBOOKS] = _codebook_rows(result)
    for name, rows in tables.items():
        _write_csv(folder / name, rows)
    write_json(folder / RECORD, _record(result))
    return [folder / name for name in (*tables, RECORD)]


def _error_rows(result: EvaluationResult) -> Iterable[Sequence[Cell]]:
    yield ["psnr_db", *_error_columns(result)]
    for point in result.points:
        yield [_psnr(result, point), *_error_cells(point)]


def _ablation_rows(result: EvaluationResult) -> Iterable[Sequence[Cell]]:
    yield ["links", "links_down", *_error_columns(result)]
    for name, point in result.ablation.items():
        yield [name, " ".join(map(str, point.links_down)), *_error_cells(point)]


def _confusion_rows(result: EvaluationResult) -> Iterable[Sequence[Cell]]:
    assert result.confusion is not None
    counts = result.confusion.counts
    yield ["class", *(f"answer_{answer}" for answer in range(len(counts)))]
    for number, row in enumerate(counts.tolist()):
        yield [number, *row]


def _codebook_rows(result: EvaluationResult) -> Iterable[Sequence[Cell]]:
    yield ["link", "level", "value", "count", "share"]
    for use in result.codebooks:
        histogram = use.histogram
        for level, (value, count) in enumerate(zip(use.levels.tolist(), histogram.tolist(), strict=True)):
            yield [use.link, level, value, count, count / int(histogram.sum())]


def _error_columns(result: EvaluationResult) -> list[str]:
    key = result.config.task.wording.error_key
    return [key, "half_width", *(f"{key}_noise_{number}" for number in range(result.request.noise_seeds))]


def _error_cells(point: ErrorPoint) -> list[Cell]:
    return [point.error, "" if point.half_width is None else point.half_width, *point.errors]


def _psnr(result: EvaluationResult, point: ErrorPoint) -> Cell:
    """The PSNR of a point; of the run's own, one value per link if they differ."""
    own = result.config.channel.psnr_db
    if point.psnr_db is not None:
        return point.psnr_db
    return own if isinstance(own, float | int) else " ".join(map(str, own))


def _record(result: EvaluationResult) -> Mapping[str, object]:
    request, wording = result.request, result.config.task.wording
    return {
        "config_hash": result.config.config_hash,
        "engine": result.engine,
        "channel": list(request.channel) if request.channel else result.config.channel.model_dump()["model"],
        "links_down": list(request.links_down),
        "noise_seeds": request.noise_seeds,
        "errors": [
            {"psnr_db": _psnr(result, point), wording.error_key: point.error, "half_width": point.half_width}
            for point in result.points
        ],
        "ablation": {name: point.error for name, point in result.ablation.items()},
        "codebooks": [
            {
                "link": use.link,
                "levels_used": use.levels_used,
                "entropy_bits": use.entropy_bits,
                "mean_power": use.mean_power,
            }
            for use in result.codebooks
        ],
    }


def _write_csv(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
