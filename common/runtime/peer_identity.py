"""The identity of a call's peer, as its certificate says, and of the device behind a channel emulator."""

from typing import Any

from grpc import aio

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.identity import SCHEME, Identity, Role
from splitwave.common.runtime.certificate import Certificate

DEVICE_METADATA = "splitwave-device"
"""Key of the metadata in which a channel emulator passes on the identity of the device whose stream it forwards."""

Context = aio.ServicerContext[Any, Any]


def has_certificate(context: Context) -> bool:
    """Whether the call came over TLS; a server with TLS requires a certificate of every peer."""
    return "x509_pem_cert" in context.auth_context()


def certificate_of(context: Context) -> Certificate:
    """Return the certificate of a peer that has one.

    Raises:
        ProtocolError: it is damaged.
    """
    (pem,) = context.auth_context()["x509_pem_cert"]
    try:
        return Certificate.from_pem(bytes(pem))
    except ValueError as error:
        raise ProtocolError(f"the certificate cannot be read: {error}", Refusal.UNAUTHENTICATED) from None


def identity_of(context: Context) -> Identity:
    """Return the identity of a peer that has a certificate.

    Raises:
        ProtocolError: its certificate does not name exactly one party.
    """
    names = [bytes(name).decode("utf-8", "replace") for name in context.auth_context().get("peer_uri", ())]
    ours = [name for name in names if name.startswith(f"{SCHEME}:")]
    if len(ours) != 1:
        raise ProtocolError(
            f"the certificate names {len(ours)} parties: expected one alternative name of type URI, as in "
            f"{SCHEME}://device/NAME?links=0,2",
            Refusal.UNAUTHENTICATED,
        )
    return Identity.from_uri(ours[0])


def device_of(context: Context) -> Identity | None:
    """Return the identity of the device that a stream comes from, perhaps through an emulator; None without TLS.

    Raises:
        ProtocolError: the peer passes on an identity and is no channel emulator with a certificate, or is one and
            passes on none.
    """
    passed_on = [str(value) for key, value in context.invocation_metadata() or () if key == DEVICE_METADATA]
    peer = identity_of(context) if has_certificate(context) else None
    if peer is not None and peer.role is Role.CHANNEL:
        return _device_behind(peer, passed_on)
    if passed_on:
        raise ProtocolError(
            f"{peer or 'a peer without a certificate'} passes on the identity of a device in {DEVICE_METADATA}, "
            "which only a channel emulator with a certificate may do",
            Refusal.PERMISSION_DENIED,
        )
    return peer


def _device_behind(emulator: Identity, passed_on: list[str]) -> Identity:
    if len(passed_on) != 1:
        raise ProtocolError(
            f"{emulator} passes on {len(passed_on)} identities of devices in {DEVICE_METADATA}: expected one",
            Refusal.UNAUTHENTICATED,
        )
    device = Identity.from_uri(passed_on[0])
    if device.role is not Role.DEVICE:
        raise ProtocolError(f"{emulator} passes on {device}, which is no device", Refusal.PERMISSION_DENIED)
    return device
