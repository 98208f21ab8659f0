"""`--tls-dir` and `--insecure`, the options by which a service is encrypted, and who reaches it without."""

import argparse
import os
import socket
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.identity import NAME
from splitwave.common.runtime.address import is_socket
from splitwave.common.runtime.certificate import expiry_state
from splitwave.common.runtime.logger import get_logger
from splitwave.common.runtime.tls_folder import VARIABLE, TlsFolder

log = get_logger()


def add_tls_option(parser: argparse.ArgumentParser) -> None:
    """Add `--tls-dir`; its default is SPLITWAVE_TLS_DIR."""
    default = os.environ.get(VARIABLE)
    parser.add_argument(
        "--tls-dir",
        type=Path,
        default=Path(default) if default else None,
        metavar="DIR",
        help=f"encrypt and authenticate all connections with this party's certificates in DIR, a folder that "
        f"`splitwave certs init` made (default: ${VARIABLE}, else plaintext)",
    )


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a service that listens: `--tls-dir`, `--insecure` and `--reflection`."""
    add_tls_option(parser)
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="listen in plaintext where other machines reach this one: anybody there may read, join and stop the run",
    )
    parser.add_argument(
        "--reflection",
        action="store_true",
        help="let clients such as grpcurl ask which services and messages there are",
    )


def add_testbed_option(parser: argparse.ArgumentParser) -> None:
    """Add `--testbed`, for a server that leases links; `named_testbed` gives its value."""
    parser.add_argument(
        "--testbed",
        metavar="NAME",
        help="lease links only to devices whose certificates name this testbed (`splitwave certs add --testbed`); "
        "without, only to those whose certificates name none",
    )


def named_testbed(options: argparse.Namespace) -> str | None:
    """Return the name of `--testbed`; None without.

    Raises:
        ConfigError: it is no name, or there are no certificates that could have it.
    """
    name: str | None = options.testbed
    if name is not None and NAME.fullmatch(name) is None:
        raise ConfigError(f"--testbed {name}: a name has 1 to 63 letters, digits, dots, - and _")
    if name is not None and options.tls_dir is None:
        raise ConfigError(f"--testbed {name}: give --tls-dir, too: certificates say which testbed a device belongs to")
    return name


def tls_of(options: argparse.Namespace) -> TlsFolder | None:
    """Return the files that `--tls-dir` names; None for plaintext.

    Raises:
        ConfigError: a file is missing or invalid.
    """
    folder: Path | None = options.tls_dir
    if folder is None:
        return None
    tls = TlsFolder(folder, log.warning)
    until = tls.certificate.not_after
    if (state := expiry_state(until)) != "valid":
        log.warning(f"the certificate {state}: run `splitwave certs renew`", folder=str(folder), until=str(until))
    return tls


def listening_tls_of(options: argparse.Namespace, listen: str) -> TlsFolder | None:
    """Do the same for a service that listens at an address, which must be local if it has no TLS.

    Raises:
        ConfigError: a file is missing or invalid, or other machines could reach a service in plaintext.
    """
    tls = tls_of(options)
    if tls is not None and options.insecure:
        raise ConfigError(f"--insecure: not allowed with --tls-dir {options.tls_dir} (or {VARIABLE})")
    if tls is None and not options.insecure and not is_local(listen):
        raise ConfigError(
            f"--listen {listen}: other machines reach this address, and nothing would be encrypted: give --tls-dir DIR "
            "with certificates of `splitwave certs init`, or --insecure to do without"
        )
    if tls is None and not is_local(listen):
        log.warning("connections are neither encrypted nor authenticated", listen=listen)
    return tls


def is_local(address: str) -> bool:
    """Whether only this machine reaches an address to listen on: a Unix socket, or the loopback interface."""
    if is_socket(address):
        return True
    host = address.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        found = {host} if _is_number(host) else {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(_is_loopback(each) for each in found)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    address = ip_address(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
