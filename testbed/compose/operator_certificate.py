"""The operator's certificate of a project in containers, read from the container that made it."""

import io
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from docker import DockerClient
from docker.errors import APIError, NotFound

from splitwave.common.errors import RunFailedError
from splitwave.common.runtime.tls_folder import AUTHORITY_FILE, IDENTITY_FILE, TlsFolder
from splitwave.testbed.compose.containers import CERTIFICATES_SERVICE, find_containers

OPERATOR_DIR = "/var/lib/splitwave-tls/operator"
_FILES = frozenset({AUTHORITY_FILE, IDENTITY_FILE})


def operator_of(client: DockerClient, project: str) -> TlsFolder | None:
    """Return the operator's files of a project; None if it has none, as with services in plaintext.

    They are kept in memory alone: the folder that they are read from here is gone when this function returns.

    Raises:
        RunFailedError: they cannot be read.
    """
    for part, container in find_containers(client, project, finished=True):
        if part.service == CERTIFICATES_SERVICE:
            try:
                chunks, _ = container.get_archive(OPERATOR_DIR)
            except NotFound:  # the container has not made them yet
                return None
            except APIError as error:
                raise RunFailedError(
                    f"the operator's certificate cannot be read: {error.explanation or error}"
                ) from None
            return unpacked(b"".join(chunks))
    return None


def unpacked(archive: bytes) -> TlsFolder | None:
    """Return the files in a tar archive; None if one is missing."""
    with TemporaryDirectory(prefix="splitwave-") as name, tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            path = Path(name, Path(member.name).name)  # the container chose the path
            if content is not None and path.name in _FILES:
                path.write_bytes(content.read())
        whole = all(Path(name, file).exists() for file in _FILES)
        return TlsFolder(Path(name)) if whole else None
