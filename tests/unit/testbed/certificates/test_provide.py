"""The certificates of containers, which their own service makes and renews."""

from pathlib import Path

import pytest

from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.testbed.certificates.__main__ import main, provide
from splitwave.testbed.certificates.store import CertificateStore

ROLES = ["basestation", "channel", "device", "operator"]


def test_the_first_start_makes_what_each_service_needs(tmp_path: Path) -> None:
    for role in ROLES:  # the volumes of the other services are mounted there
        (tmp_path / role).mkdir()
    assert sorted(provide(tmp_path, ["basestation", "10.0.0.1"])) == ROLES
    parties = {party.identity.name: party for party in CertificateStore.open(tmp_path).parties()}
    assert parties["channel"].hosts == ("localhost", "basestation", "127.0.0.1", "::1", "10.0.0.1")
    assert parties["device"].identity.links is None
    assert all(TlsFolder(tmp_path / role).certificate.serial == parties[role].serial for role in ROLES)


def test_a_later_start_renews_only_what_expires_soon_or_lacks_a_host(tmp_path: Path) -> None:
    provide(tmp_path, ["basestation"])
    assert provide(tmp_path, ["basestation"]) == []
    CertificateStore.open(tmp_path).renew(["device"], days=1)
    assert provide(tmp_path, ["basestation"]) == ["device"]
    assert provide(tmp_path, ["lab.example"]) == ["basestation", "channel"]
    assert provide(tmp_path, ["lab.example"]) == []


def test_a_start_that_was_interrupted_is_completed(tmp_path: Path) -> None:
    provide(tmp_path, [])
    (tmp_path / "channel" / "identity.pem").unlink()
    assert provide(tmp_path, []) == ["channel"]


def test_the_service_prints_names_and_no_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path), "--host", "channel"])
    assert sorted(capsys.readouterr().out.splitlines()) == [f"new certificate: {role}" for role in ROLES]
