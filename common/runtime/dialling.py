"""gRPC channels to a peer, with TLS where this party has certificates."""

from collections.abc import Sequence

import grpc
from grpc import aio

from splitwave.common.runtime.grpc_reason import short_reason
from splitwave.common.runtime.tls_folder import TlsFolder, name_options

Options = Sequence[tuple[str, int]]


def open_channel(address: str, options: Options, tls: TlsFolder | None) -> grpc.Channel:
    """Open a blocking gRPC channel.

    Args:
        address: as gRPC dials it, such as HOST:PORT.
        options: of the gRPC channel.
        tls: this party's files; None for plaintext.

    Raises:
        UnreachableError: this party's certificate has expired.
    """
    if tls is None:
        return grpc.insecure_channel(address, options=options)
    return grpc.secure_channel(address, tls.channel_credentials(), options=(*options, *name_options(address)))


def open_aio_channel(address: str, options: Options, tls: TlsFolder | None) -> aio.Channel:
    """Open a gRPC channel of asyncio, in the same way.

    Raises:
        UnreachableError: as `open_channel`.
    """
    if tls is None:
        return aio.insecure_channel(address, options=options)
    return aio.secure_channel(address, tls.channel_credentials(), options=(*options, *name_options(address)))


def failure_reason(details: str | None, tls: TlsFolder | None) -> str:
    """Return the cause alone of a failed call, with a remark where a server's silence has to do with certificates.

    A server that refuses a client's certificate, or plaintext, closes the connection without saying why.
    """
    reason = short_reason(details)
    if not (details or "").startswith("failed to connect to all addresses") or reason != "Socket closed":
        return reason
    if tls is None:
        return f"{reason} (if it serves with TLS, give --tls-dir)"
    return f"{reason} (it may have refused this party's certificate: its log has the reason)"
