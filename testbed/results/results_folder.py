"""The folder of one result: hidden while it is being written, and renamed to its final name when it is complete.

If a run ends early, its measurements are kept beside the results in a folder named `….unfinished`.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import AddressError, CheckpointError, ConfigError, DataError, DiskFullError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.files.whole_file import write_json
from splitwave.testbed.results.provenance import current_commit, describe_environment
from splitwave.testbed.results.resumption import Resumption, lock
from splitwave.testbed.results.unfinished import (
    RECORD,
    SUFFIX,
    has_checkpoint,
    has_measured,
    has_training_checkpoint,
    unfinished_note,
    unfinished_record,
)

_SELF_EXPLANATORY = (ConfigError, DataError, AddressError, CheckpointError, DiskFullError)

UnfinishedEntries = Callable[[], Mapping[str, object]]


class ResultsFolder:
    """`results/<what>/<UTC time>-<commit>-s<seed>/`, as a context.

    When the context ends normally, the folder gets its final name. When it ends with an error, the folder is renamed to
    `<name>.unfinished` if it contains measurements, a published checkpoint or logs that may explain the error; it then
    gets an `unfinished.json`, and the error a note with the path. Otherwise the folder is removed. A folder that can no
    longer be written keeps its temporary name and its content.

    Attributes:
        path: the folder: its temporary path within the context, its final path afterwards.
        kept: whether the folder still exists after the context.
    """

    def __init__(
        self, results: Path, what: str, config: RunConfig, data_dir: Path | None, resume: Resumption | None = None
    ) -> None:
        """Choose the name and make the folder, or go on in that of an unfinished run.

        Args:
            results: the folder that holds all results.
            what: the config file's stem, `demo` or `infer`.
            config: resolved settings, written as config.yaml.
            data_dir: folder of the data sets, whose hashes are written to env.json.
            resume: the run to go on with, if any; a finished one keeps its folder, and is copied from.

        Raises:
            DiskFullError: the disk is full.
            ConfigError: the folder cannot be made for another reason.
            CheckpointError: as `Resumption.lock`.
        """
        environment = describe_environment(config, data_dir)
        self.kept = True
        self._results = results
        self._data_dir = data_dir
        self._unfinished_entries: UnfinishedEntries = dict
        self._created = [folder for folder in (results / what, results) if not folder.exists()]
        try:
            with naming_full_disk(results), ExitStack() as unlocking:
                if resume is None or resume.is_finished:
                    (results / what).mkdir(parents=True, exist_ok=True)
                    self._final, self.path = _reserve(results / what, config.seed)
                    self._lock = lock(self.path)
                    unlocking.callback(os.close, self._lock)
                    self._begin(config, environment, resume)
                else:
                    self._lock = resume.lock()
                    unlocking.callback(os.close, self._lock)
                    self._final = resume.folder.with_name(resume.name)
                    environment = {**environment, "resumed": resume.origin}
                    self.path = resume.adopt()
                    self._describe(config, environment)
                unlocking.pop_all()
        except OSError as error:
            raise ConfigError(f"--results {results}: cannot be written to: {error}; name another folder") from None

    def _begin(self, config: RunConfig, environment: Mapping[str, object], resume: Resumption | None) -> None:
        try:
            if resume is not None:
                resume.copy_to(self.checkpoint)
                environment = {**environment, "resumed": resume.origin}
            self._describe(config, environment)
        except BaseException:
            self._remove()
            raise

    def _describe(self, config: RunConfig, environment: Mapping[str, object]) -> None:
        for folder in (self.figures, self.logs):
            folder.mkdir(exist_ok=True)
        (self.path / "config.yaml").write_text(to_yaml(config), encoding="utf-8")
        self._environment = environment
        self.write_json("env.json", environment)

    @property
    def figures(self) -> Path:
        """Folder of the plots and of the CSV files behind them."""
        return self.path / "figs"

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs."""
        return self.path / "logs"

    @property
    def checkpoint(self) -> Path:
        """Folder of the checkpoint of a training run."""
        return self.path / "ckpt"

    @property
    def metrics(self) -> Path:
        """File with one record per epoch."""
        return self.path / "metrics.jsonl"

    @property
    def summary(self) -> Path:
        """File with the results of the run."""
        return self.path / "summary.json"

    @property
    def latency(self) -> Path:
        """File with the hop times of every query."""
        return self.figures / "latency.csv"

    @contextmanager
    def naming_errors(self) -> Iterator[None]:
        """Name the option in the error if the body of the `with` cannot write to this folder.

        Raises:
            DiskFullError: the disk is full.
            ConfigError: the folder can no longer be written to for another reason.
        """
        try:
            with naming_full_disk(self._results):
                yield
        except OSError as error:
            if error.filename is None or not Path(error.filename).is_relative_to(self.path):
                raise
            raise ConfigError(f"--results {self._results}: can no longer be written to: {error}") from None

    def add_if_unfinished(self, entries: UnfinishedEntries) -> None:
        """Register a function whose entries are added to `unfinished.json` if the run ends early."""
        self._unfinished_entries = entries

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write one of the folder's JSON files, with the keys in the given order."""
        write_json(self.path / name, content)

    def add_to_environment(self, entries: Mapping[str, object]) -> None:
        """Add entries to `env.json`."""
        self._environment = {**self._environment, **entries}
        self.write_json("env.json", self._environment)

    def __enter__(self) -> Self:
        """Return the folder; the constructor has already made it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish the folder, mark it as unfinished, or remove it.

        Raises:
            ConfigError: the folder is complete, but cannot be renamed.
        """
        os.close(self._lock)
        if error is None:
            self._publish()
        elif self._has_kept_something or has_measured(self.path) or self._explains(error):
            self._keep(error)
        else:
            self._remove()

    @property
    def _has_kept_something(self) -> bool:
        return has_checkpoint(self.checkpoint) or has_training_checkpoint(self.checkpoint)

    def _explains(self, error: BaseException) -> bool:
        """Whether the logs may explain an error better than its message."""
        if isinstance(error, (*_SELF_EXPLANATORY, KeyboardInterrupt)):
            return False
        return any(log.stat().st_size for log in self.logs.iterdir())

    def _publish(self) -> None:
        try:
            self.path = self.path.rename(self._final)
        except OSError as error:
            raise ConfigError(
                f"--results {self._results}: cannot be written to: {error.strerror}; the complete result is kept in "
                f"{self.path}: once the folder can be written, rename it to {self._final.name}"
            ) from None

    def _keep(self, error: BaseException) -> None:
        checkpoint, training = has_checkpoint(self.checkpoint), has_training_checkpoint(self.checkpoint)
        if not checkpoint and not training:  # an incomplete checkpoint is of no use
            shutil.rmtree(self.checkpoint, ignore_errors=True)
        with suppress(OSError):  # a folder that has become read-only keeps its content under its temporary name
            self.path = self.path.rename(self._final.with_name(self._final.name + SUFFIX))
        error.add_note(unfinished_note(self.path, self._data_dir, checkpoint=checkpoint, training=training))
        with suppress(OSError):  # the disk may be full; the folder's name still says that the run is unfinished
            self.write_json(RECORD, unfinished_record(error, self._unfinished_entries()))

    def _remove(self) -> None:
        self.kept = False
        with suppress(OSError):  # the error that ended the run is the one to report
            shutil.rmtree(self.path)
            for folder in self._created:
                if not any(folder.iterdir()):  # another run may have written its results there
                    folder.rmdir()


def time_stamp() -> str:
    """Return the current time as names of results folders begin with it."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _reserve(parent: Path, seed: int) -> tuple[Path, Path]:
    """Choose an unused name and make the hidden folder that reserves it; returns the final and the hidden path."""
    commit = current_commit()
    name = f"{time_stamp()}-{commit.sha[:8] if commit else 'nogit'}-s{seed}"
    attempt = 1
    while True:
        final = parent / (name if attempt == 1 else f"{name}-{attempt}")
        partial = parent / f".{final.name}.partial"
        attempt += 1
        try:
            partial.mkdir()
        except FileExistsError:
            continue
        # Checked after the reservation, because from here on no other run can create the final name.
        if not final.exists() and not final.with_name(final.name + SUFFIX).exists():
            return final, partial
        partial.rmdir()
