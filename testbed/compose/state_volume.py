"""Copies checkpoints to and from the volume in which the containers keep them."""

import io
import tarfile
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.records.manifest import Manifest
from splitwave.testbed.compose.containers import find_containers

STATE_DIR = "/var/lib/splitwave"
OWNER = 10001
"""User and group id in the images."""


def put_checkpoint(client: DockerClient, project: str, folder: Path) -> None:
    """Copy a checkpoint into the containers' volume; the containers need not be running.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        try:
            for path in sorted(path for path in folder.iterdir() if path.is_file()):
                tar.add(path, path.name, filter=_owned)
        except OSError as error:
            raise CheckpointError(f"{folder}: the checkpoint cannot be read: {error}") from None
    _basestation(client, project).put_archive(STATE_DIR, archive.getvalue())


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
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            name = Path(member.name).name  # ignore the path, which the container chose
            if content is not None and not name.startswith("."):
                (folder / name).write_bytes(content.read())
    Manifest.read(folder)


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
