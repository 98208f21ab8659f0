"""The folder of one result: hidden while it is written, under its own name only when it is complete."""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from common.config import RunConfig
from common.config_layers import to_yaml
from common.errors import AddressError, CheckpointError, ConfigError, DataError
from testbed.provenance import current_commit, describe_environment

_SELF_EXPLANATORY = (ConfigError, DataError, AddressError, CheckpointError)
_KEPT_OF_FAILED = frozenset({"config.yaml", "env.json", "logs"})


class ResultsFolder:
    """`results/<what>/<UTC time>-<commit>-s<seed>/`, as a context.

    Leaving the context in good order gives the folder its name. Leaving it with an error takes it away, but keeps
    logs that may explain the error in the hidden folder `.<name>.failed` and says so in a note on it.

    Attributes:
        path: where to write now; after the context, where the result is.
    """

    def __init__(self, results: Path, what: str, config: RunConfig, data_dir: Path | None) -> None:
        """Choose the name and make the folder.

        Args:
            results: the folder of all results.
            what: the config file's stem, `demo` or `infer`.
            config: resolved settings, written as config.yaml.
            data_dir: where the data sets lie, for their hashes in env.json.

        Raises:
            ConfigError: the folder cannot be made.
        """
        environment = describe_environment(config, data_dir)
        self._created = [folder for folder in (results / what, results) if not folder.exists()]
        try:
            (results / what).mkdir(parents=True, exist_ok=True)
            self._final, self.path = _reserve(results / what, config.seed)
            for folder in (self.figures, self.logs):
                folder.mkdir()
            (self.path / "config.yaml").write_text(to_yaml(config), encoding="utf-8")
            self.write_json("env.json", environment)
        except OSError as error:
            raise ConfigError(f"--results {results}: cannot be written to: {error}") from None

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

    def write_json(self, name: str, content: Mapping[str, object]) -> None:
        """Write one of the folder's JSON files, keys in their given order."""
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
        (self.path / name).write_text(text + "\n", encoding="utf-8")

    def __enter__(self) -> Self:
        """Nothing more to do: the constructor made the folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish the folder, or take it away."""
        if error is None:
            self.path = self.path.rename(self._final)
        elif not isinstance(error, _SELF_EXPLANATORY) and any(log.stat().st_size for log in self.logs.iterdir()):
            self._keep_logs()
            error.add_note(f"The processes' logs are in {self.logs}")
        else:
            self._remove()

    def _keep_logs(self) -> None:
        for entry in self.path.iterdir():
            if entry.name not in _KEPT_OF_FAILED:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.path = self.path.rename(self._final.with_name(f".{self._final.name}.failed"))

    def _remove(self) -> None:
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
        if not final.exists():
            return final, partial
        partial.rmdir()
