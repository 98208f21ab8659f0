"""Copies checkpoints to and from the volume in which the containers keep them: the final one, and those of training."""

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.files.whole_file import whole_file
from splitwave.common.records.manifest import MANIFEST_FILE, Manifest, is_checkpoint_file
from splitwave.common.records.training_manifest import (
    TRAINING_MANIFEST_FILE,
    TrainingManifest,
    discard_checkpoints,
    step_folders,
)
from splitwave.testbed.compose.containers import find_containers

STATE_DIR = "/var/lib/splitwave"
OWNER = 10001
"""User and group id in the images."""

_STEP = re.compile(r"step-(\d{1,12})", re.ASCII)
_MANIFESTS = (MANIFEST_FILE, TRAINING_MANIFEST_FILE)


def put_checkpoints(client: DockerClient, project: str, folder: Path) -> None:
    """Copy the checkpoints in a folder into the containers' volume; the containers need not be running.

    Raises:
        CheckpointError: one of them cannot be read.
    """
    basestation(client, project).put_archive(STATE_DIR, pack(folder))


def get_checkpoints(client: DockerClient, project: str, folder: Path) -> None:
    """Copy the published checkpoints in the containers' volume into `folder`, which is made if there is one.

    Raises:
        RunFailedError: the volume cannot be read.
    """
    with TemporaryFile() as archive:
        try:
            chunks, _ = basestation(client, project).get_archive(STATE_DIR)
            for chunk in chunks:
                archive.write(chunk)
        except APIError as error:
            raise RunFailedError(
                f"the checkpoint cannot be read from its volume: {error.explanation or error}"
            ) from None
        archive.seek(0)
        unpack(archive, folder)


def basestation(client: DockerClient, project: str) -> Container:
    """Return the container of a project's base station.

    Raises:
        RunFailedError: there is none.
    """
    for part, container in find_containers(client, project):
        if part.service == "basestation":
            return container
    raise RunFailedError(f"project {project} has no base station")


def pack(folder: Path) -> bytes:
    """Return a tar archive of the checkpoints in a folder, for the user of the images.

    Raises:
        CheckpointError: one of them cannot be read.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        try:
            for path in _files(folder):
                tar.add(path, str(path.relative_to(folder)), recursive=False, filter=_owned)
        except OSError as error:
            raise CheckpointError(f"{folder}: the checkpoint cannot be read: {error}") from None
    return archive.getvalue()


def unpack(archive: IO[bytes], folder: Path) -> None:
    """Write the published checkpoints in a tar archive to a folder, whatever the path of the state folder there.

    As on the disk of a party, a manifest is written after its parts. Older checkpoints of the training than those in
    the archive are discarded.
    """
    with tarfile.open(fileobj=archive) as tar:
        members = {place: member for member in tar if member.isfile() and (place := _place(member.name)) is not None}
        published = {place.parent for place in members if place.name in _MANIFESTS}
        chosen = {place: member for place, member in members.items() if place.parent in published}
        _withdraw(chosen, folder)
        for place, member in sorted(chosen.items(), key=lambda each: each[0].name in _MANIFESTS):
            content = tar.extractfile(member)
            assert content is not None  # it is a file
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as temporary:
                temporary.write_bytes(content.read())
    if steps := _steps(published):
        discard_checkpoints(folder, steps)


def _files(folder: Path) -> Iterator[Path]:
    """The files of the checkpoints in a folder, and before them the folders that they are in."""
    yield from sorted(path for path in folder.iterdir() if path.is_file() and is_checkpoint_file(path.name))
    for step in step_folders(folder).values():
        if (step / TRAINING_MANIFEST_FILE).is_file():
            yield step
            yield from sorted(path for path in step.iterdir() if _place(f"{step.name}/{path.name}") is not None)


def _place(name: str) -> PurePosixPath | None:
    """The place of an archive's file in a folder of checkpoints; None for other files. The container chose the name."""
    path = PurePosixPath(name)
    if _STEP.fullmatch(path.parent.name):
        is_part = path.name == TRAINING_MANIFEST_FILE or (is_checkpoint_file(path.name) and path.name != MANIFEST_FILE)
        return PurePosixPath(path.parent.name, path.name) if is_part else None
    return PurePosixPath(path.name) if is_checkpoint_file(path.name) else None


def _withdraw(chosen: Mapping[PurePosixPath, object], folder: Path) -> None:
    """Delete the manifests of checkpoints whose parts are about to be overwritten."""
    if PurePosixPath(MANIFEST_FILE) in chosen:
        Manifest.withdraw(folder)
    for step in _steps({place.parent for place in chosen}):
        TrainingManifest.withdraw(folder, step)


def _steps(folders: set[PurePosixPath]) -> set[int]:
    return {int(match[1]) for folder in folders if (match := _STEP.fullmatch(folder.name))}


def _owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = OWNER
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member
