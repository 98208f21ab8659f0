"""The links, streams and calls that a certificate allows; the rest is refused, logged once and counted."""

from pathlib import Path

import pytest
from grpc import aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from splitwave.common.protocol.messages import Ready
from splitwave.common.runtime.access import RECHECK_S
from splitwave.common.runtime.dialling import open_aio_channel
from splitwave.common.runtime.peer_identity import DEVICE_METADATA
from splitwave.common.runtime.rpc import CLIENT_OPTIONS
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from splitwave.testbed.certificates.store import CertificateStore
from tests.integration.certificates import TWO_LINKS, ask_health, make_store, of, scenario
from tests.integration.raw_device import level_block, raw_device
from tests.integration.servers import IDS, Servers, pass_time
from tests.integration.testbed import DIGEST, TEST, TRAIN
from tests.limits import LIMIT_S

BOTH = ("base station", "channel")


@pytest.fixture(name="store", scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> CertificateStore:
    return make_store(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("server", BOTH)
def test_a_device_whose_certificate_allows_another_link_is_refused(
    server: str, store: CertificateStore, tmp_path: Path
) -> None:
    endings = []

    async def run(running: Servers) -> None:
        for _ in range(2):
            async with raw_device(running.addresses[server], TWO_LINKS, of(store, "device-1")) as device:
                with pytest.raises(aio.AioRpcError):
                    await device.shake_hands(link=0)
                endings.append(await device.end())
        async with raw_device(running.addresses[server], TWO_LINKS, of(store, "device-1")) as device:
            assert (await device.shake_hands()).link == 1  # link 0 is free, and not allowed

    logs = scenario(run, store, tmp_path)
    reason = "device device-1/raw asks for link 0, and its certificate allows link 1"
    assert endings == 2 * [("PERMISSION_DENIED", reason)]
    refused = [(line["party"], line["reason"], line["times"]) for line in logs if line["event"] == "device refused"]
    assert refused == [("device device-1", reason, 1)]


@pytest.mark.parametrize("server", BOTH)
def test_a_device_cannot_send_into_the_stream_of_another(server: str, store: CertificateStore, tmp_path: Path) -> None:
    endings = []

    async def run(running: Servers) -> None:
        address = running.addresses[server]
        async with (
            raw_device(address, TWO_LINKS, of(store, "device-0")) as first,
            raw_device(address, TWO_LINKS, of(store, "device-1")) as second,
        ):
            await first.shake_hands()
            await second.shake_hands()
            for device in (first, second):
                await device.send(Ready(TRAIN, TEST, DIGEST))
            await first.receive()
            assert first.contract is not None
            await second.receive()
            await second.send(level_block(first.contract, IDS))
            endings.append(await second.end())

    scenario(run, store, tmp_path)
    assert endings == [("INVALID_ARGUMENT", "a block for link 0 came over link 1")]


CLAIM = ((DEVICE_METADATA, "splitwave://device/device-0?links=0"),)


@pytest.mark.parametrize(
    ("party", "metadata", "status", "reason"),
    [
        ("device-1", CLAIM, "PERMISSION_DENIED", "device device-1 passes on the identity of a device in"),
        ("operator", (), "PERMISSION_DENIED", "operator operator may not call splitwave.uplink.v1.Uplink: for"),
        (
            "basestation",
            (),
            "PERMISSION_DENIED",
            "basestation basestation may not call splitwave.uplink.v1.Uplink",
        ),
        ("channel", (), "UNAUTHENTICATED", "channel channel passes on 0 identities of devices"),
        ("channel", 2 * CLAIM, "UNAUTHENTICATED", "channel channel passes on 2 identities of devices"),
        ("channel", ((DEVICE_METADATA, "root"),), "UNAUTHENTICATED", "'root' names no party"),
        (
            "channel",
            ((DEVICE_METADATA, "splitwave://operator/operator"),),
            "PERMISSION_DENIED",
            "channel channel passes on operator operator, which is no device",
        ),
    ],
)
def test_only_a_device_or_an_emulator_that_names_one_opens_a_stream(
    party: str,
    metadata: tuple[tuple[str, str], ...],
    status: str,
    reason: str,
    store: CertificateStore,
    tmp_path: Path,
) -> None:
    endings = []

    async def run(running: Servers) -> None:
        async with raw_device(running.addresses["base station"], TWO_LINKS, of(store, party), metadata) as device:
            endings.append(await device.end())

    logs = scenario(run, store, tmp_path)
    ((code, details),) = endings
    assert code == status
    assert details.startswith(reason)
    refused = [(line["reason"], line["times"]) for line in logs if line["event"] == "call refused"]
    assert refused == [(details, 1)]


@pytest.mark.parametrize("server", BOTH)
def test_without_tls_nobody_passes_on_an_identity(server: str, tmp_path: Path) -> None:
    endings = []

    async def run(running: Servers) -> None:
        async with raw_device(running.addresses[server], TWO_LINKS, None, CLAIM) as device:
            endings.append(await device.end())

    scenario(run, None, tmp_path)
    ((code, details),) = endings
    assert code == "PERMISSION_DENIED"
    assert details.startswith("a peer without a certificate passes on the identity of a device")


@pytest.mark.parametrize("party", ["device-0", "channel", "basestation"])
def test_control_calls_need_an_operators_certificate(party: str, store: CertificateStore, tmp_path: Path) -> None:
    answers = []

    async def run(running: Servers) -> None:
        address = running.addresses["base station"]
        for name in (party, "operator"):
            async with open_aio_channel(address, CLIENT_OPTIONS, of(store, name)) as grpc_channel:
                try:
                    status = await ControlStub(grpc_channel).GetStatus(pb.GetStatusRequest(), timeout=LIMIT_S)
                    answers.append(("OK", status.run_id))
                except aio.AioRpcError as error:
                    answers.append((error.code().name, str(error.details())))
            assert await ask_health(address, of(store, name)) == "OK"

    scenario(run, store, tmp_path)
    role = of_role(party)
    service = "splitwave.control.v1.Control"
    denied = f"{role} {party} may not call {service}: for operators"
    assert answers == [("PERMISSION_DENIED", denied), ("OK", "run")]


def of_role(party: str) -> str:
    return party.partition("-")[0]


def test_a_revoked_certificate_is_refused_on_calls_to_come_and_under_way(tmp_path: Path) -> None:
    store, endings = make_store(tmp_path / "certificates"), []

    async def run(running: Servers) -> None:
        address = running.addresses["base station"]
        async with raw_device(address, TWO_LINKS, of(store, "device-0")) as device:
            await device.shake_hands()
            assert await ask_health(address, of(store, "device-1")) == "OK"
            store.revoke("device-0")
            pass_time(RECHECK_S)
            endings.append(await device.end())
        async with raw_device(address, TWO_LINKS, of(store, "device-0")) as device:
            endings.append(await device.end())
        assert await ask_health(address, of(store, "device-1")) == "OK"

    serial = of(store, "device-0").certificate.serial
    logs = scenario(run, store, tmp_path / "state")
    assert endings == 2 * [("UNAUTHENTICATED", f"certificate {serial:x} is revoked")]
    refused = [(line["party"], line["times"]) for line in logs if line["event"] == "call refused"]
    assert refused == [("device device-0", 1)]
    assert [line["calls"] for line in logs if line["event"] == "refused"] == [2]


def test_a_stream_of_answers_that_says_nothing_ends_when_its_certificate_is_revoked(tmp_path: Path) -> None:
    store, endings = make_store(tmp_path / "certificates"), []

    async def run(running: Servers) -> None:
        async with open_aio_channel(
            running.addresses["channel"], CLIENT_OPTIONS, of(store, "operator")
        ) as grpc_channel:
            watch = HealthStub(grpc_channel).Watch(HealthCheckRequest())
            assert (await watch.read()).status == HealthCheckResponse.SERVING
            store.revoke("operator")
            pass_time(RECHECK_S)
            endings.append((await watch.code()).name)

    scenario(run, store, tmp_path / "state")
    assert endings == ["UNAUTHENTICATED"]
