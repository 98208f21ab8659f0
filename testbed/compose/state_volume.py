"""Copies checkpoints to and from the volume in which the containers keep them."""

import io
import tarfile
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.records.manifest import Manifest, is_checkpoint_file
from splitwave.testbed.compose.containers import find_containers

STATE_DIR = "/var/lib/splitwave"
OWNER = 10001
"""User and group id in the images."""


def put_checkpoint(client: DockerClient, project: str, folder: Path) -> None:
    """Copy a checkpoint into the containers' volume; the containers need not be running.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    _basestation(client, project).put_archive(STATE_DIR, pack(folder))


def get_checkpoint(client: DockerClient, project: str, folder: Path) -> None:
    """Copy the checkpoint from the containers' volume into `folder`, which is made if missing.

    Raises:
        RunFailedError: the volume cannot be read.
        CheckpointError: the volume contains no published checkpoint.
    """
    try:
        chunks, _ = _basestation(client, project).get_archive(STATE_DIR)
    except APIError as error:
        raise RunFailedError(f"the checkpoint cannot be read from its volume: {error.explanation or error}") from None
    folder.mkdir(parents=True, exist_ok=True)
    unpack(b"".join(chunks), folder)
    Manifest.read(folder)


def pack(folder: Path) -> bytes:
    """Return a tar archive of the checkpoint in a folder, for the user of the images.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        try:
            for path in sorted(path for path in folder.iterdir() if path.is_file() and is_checkpoint_file(path.name)):
                tar.add(path, path.name, filter=_owned)
        except OSError as error:
            raise CheckpointError(f"{folder}: the checkpoint cannot be read: {error}") from None
    return archive.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """Write the files of the checkpoint in a tar archive to an existing folder, whatever their paths there."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            name = Path(member.name).name  # the container chose the path
            if content is not None and is_checkpoint_file(name):
                (folder / name).write_bytes(content.read())


def _basestation(client: DockerClient, project: str) -> Container:
    for part, container in find_containers(client, project):
        if part.service == "basestation":
            return container
    raise RunFailedError(f"project {project} has no base station")


def _owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = OWNER
    member.uname = member.gname = ""
    member.mode = 0o644
    return member
