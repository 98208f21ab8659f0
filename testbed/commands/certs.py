"""`splitwave certs`: makes, renews, revokes and shows the certificates of a testbed's parties."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splitwave.common.errors import AddressError, ConfigError
from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.identity import NAME, Identity, Role
from splitwave.common.protocol.link_list import parse_links
from splitwave.common.runtime.address import parse_address
from splitwave.common.runtime.certificate import expiry_state
from splitwave.testbed.commands.options import finite
from splitwave.testbed.terminal.columns import columns
from splitwave.testbed.terminal.reporting import reports_errors

if TYPE_CHECKING:  # cryptography takes a while to import, and most commands need none of it
    from splitwave.testbed.certificates.party import Party

certs_app = typer.Typer(no_args_is_help=True, help="Make, renew, revoke and show the certificates for TLS.")


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the authority and its certificates.")]
Days = Annotated[
    float,
    typer.Option(
        min=0.01,
        max=3_650.0,
        callback=finite,
        metavar="N",
        help="Days until the certificates expire.",
        show_default=True,
    ),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="HOST",
        help="A name or an address of base station and channel, as others dial it, besides localhost; repeatable.",
    ),
]
NamedDevices = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        metavar="NAME[:LINKS]",
        help="A device, and the links that it may lease, as in board-3:0,2 or rack:0-31; any link without a list; "
        "repeatable.",
    ),
]
Testbed = Annotated[
    str | None,
    typer.Option(
        "--testbed",
        metavar="NAME",
        help="The testbed in which the devices may lease links, the --testbed of its base station; without, one that "
        "has no name.",
    ),
]
DAYS = 30.0
_AUTHORITY_DAYS = 3_650.0


@certs_app.command("init")
@reports_errors
def init_(
    folder: Folder,
    hosts: Hosts = None,
    devices: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_LINKS, metavar="K", help="Devices device-0 to device-(K-1), each for the link of its number."
        ),
    ] = 2,
    *,
    named: NamedDevices = None,
    days: Days = DAYS,
    testbed: Testbed = None,
) -> None:
    """Make an authority, and certificates for base station, channel, devices and operator."""
    from splitwave.testbed.certificates.store import LOCAL_HOSTS, CertificateStore  # noqa: PLC0415 — as above

    own = _checked_testbed(testbed)
    numbered = [Identity(Role.DEVICE, f"device-{link}", frozenset({link}), own) for link in range(devices)]
    parties = [*_others(), *numbered, *(_device(each, own) for each in named or ())]
    _check_names(parties)
    server_hosts = (*LOCAL_HOSTS, *_checked(hosts))
    store = CertificateStore.create(folder, _AUTHORITY_DAYS)
    for party in parties:
        store.add(party, server_hosts if party.role.serves else (), days)
    _print(list(store.parties()), frozenset())
    typer.echo(f"\ncopy each folder {folder / 'NAME'} to its party, for its option --tls-dir; keep ca.key here")


@certs_app.command()
@reports_errors
def add(
    folder: Folder,
    devices: Annotated[list[str], typer.Argument(metavar="NAME[:LINKS]...")],
    days: Days = DAYS,
    testbed: Testbed = None,
) -> None:
    """Issue certificates for more devices."""
    from splitwave.testbed.certificates.store import CertificateStore  # noqa: PLC0415 — as above

    own = _checked_testbed(testbed)
    store, parties = CertificateStore.open(folder), [_device(each, own) for each in devices]
    _check_names(parties)
    for party in parties:
        store.add(party, (), days)


@certs_app.command()
@reports_errors
def renew(
    folder: Folder,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="The parties; by default all.")] = None,
    hosts: Hosts = None,
    days: Days = DAYS,
) -> None:
    """Issue new certificates with new keys; services that use them need no restart."""
    from splitwave.testbed.certificates.store import CertificateStore  # noqa: PLC0415 — as above

    store = CertificateStore.open(folder)
    _print(store.renew(names or (), days, _checked(hosts)), _revoked(folder))


@certs_app.command()
@reports_errors
def revoke(
    folder: Folder, name: Annotated[str, typer.Argument(metavar="NAME", help="The party whose certificate is lost.")]
) -> None:
    """Revoke the certificate that a party has now, in the files revoked.txt of the folder and of every party in it."""
    from splitwave.testbed.certificates.store import CertificateStore  # noqa: PLC0415 — as above

    party = CertificateStore.open(folder).revoke(name)
    typer.echo(
        f"certificate {party.serial:x} of {party.identity} is revoked: copy revoked.txt to the folders of base station "
        f"and channel, which read it without a restart; for another certificate: splitwave certs renew {folder} {name}"
    )


@certs_app.command()
@reports_errors
def show(folder: Folder) -> None:
    """Show whom the certificates are for, what they allow, and until when; DIR may be the folder of one party."""
    from splitwave.testbed.certificates.party import Party  # noqa: PLC0415 — as above

    paths = sorted(folder.glob("*/identity.pem")) or [folder / "identity.pem"]
    _print([Party.read(path.parent) for path in paths], _revoked(folder))


def _checked(hosts: list[str] | None) -> list[str]:
    """The names and addresses of `--host` in the form that gRPC dials."""
    return [_checked_host(host) for host in hosts or ()]


def _checked_host(host: str) -> str:
    try:
        dialled = parse_address(f"[{host}]:1" if ":" in host else f"{host}:1", "--host")
    except AddressError:
        raise ConfigError(f"--host {host}: expected the name or the IP address of a host, without a port") from None
    return dialled.rpartition(":")[0].removeprefix("[").removesuffix("]")


def _others() -> list[Identity]:
    return [Identity(role, role.value) for role in Role if role is not Role.DEVICE]


def _checked_testbed(name: str | None) -> str | None:
    if name is not None and NAME.fullmatch(name) is None:
        raise ConfigError(f"--testbed {name}: a name has 1 to 63 letters, digits, dots, - and _")
    return name


def _device(text: str, testbed: str | None) -> Identity:
    name, colon, links = text.partition(":")
    if NAME.fullmatch(name) is None:
        raise ConfigError(f"--device {text}: a name has 1 to 63 letters, digits, dots, - and _")
    allowed = frozenset(parse_links(links, f"--device {name}:")) if colon else None
    return Identity(Role.DEVICE, name, allowed, testbed)


def _check_names(parties: list[Identity]) -> None:
    names = [party.name for party in parties]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"--device {twice}: two parties have this name")
    from splitwave.testbed.certificates.store import FILES  # noqa: PLC0415 — as above

    taken = next((name for name in names if name in FILES), None)
    if taken is not None:
        raise ConfigError(f"{taken}: no name of a party: the authority has a file of this name")


def _revoked(folder: Path) -> frozenset[int]:
    from splitwave.testbed.certificates.store import read_revoked  # noqa: PLC0415 — as above

    return read_revoked(folder)


def _print(parties: "list[Party]", revoked: frozenset[int]) -> None:
    rows = [("name", "role", "links", "until (UTC)", "state", "hosts", "testbed", "serial")]
    for party in parties:
        identity = party.identity
        links = "any" if identity.links is None else ",".join(map(str, sorted(identity.links)))
        state = "revoked" if party.serial in revoked else expiry_state(party.until)
        rows.append(
            (
                identity.name,
                identity.role.value,
                links if identity.role is Role.DEVICE else "-",
                f"{party.until:%Y-%m-%d %H:%M}",
                state,
                " ".join(party.hosts) or "-",
                identity.testbed or "-",
                f"{party.serial:x}",
            )
        )
    for line in columns(rows):
        typer.echo(line)
