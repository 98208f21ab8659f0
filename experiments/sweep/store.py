"""Stores the outcomes of finished trials, one JSON file each, so that no session repeats a trial."""

from pathlib import Path

from splitwave.common.errors import DataError
from splitwave.common.files.whole_file import whole_file
from splitwave.experiments.trials.outcome import Outcome
from splitwave.experiments.trials.trial import Trial


class Store:
    """A folder of outcomes, whose files are named by the keys of their trials."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, trial: Trial) -> Outcome | None:
        """Return the outcome of a trial, or None if the trial is not finished.

        Raises:
            DataError: the file is damaged or contains another trial.
        """
        path = self._path(trial)
        try:
            text = path.read_text(encoding="utf-8")
            outcome = Outcome.model_validate_json(text)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:  # not UTF-8, not JSON, or not an outcome
            raise DataError(f"{path} is not a finished trial; remove it to train again: {error}") from None
        if outcome.trial != trial:
            raise DataError(f"{path} contains another trial than its name says; remove it to train again")
        return outcome

    def add(self, outcome: Outcome) -> None:
        """Store an outcome atomically."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self._path(outcome.trial)) as partial:
            partial.write_text(outcome.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def _path(self, trial: Trial) -> Path:
        return self._folder / f"{trial.key}.json"
