"""Keeps the models that were deployed, so that a station that is started again goes on with the one in use."""

import json
import shutil
from pathlib import Path

import structlog

from splitwave.common.files.whole_file import write_json
from splitwave.common.records.model_folder import MODEL_FILE

_IN_USE = "in-use.json"
_NAME = "version"  # the key of the folder's name, which was the version alone in earlier notes
_COPY = "incomplete"

log = structlog.get_logger()


class DeployedModels:
    """A folder with the last deployed models by their content; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        """Args: the folder, which is made when a model is deployed."""
        self._folder = folder

    def in_use(self, first: Path) -> Path:
        """The folder of the model to start with: that which was in use last, or `first`."""
        kept = None if self._folder is None else self._last(self._folder)
        if kept is None:
            return first
        log.warning("a model that was deployed earlier is served", content=kept.name, instead_of=str(first))
        return kept

    def keep(self, source: Path, content: str) -> None:
        """Copy the folder of a model that is in use now; of the others only the one before it stays.

        Args:
            source: the folder.
            content: see `LiveModel.content`; it is the name of the copy.
        """
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            before = self._last(self._folder)
            for each in self._folder.iterdir():
                if each.is_dir() and each != before and each.name != content:
                    shutil.rmtree(each)
            self._put(source, self._folder / content)
            write_json(self._folder / _IN_USE, {_NAME: content})
        except OSError as error:  # the model is in use all the same
            log.error("a station that is started again will serve an earlier model", reason=str(error))

    def use(self, content: str) -> None:
        """Note that the station uses another of its models again: one that is kept, or its first."""
        if self._folder is None:
            return
        try:
            if (self._folder / content / MODEL_FILE).is_file():
                write_json(self._folder / _IN_USE, {_NAME: content})
            else:
                (self._folder / _IN_USE).unlink(missing_ok=True)
        except OSError as error:
            log.error("a station that is started again will serve another model", reason=str(error))

    def _put(self, source: Path, target: Path) -> None:
        """Copy a model in a way that leaves no part of one in its place; the next `keep` deletes what it left."""
        if (target / MODEL_FILE).is_file():  # its name says what is in it
            return
        copy = target.with_name(_COPY)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, copy)
        copy.rename(target)

    @staticmethod
    def _last(folder: Path) -> Path | None:
        """The model in use, if it is one that was deployed."""
        note = folder / _IN_USE
        if not note.is_file():
            return None
        try:
            kept = folder / Path(str(json.loads(note.read_bytes())[_NAME])).name
        except (OSError, ValueError, KeyError, TypeError):
            log.error("file ignored: it does not say which model is in use", path=str(note))
            return None
        return kept if (kept / MODEL_FILE).is_file() else None
