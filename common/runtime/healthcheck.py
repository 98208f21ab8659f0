"""`python -m splitwave.common.runtime.healthcheck HOST:PORT [TLS_DIR]`: exits 0 if the server there is SERVING, else 1.

TLS_DIR, or SPLITWAVE_TLS_DIR, is the folder of a party's certificates; a service's own will do. It runs every few
seconds beside the server it asks, so it imports grpc and next to nothing else. The two messages of grpc.health.v1 are
written out instead of loading protobuf for them.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import grpc

from splitwave.common.errors import SplitwaveError
from splitwave.common.runtime.address import parse_address
from splitwave.common.runtime.dialling import failure_reason, open_channel
from splitwave.common.runtime.tls_folder import VARIABLE, TlsFolder

_METHOD = "/grpc.health.v1.Health/Check"
_WHOLE_SERVER = b""  # HealthCheckRequest with an empty service name
_SERVING = b"\x08\x01"  # HealthCheckResponse: field 1, varint 1
_OPTIONS = (("grpc.enable_http_proxy", 0),)  # as in common.runtime.rpc: a web proxy does not reach our own loopback
_MOST_ARGUMENTS = 2
LIMIT_S = 15.0
"""Seconds that the server has for its answer; the container engine's own limit must be longer."""


def main(arguments: Sequence[str]) -> int:
    """Ask once. Why the answer is not SERVING goes to standard error, where the container engine keeps it."""
    if not 1 <= len(arguments) <= _MOST_ARGUMENTS:
        print("usage: python -m splitwave.common.runtime.healthcheck HOST:PORT [TLS_DIR]", file=sys.stderr)
        return 2
    folder = arguments[1] if len(arguments) == _MOST_ARGUMENTS else os.environ.get(VARIABLE)
    try:
        address = parse_address(arguments[0], "address")
        tls = TlsFolder(Path(folder)) if folder else None
        opened = open_channel(address, _OPTIONS, tls)
    except SplitwaveError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    with opened as grpc_channel:
        # Without serialisers it takes and gives bytes.
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = grpc_channel.unary_unary(_METHOD)
        try:
            answer = check(_WHOLE_SERVER, timeout=LIMIT_S)
        except grpc.RpcError as error:
            print(f"{address}: {error.code().name}: {failure_reason(error.details(), tls)}", file=sys.stderr)
            return 1
    if answer != _SERVING:
        print(f"{address} is not serving", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
