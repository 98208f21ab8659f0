"""Publish the comparison of link adaptation with fixed forms: `python -m tools.publish_adaptation [CSV COMMIT]`.

Copies the CSV that `python -m splitwave.experiments.adaptation --seeds 0 1 2 --csv CSV` wrote at a commit, draws its
figure, and writes docs/results/adaptation.md. Without arguments, the page is written again from the published files.
"""
# ruff: noqa: E501  # a paragraph's lines and a table's rows are as long as they are on the page

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from splitwave.experiments.adaptation.report import Row, draw, read, saving_line, savings
from splitwave.experiments.trials.provenance import Provenance
from tools.paths import PUBLISHED
from tools.result_pages.markdown import markdown_table

FOLDER = PUBLISHED / "adaptation"
PAGE = PUBLISHED / "adaptation.md"
_COLUMNS = {
    "test_error": "test error (%)",
    "bits": "bits",
    "symbols": "symbols",
    "airtime_ms": "airtime (ms)",
    "silent": "silent (%)",
}
_SCALES = {"test_error": 100, "silent": 100}


def page(rows: Sequence[Row], record: dict[str, str]) -> str:
    """Return the page."""
    lines = "\n".join(f"    {saving_line(saving)}" for saving in savings(rows))
    first = rows[0]
    return f"""# Link adaptation

This page compares two devices that adapt each query to the PSNR of their link with devices that always send in one form, over a fading trace. `python -m tools.publish_adaptation` writes it from
`docs/results/adaptation/adaptation.csv`; a test compares them.

    SPLITWAVE_DATA_DIR=DIR python -m splitwave.experiments.adaptation --seeds 0 1 2 --csv adaptation.csv

![Test error over airtime, fixed forms and tables](adaptation/adaptation.png)

For each fixed form that no other one beats: the airtime that the cheapest table saves whose error on held-out samples is not higher, and the difference of their test errors (means over seeds, 95 % intervals).

{lines}

{_table(rows)}

`{record["command"]}`, commit `{record["commit"][:8]}`, {record["machine"]}

## How it was measured

- *Networks.* QML-IB on MNIST's upper and lower halves, plain networks (no β or PSNR as an input of the encoders), trained over Rayleigh links at {first.peak_psnr_db:g} dB peak PSNR with perfect channel state, zero-forcing, the state as inputs of the
  base station's network, and link dropout.
- *Trace.* Clarke's fading at {first.peak_psnr_db:g} dB and a normalised Doppler frequency of 0.01: the autocorrelation of the gain falls to one half in 24 queries. A query is sent as the PSNR of the one before says.
- *Forms.* BPSK, QPSK or 16-QAM with 1, 2 or 4 bits a level, or silence. Tables give a form to each of seven ranges of the PSNR. They were chosen on held-out training digits, for several prices of a symbol, and measured on the test split with
  other fading and noise. Numbers of the table are means over seeds, links and queries.
"""


def _table(rows: Sequence[Row]) -> str:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.form if row.price is None else f"table, price {row.price:g}", []).append(row)
    cells = {
        name: {
            column: f"{_SCALES.get(column, 1) * fmean(getattr(row, column) for row in group):.2f}"
            for column in _COLUMNS
        }
        for name, group in groups.items()
    }
    return markdown_table("form", _COLUMNS, cells)


def published() -> str:
    """Return the page of the published files."""
    record = json.loads((FOLDER / "record.json").read_text(encoding="utf-8"))
    return page(read([FOLDER / "adaptation.csv"]), record)


def main() -> None:
    """Parse the command line, copy the file and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", type=Path, nargs="?")
    parser.add_argument("commit", nargs="?", help="at which it was made")
    options = parser.parse_args()
    if options.csv is not None:
        rows = read([options.csv])
        seeds = " ".join(map(str, sorted({row.seed for row in rows})))
        command = f"python -m splitwave.experiments.adaptation --seeds {seeds} --csv adaptation.csv"
        record = {"command": command, "commit": options.commit, "machine": Provenance.current().machine}
        FOLDER.mkdir(parents=True, exist_ok=True)
        shutil.copy(options.csv, FOLDER / "adaptation.csv")
        draw(rows).savefig(FOLDER / "adaptation.png")
        (FOLDER / "record.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(published(), encoding="utf-8")


if __name__ == "__main__":
    main()
