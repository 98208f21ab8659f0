"""The folder of certificates: what is written, renewed and revoked."""

import stat
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.testbed.certificates.store import CertificateStore, read_revoked

BASESTATION, DEVICE = Identity(Role.BASESTATION, "basestation"), Identity(Role.DEVICE, "board", frozenset({0, 2}))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> CertificateStore:
    store = CertificateStore.create(tmp_path / "certificates", days=100)
    store.add(BASESTATION, ("localhost", "10.0.0.1", "fd00::1"), days=30)
    store.add(DEVICE, (), days=30)
    return store


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in [folder, *folder.rglob("*")]
    }  # fmt: skip


def test_private_keys_are_readable_by_their_owner_alone(store: CertificateStore) -> None:
    public, private = ("0o644", "0o600")
    party = {"ca.pem": public, "identity.pem": private, "revoked.txt": public}
    assert modes(store.folder) == {
        ".": "0o700",
        "ca.pem": public,
        "ca.key": private,
        "revoked.txt": public,
        **dict.fromkeys(("basestation", "board"), "0o700"),
        **{f"{name}/{file}": mode for name in ("basestation", "board") for file, mode in party.items()},
    }
    store.renew([], days=30)
    assert modes(store.folder)["board/identity.pem"] == private


def test_a_certificate_says_who_what_for_and_until_when(store: CertificateStore) -> None:
    basestation, board = store.parties()
    assert (basestation.identity, basestation.hosts) == (BASESTATION, ("localhost", "10.0.0.1", "fd00::1"))
    assert (board.identity, board.hosts) == (DEVICE, ())
    assert basestation.until.timestamp() == pytest.approx(board.until.timestamp(), abs=60)


def test_no_certificate_outlives_its_authority(store: CertificateStore) -> None:
    (party,) = store.renew(["board"], days=1_000)
    assert party.until == store.authority.certificate.not_valid_after_utc


def test_renewing_replaces_certificate_and_key_and_keeps_the_rest(store: CertificateStore) -> None:
    before = list(store.parties())
    keys = [(store.folder / party.identity.name / "identity.pem").read_bytes() for party in before]
    after = store.renew([], days=10, more_hosts=["lab.example"])
    assert [party.identity for party in after] == [party.identity for party in before]
    assert [party.hosts for party in after] == [("localhost", "lab.example", "10.0.0.1", "fd00::1"), ()]
    assert not {party.serial for party in after} & {party.serial for party in before}
    renewed = [(store.folder / party.identity.name / "identity.pem").read_bytes() for party in after]
    assert not set(renewed) & set(keys)
    assert TlsFolder(store.folder / "board").certificate.serial == after[1].serial


def test_an_opened_folder_issues_certificates_of_the_same_authority(store: CertificateStore) -> None:
    again = CertificateStore.open(store.folder)
    assert again.authority.certificate == store.authority.certificate
    again.add(Identity(Role.DEVICE, "late"), (), days=1)
    assert (store.folder / "late" / "ca.pem").read_bytes() == (store.folder / "ca.pem").read_bytes()


def test_a_revoked_number_reaches_every_party(store: CertificateStore) -> None:
    party = store.revoke("board")
    assert read_revoked(store.folder) == {party.serial}
    assert TlsFolder(store.folder / "basestation").revoked == {party.serial}
    (renewed,) = store.renew(["board"], days=1)
    store.revoke("board")
    assert read_revoked(store.folder) == {party.serial, renewed.serial}


def test_an_authority_is_not_overwritten(store: CertificateStore) -> None:
    before = (store.folder / "ca.key").read_bytes()
    with pytest.raises(ConfigError, match=r"ca\.pem is there already"):
        CertificateStore.create(store.folder, days=1)
    with pytest.raises(ConfigError, match="board has a certificate"):
        store.add(DEVICE, (), days=1)
    assert (store.folder / "ca.key").read_bytes() == before


def test_parties_and_folders_that_do_not_exist_are_named(store: CertificateStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no party bord; there are basestation, board"):
        store.renew(["bord"], days=1)
    with pytest.raises(ConfigError, match="expected a folder of `splitwave certs init`"):
        CertificateStore.open(tmp_path)


def test_no_key_is_in_what_is_printed(store: CertificateStore) -> None:
    printed = f"{store!r} {store.authority!r} {list(store.parties())!r} {TlsFolder(store.folder / 'board')!r}"
    assert "PRIVATE" not in printed
    assert "EllipticCurve" not in printed
