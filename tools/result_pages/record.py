"""The JSON file of a published figure, which records how the figure was made."""

import json
from pathlib import Path
from typing import Any

_RECORDED = {"command", "finished", "trainings", "seeds", "commits", "machines", "cpu_hours", "data_sha256"}


def record_of(folder: Path, figure: str) -> dict[str, Any]:
    """Read the record of how a figure was made.

    Raises:
        ValueError: the file is missing, or lacks an entry that every figure's record has.
    """
    path = folder / f"{figure}.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is not there: `splitwave experiment run {figure}` writes it") from None
    missing = _RECORDED - record.keys()
    if missing:
        raise ValueError(f"{path} lacks {', '.join(sorted(missing))}: run the experiment again")
    return record
