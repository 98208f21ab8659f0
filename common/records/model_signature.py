"""The signature beside a manifest of a model folder, `signature.json`: Ed25519 over the bytes of the manifest.

The manifest has the digests of all files, so one signature covers them. Only a party that was given a key to trust
checks it, and only that takes the package `cryptography`: without a key, digests still reveal damage, not forgery.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from splitwave.common.errors import CheckpointError, ConfigError
from splitwave.common.records.manifest_fields import Fields, read_fields, read_small_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE_FILE = "signature.json"
ALGORITHM = "ed25519"
_FORMAT = 1
_SIGNATURE_DIGITS = 128
_MOST_KEY_CHARACTERS = 4096


def signature_tree(file: str, signature: bytes, public_pem: str) -> Mapping[str, object]:
    """The content of a signature's file: which manifest was signed, the signature, and the key that checks it."""
    return {
        "format": _FORMAT,
        "algorithm": ALGORITHM,
        "file": file,
        "signature": signature.hex(),
        "public_key": public_pem,
    }


def check_signature(folder: Path, file: str, content: bytes, trusted: Path | None) -> None:
    """Check who signed a manifest.

    Args:
        folder: of the manifest and its signature.
        file: the name of the manifest.
        content: its bytes.
        trusted: PEM file with an Ed25519 public key, or a `signature.json` that has it; None to check nothing.

    Raises:
        CheckpointError: there is no signature, or it is not that of the trusted key over these bytes.
        ConfigError: `trusted` holds no such key, or the package `cryptography` is missing.
    """
    if trusted is None:
        return
    key = _trusted_key(trusted)
    fields = read_fields(folder / SIGNATURE_FILE)
    signature = _signature_of(fields, file)
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 — `_trusted_key` has found the package

    try:
        key.verify(signature, content)
    except InvalidSignature:
        raise CheckpointError(f"{folder / file}: not signed by the key in {trusted}") from None


def check_trusted_key(trusted: Path) -> None:
    """Check that a key can be used, before there is a model whose signature it checks.

    Raises:
        ConfigError: as `check_signature`.
    """
    _trusted_key(trusted)


def _signature_of(fields: Fields, file: str) -> bytes:
    fields.has_only("format", "algorithm", "file", "signature", "public_key")
    fields.whole("format", _FORMAT, _FORMAT)
    for name, expected in (("algorithm", ALGORITHM), ("file", file)):
        if fields.text(name, _MOST_KEY_CHARACTERS) != expected:
            fields.refuse(name, expected)
    fields.text("public_key", _MOST_KEY_CHARACTERS)
    return bytes.fromhex(fields.hexadecimal("signature", _SIGNATURE_DIGITS))


def _trusted_key(trusted: Path) -> "Ed25519PublicKey":
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as PublicKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            f"trusted key {trusted}: to check signatures, install the package cryptography: pip install cryptography"
        ) from None
    try:
        pem = read_small_file(trusted)
        if pem.lstrip().startswith(b"{"):
            pem = read_fields(trusted).text("public_key", _MOST_KEY_CHARACTERS).encode()
        key = load_pem_public_key(pem)
    except CheckpointError as error:
        raise ConfigError(f"trusted key {error}") from None
    except Exception:
        key = None
    if not isinstance(key, PublicKey):
        raise ConfigError(f"trusted key {trusted}: expected an Ed25519 public key in PEM form")
    return key
