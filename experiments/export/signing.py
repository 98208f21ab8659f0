"""Signs the manifests of a model folder with an Ed25519 key, which is made when it is first needed."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from splitwave.common.errors import ConfigError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.files.user_folders import config_folder
from splitwave.common.files.whole_file import write_json
from splitwave.common.records.model_signature import SIGNATURE_FILE, signature_tree

KEY_FILE = "signing-key.pem"
_MOST_BYTES = 65_536


class Signer:
    """Signs manifests with one key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Args: the private key."""
        self._key = key
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public_pem = public.decode()

    @classmethod
    def open(cls, path: Path | None) -> "Signer":
        """Read the key that `--sign` names, or else the user's own, which is made if there is none.

        Raises:
            ConfigError: it is no Ed25519 key in PEM form without a password, or there is no folder for the user's own.
        """
        return cls(_user_key() if path is None else _read(path))

    def sign(self, manifest: Path) -> None:
        """Write the signature of a manifest beside it."""
        tree = signature_tree(manifest.name, self._key.sign(manifest.read_bytes()), self.public_pem)
        write_json(manifest.with_name(SIGNATURE_FILE), tree)


def _user_key() -> Ed25519PrivateKey:
    path = config_folder("name a key with --sign") / KEY_FILE
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise ConfigError(f"{path}: no key can be made there: {error.strerror}; name one with --sign") from None
    return _read(path)


def _make(path: Path) -> None:
    """Write a new key, complete from the beginning, that the user alone may read; a key that is there stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with naming_full_disk(path):
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123 — of a descriptor, which has its mode from the beginning
                file.write(pem)
            with suppress(FileExistsError):  # another export was faster, and both use its key
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except OSError as error:
        raise ConfigError(f"--sign {path}: cannot be read: {error.strerror}") from None
    try:
        key = load_pem_private_key(content, password=None)
    except Exception:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"--sign {path}: expected an Ed25519 private key in PEM form, without a password")
    return key
