"""The operator's certificate, from the archive in which the engine hands it over."""

import io
import tarfile
from pathlib import Path

from splitwave.testbed.certificates.__main__ import provide
from splitwave.testbed.compose.operator_certificate import unpacked


def archive(folder: Path, prefix: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(folder, prefix)
    return content.getvalue()


def test_the_files_are_used_after_their_folder_is_gone(tmp_path: Path) -> None:
    provide(tmp_path, [])
    tls = unpacked(archive(tmp_path / "operator", "operator"))
    assert tls is not None
    serial = tls.certificate.serial
    assert (tls.certificate.serial, tls.channel_credentials()) == (serial, tls.channel_credentials())


def test_paths_that_lead_elsewhere_are_not_followed(tmp_path: Path) -> None:
    provide(tmp_path / "certificates", [])
    tls = unpacked(archive(tmp_path / "certificates" / "operator", f"../..{tmp_path}/stolen"))
    assert tls is not None
    assert not (tmp_path / "stolen").exists()


def test_a_folder_without_certificates_means_plaintext(tmp_path: Path) -> None:
    assert unpacked(archive(tmp_path, "operator")) is None
