"""`python -m splitwave.common.runtime.healthcheck HOST:PORT`: exits 0 if the server there is SERVING, else 1.

It runs every few seconds beside the server it asks, so it imports grpc and next to nothing else. The two messages of
grpc.health.v1 are written out instead of loading protobuf for them.
"""

import sys
from collections.abc import Sequence

import grpc

from splitwave.common.errors import AddressError
from splitwave.common.runtime.address import parse_address
from splitwave.common.runtime.grpc_reason import short_reason

_METHOD = "/grpc.health.v1.Health/Check"
_WHOLE_SERVER = b""  # HealthCheckRequest with an empty service name
_SERVING = b"\x08\x01"  # HealthCheckResponse: field 1, varint 1
_OPTIONS = (("grpc.enable_http_proxy", 0),)  # as in common.runtime.rpc: a web proxy does not reach our own loopback
LIMIT_S = 15.0
"""Seconds that the server has for its answer; the container engine's own limit must be longer."""


def main(arguments: Sequence[str]) -> int:
    """Ask once. Why the answer is not SERVING goes to standard error, where the container engine keeps it."""
    if len(arguments) != 1:
        print("usage: python -m splitwave.common.runtime.healthcheck HOST:PORT", file=sys.stderr)
        return 2
    try:
        address = parse_address(arguments[0], "address")
    except AddressError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    with grpc.insecure_channel(address, options=_OPTIONS) as grpc_channel:
        # Without serialisers it takes and gives bytes.
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = grpc_channel.unary_unary(_METHOD)
        try:
            answer = check(_WHOLE_SERVER, timeout=LIMIT_S)
        except grpc.RpcError as error:
            print(f"{address}: {error.code().name}: {short_reason(error.details())}", file=sys.stderr)
            return 1
    if answer != _SERVING:
        print(f"{address} is not serving", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
