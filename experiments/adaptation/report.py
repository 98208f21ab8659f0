"""The rows of the experiment as CSV, the airtime saved at equal error, and the figure."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from splitwave.experiments.sweep.intervals import Interval, interval
from splitwave.testbed.figures.style import BLUE, VERMILLION, in_default_style, save


class Row(NamedTuple):
    """A fixed form or a table, of one seed.

    Attributes:
        kind: `fixed` or `table`.
        form: in words.
        price: of the search; None for fixed forms.
        peak_psnr_db: QML-IB eq. (20), at the mean power gain.
        validation_error, validation_symbols: by which tables are chosen.
        test_error: share of wrong classes.
        bits, symbols, airtime_ms: means a sample and link, on the test split.
        silent: share of a link's samples that are not sent.
    """

    seed: int
    kind: str
    form: str
    price: float | None
    peak_psnr_db: float
    validation_error: float
    validation_symbols: float
    test_error: float
    bits: float
    symbols: float
    airtime_ms: float
    silent: float


class Saving(NamedTuple):
    """The share that tables save of the airtime of a fixed form, over the seeds.

    Attributes:
        form: the fixed form.
        airtime: share of its airtime that is saved.
        error: test error of the tables minus that of the form.
        seeds: in how many a table has no higher error on held-out samples.
    """

    form: str
    airtime: Interval
    error: Interval
    seeds: int


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(rows)


def read(paths: Iterable[Path]) -> list[Row]:
    """The rows of several files that `write` has written."""
    rows = []
    for path in paths:
        with path.open(newline="", encoding="utf-8") as file:
            rows += [_row_from(fields) for fields in csv.DictReader(file)]
    return rows


def savings(rows: Sequence[Row]) -> list[Saving]:
    """For each fixed form, the table of each seed with the least symbols and no higher error, on held-out samples.

    Forms without such a table in some seed are left out, and those that another form beats in the mean of the seeds.
    """
    seeds = sorted({row.seed for row in rows})
    forms = list(dict.fromkeys(row.form for row in rows if row.kind == "fixed"))
    found = []
    for form in _undominated(rows, forms):
        pairs = [pair for seed in seeds if (pair := _pair(rows, seed, form)) is not None]
        if len(pairs) == len(seeds):
            airtime = interval([1 - table.airtime_ms / own.airtime_ms for own, table in pairs])
            error = interval([table.test_error - own.test_error for own, table in pairs])
            found.append(Saving(form, airtime, error, len(pairs)))
    return found


def line_of(row: Row) -> str:
    """A row for the terminal."""
    costs = f"{row.bits:6.1f} bits {row.symbols:6.1f} symbols {row.airtime_ms:6.2f} ms {row.silent:5.1%} silent"
    return f"{row.seed} {row.kind:5} {row.test_error:7.2%} (validation {row.validation_error:.2%}) {costs}  {row.form}"


def saving_line(saving: Saving) -> str:
    """A saving for the terminal."""
    return (
        f"{saving.form:<15} airtime saved {_text(saving.airtime, 100)} %, "
        f"error {_text(saving.error, 100, sign='+')} points, {saving.seeds} seeds"
    )


@in_default_style
def draw(rows: Sequence[Row]) -> Figure:
    """Test error over airtime: fixed forms and tables, all seeds."""
    canvas = Figure(figsize=(6.5, 4.0), layout="constrained")
    axes = canvas.add_subplot()
    for kind, colour, marker in (("fixed", BLUE, "s"), ("table", VERMILLION, "o")):
        of_kind = [row for row in rows if row.kind == kind]
        label = "fixed form" if kind == "fixed" else "table, chosen on held-out samples"
        times, errors = [row.airtime_ms for row in of_kind], [100 * row.test_error for row in of_kind]
        axes.plot(times, errors, marker, color=colour, label=label, alpha=0.7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("airtime a sample and link (ms)")
    axes.set_ylabel("test error (%)")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    return canvas


def draw_to(rows: Sequence[Row], figure: Path) -> list[Path]:
    """Draw the figure as PNG and PDF; returns their paths."""
    return save(draw(rows), figure)


def _undominated(rows: Sequence[Row], forms: Sequence[str]) -> list[str]:
    means = {}
    for form in forms:
        own = [row for row in rows if (row.kind, row.form) == ("fixed", form)]
        means[form] = sum(row.validation_error for row in own) / len(own), own[0].validation_symbols
    return [
        form
        for form, (error, symbols) in means.items()
        if not any(e <= error and s <= symbols and (e, s) != (error, symbols) for e, s in means.values())
    ]


def _pair(rows: Sequence[Row], seed: int, form: str) -> tuple[Row, Row] | None:
    of_seed = [row for row in rows if row.seed == seed]
    (own,) = [row for row in of_seed if (row.kind, row.form) == ("fixed", form)]
    fits = [row for row in of_seed if row.kind == "table" and row.validation_error <= own.validation_error]
    return (own, min(fits, key=lambda row: row.validation_symbols)) if fits else None


def _row_from(fields: dict[str, str]) -> Row:
    texts = {"kind", "form"}
    values: dict[str, object] = {
        name: value if name in texts else int(value) if name == "seed" else float(value) if value else None
        for name, value in fields.items()
    }
    return Row(**values)  # type: ignore[arg-type]


def _text(value: Interval, scale: float, sign: str = "") -> str:
    half = "" if value.half_width is None else f" ± {scale * value.half_width:.2f}"
    return f"{scale * value.mean:{sign}.2f}{half}"
