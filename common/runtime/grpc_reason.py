"""The cause of a failed call, cut out of gRPC's long message. It imports nothing, because health checks use it."""

import re

_FRAMES = (
    re.compile(r"^failed to connect to all addresses; last error: "),
    re.compile(r"^[A-Z_]+: (?=ipv[46]:|unix:|unix-abstract:|vsock:)"),  # a status within the status
    re.compile(r"^(?:ipv4|ipv6|unix|unix-abstract|vsock):\S+: "),  # the address, which the caller knows
    re.compile(r"^Failed to connect to remote host: (?:(?:connect|getsockopt\(SO_ERROR\)): )?"),
    re.compile(r"^connect: (?=.* \(\d+\)$)"),  # without EventEngine, as the number of the error is
    re.compile(r" \(\d+\)$"),
    re.compile(r"^(?:connect failed: )?addr: \S+ error: "),
    re.compile(r"^(?:errors resolving|DNS resolution failed for) .*?address lookup failed for \S+:? ", re.IGNORECASE),
    re.compile(r"^os_error: (?=.* syscall: getaddrinfo)"),  # the resolver of GRPC_DNS_RESOLVER=native
    re.compile(r" syscall: getaddrinfo(?=\]?$)"),
    re.compile(r"^(?:Tls|Ssl) handshake failed \(\w+\): SSL_ERROR_SSL: error:\w+:SSL routines:OPENSSL_internal:"),
    re.compile(r"^Custom verification check failed with error: "),
    re.compile(r"(?:: Invalid certificate verification context)?: OK$"),  # what is appended to TLS's errors
)


def short_reason(details: str | None) -> str:
    """Return the cause alone (`Connection refused`) of a long message of gRPC, and any other message unchanged."""
    reason = details or "no reason given"
    shortened = reason
    for frame in _FRAMES:
        shortened = frame.sub("", shortened)
    return shortened if shortened == reason else shortened.rstrip("]")
