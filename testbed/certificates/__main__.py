"""`python -m splitwave.testbed.certificates DIR`: the service of the compose file that sees to the certificates.

At its first start it makes an authority and a certificate for base station, channel, devices and operator. At every
later start it renews the certificates that expire soon.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.runtime.certificate import expiry_state
from splitwave.common.runtime.process import run_tool
from splitwave.testbed.certificates.store import KEY_FILE, LOCAL_HOSTS, CertificateStore

DAYS = 30.0
_AUTHORITY_DAYS = 3_650.0


def main(arguments: Sequence[str] | None = None) -> None:
    """See to the certificates in a folder, and print the name of each party whose certificate is new."""
    parser = argparse.ArgumentParser(prog="python -m splitwave.testbed.certificates", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--host", action="append", default=[], help="a name or an address of the servers; repeatable")
    options = parser.parse_args(arguments)
    for name in provide(options.folder, options.host):
        print(f"new certificate: {name}")


def provide(folder: Path, hosts: Sequence[str], days: float = DAYS) -> list[str]:
    """Make what is missing in a folder, and renew what expires soon or lacks a host; the names of these parties.

    Raises:
        ConfigError: the folder holds damaged certificates, or cannot be written.
    """
    if not (folder / KEY_FILE).exists():
        store = CertificateStore.create(folder, _AUTHORITY_DAYS)
    else:
        store = CertificateStore.open(folder)
    there = {party.identity.name: party for party in store.parties()}
    new = [role for role in Role if role not in there]
    for role in new:
        store.add(Identity(role, role.value), (*LOCAL_HOSTS, *hosts) if role.serves else (), days)
    old = [
        name
        for name, party in there.items()
        if expiry_state(party.until) != "valid" or (party.identity.role.serves and not set(hosts) <= set(party.hosts))
    ]
    if old:
        store.renew(old, days, hosts)
    return [*new, *old]


if __name__ == "__main__":
    sys.exit(run_tool(main))
