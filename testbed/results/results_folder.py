"""The folder of one result: hidden while it is written, under its own name only when it is complete.

What a run that ended early has measured is kept beside the results, under a name that says that it is unfinished.
"""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
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
from splitwave.testbed.results.unfinished import RECORD, SUFFIX, has_checkpoint, has_measured, note_on, record_of

_SELF_EXPLANATORY = (ConfigError, DataError, AddressError, CheckpointError, DiskFullError)

Account = Callable[[], Mapping[str, object]]


class ResultsFolder:
    """`results/<what>/<UTC time>-<commit>-s<seed>/`, as a context.

    Leaving the context in good order gives the folder its name. Leaving it with an error gives it the name
    `<name>.unfinished` if it holds something measured, a published checkpoint or logs that may explain the error: with
    `unfinished.json`, and a note on the error that says where it is. Otherwise the folder is taken away.

    Attributes:
        path: where to write now; after the context, where the result is.
        kept: whether there is a folder after the context.
    """

    def __init__(self, results: Path, what: str, config: RunConfig, data_dir: Path | None) -> None:
        """Choose the name and make the folder.

        Args:
            results: the folder of all results.
            what: the config file's stem, `demo` or `infer`.
            config: resolved settings, written as config.yaml.
            data_dir: where the data sets lie, for their hashes in env.json.

        Raises:
            DiskFullError: the disk is full.
            ConfigError: the folder cannot be made for another reason.
        """
        environment = describe_environment(config, data_dir)
        self.kept = True
        self._data_dir = data_dir
        self._account: Account = dict
        self._created = [folder for folder in (results / what, results) if not folder.exists()]
        try:
            with naming_full_disk(results):
                (results / what).mkdir(parents=True, exist_ok=True)
                self._final, self.path = _reserve(results / what, config.seed)
                self._begin(config, environment)
        except OSError as error:
            raise ConfigError(f"--results {results}: cannot be written to: {error}") from None

    def _begin(self, config: RunConfig, environment: Mapping[str, object]) -> None:
        try:
            for folder in (self.figures, self.logs):
                folder.mkdir()
            (self.path / "config.yaml").write_text(to_yaml(config), encoding="utf-8")
            self.write_json("env.json", environment)
        except BaseException:
            self._remove()
            raise

    @property
    def figures(self) -> Path:
        """Where the plots and the CSVs behind them go."""
        return self.path / "figs"

    @property
    def logs(self) -> Path:
        """Where the processes log."""
        return self.path / "logs"

    @property
    def checkpoint(self) -> Path:
        """Where a training run leaves its weights."""
        return self.path / "ckpt"

    @property
    def metrics(self) -> Path:
        """The record an epoch."""
        return self.path / "metrics.jsonl"

    @property
    def summary(self) -> Path:
        """What the run achieved."""
        return self.path / "summary.json"

    @property
    def latency(self) -> Path:
        """The hop times of every query."""
        return self.figures / "latency.csv"

    def account_with(self, account: Account) -> None:
        """Have `unfinished.json` tell what this returns, should the run end early: what is missing, say."""
        self._account = account

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write one of the folder's JSON files, keys in their given order."""
        write_json(self.path / name, content)

    def __enter__(self) -> Self:
        """Nothing more to do: the constructor made the folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish the folder, mark it as unfinished, or take it away."""
        if error is None:
            self.path = self.path.rename(self._final)
        elif has_checkpoint(self.checkpoint) or has_measured(self.path) or self._explains(error):
            self._keep(error)
        else:
            self._remove()

    def _explains(self, error: BaseException) -> bool:
        """Whether the logs may say more of an error than it says itself."""
        if isinstance(error, (*_SELF_EXPLANATORY, KeyboardInterrupt)):
            return False
        return any(log.stat().st_size for log in self.logs.iterdir())

    def _keep(self, error: BaseException) -> None:
        checkpoint = has_checkpoint(self.checkpoint)
        if not checkpoint:  # parts of a checkpoint answer nothing
            shutil.rmtree(self.checkpoint, ignore_errors=True)
        self.path = self.path.rename(self._final.with_name(self._final.name + SUFFIX))
        error.add_note(note_on(self.path, self._data_dir, checkpoint=checkpoint))
        with suppress(OSError):  # the disk may be full, which the name survives
            self.write_json(RECORD, record_of(error, self._account()))

    def _remove(self) -> None:
        self.kept = False
        shutil.rmtree(self.path)
        for folder in self._created:
            if not any(folder.iterdir()):  # another run may have put its own there
                folder.rmdir()


def _reserve(parent: Path, seed: int) -> tuple[Path, Path]:
    """A name nobody has, and the hidden folder that reserves it."""
    commit = current_commit()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{stamp}-{commit.sha[:8] if commit else 'nogit'}-s{seed}"
    attempt = 1
    while True:
        final = parent / (name if attempt == 1 else f"{name}-{attempt}")
        partial = parent / f".{final.name}.partial"
        attempt += 1
        try:
            partial.mkdir()
        except FileExistsError:
            continue
        # Looked at second: from here on nobody else can bring the final name about.
        if not final.exists() and not final.with_name(final.name + SUFFIX).exists():
            return final, partial
        partial.rmdir()
