"""The fields that services read from certificates are those that a library reads."""

from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime.certificate import Certificate, revoked_numbers
from splitwave.testbed.certificates.authority import Authority

AUTHORITY = Authority.create(days=100_000)
DEVICE = Identity(Role.DEVICE, "a")


@pytest.mark.parametrize("days", [-10_000, -1, 1, 30, 9_000, 90_000])  # from 2050 on, times have another form
def test_number_and_last_moment_are_those_of_a_library(days: float) -> None:
    pem = AUTHORITY.issue(DEVICE, (), days)
    expected = x509.load_pem_x509_certificate(pem)
    read = Certificate.from_pem(pem)
    assert (read.serial, read.not_after) == (expected.serial_number, expected.not_valid_after_utc)
    assert read.has_expired == (days < 0)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_certificate_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Certificate.from_pem(content)


@given(st.data())
def test_a_damaged_certificate_is_read_or_refused(data: st.DataObject) -> None:
    der = bytearray(AUTHORITY.certificate.public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 6))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        Certificate.from_der(bytes(der[: data.draw(st.integers(0, len(der)))]))


def test_a_text_without_a_certificate_says_so() -> None:
    with pytest.raises(ValueError, match="no certificate"):
        Certificate.from_pem(b"-----END CERTIFICATE----- -----BEGIN CERTIFICATE-----")


def test_revoked_numbers_have_remarks_and_the_form_of_openssl() -> None:
    assert revoked_numbers("# lost\n0a:1B # board\n\nff\n") == {0x0A1B, 0xFF}
