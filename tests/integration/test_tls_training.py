"""A run over TLS is the same run, to the bit."""

import asyncio
from pathlib import Path

import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.runtime.tls_folder import TlsFolder
from tests.integration.certificates import make_store, of
from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import DeviceThread, run_distributed, tiny_data
from tests.limits import LIMIT_S

TWO_LINKS = CONFIG.model_copy(update={"links": 2})


def test_training_over_tls_ends_with_the_weights_of_plaintext(tmp_path: Path) -> None:
    store, data = make_store(tmp_path / "certificates"), tiny_data(2)
    plain = asyncio.run(run_distributed(TWO_LINKS, data, tmp_path / "plain"))
    encrypted = asyncio.run(run_distributed(TWO_LINKS, data, tmp_path / "tls", certificates=store.folder))
    assert encrypted.weights_sha256 == plain.weights_sha256


@pytest.mark.parametrize("name", ["device-1", "operator", "channel"])
def test_a_device_that_is_refused_for_its_certificate_ends_with_the_reason(name: str, tmp_path: Path) -> None:
    store = make_store(tmp_path / "certificates")
    devices: list[DeviceThread] = []

    async def scenario() -> None:
        async with servers(tmp_path / "state", TWO_LINKS, certificates=store.folder) as running:
            address, views = running.addresses["base station"], tiny_data(2).views
            devices.append(DeviceThread(address, 0, views, tmp_path, tls=of(store, name)))
            await devices[0].join()

    asyncio.run(scenario())
    assert isinstance(devices[0].error, ProtocolError)
    assert devices[0].attempts == 1


def test_a_device_with_an_expired_certificate_waits_for_another(tmp_path: Path) -> None:
    store = make_store(tmp_path / "certificates")
    store.renew(["device-0", "device-1"], days=-1)
    devices: list[DeviceThread] = []

    async def scenario() -> None:
        async with servers(tmp_path / "state", TWO_LINKS, certificates=store.folder) as running:
            views = tiny_data(2).views
            for link in range(2):
                tls = TlsFolder(store.folder / f"device-{link}")
                address = running.addresses["channel"]
                devices.append(DeviceThread(address, link, views, tmp_path, connect_timeout_s=LIMIT_S, tls=tls))
            store.renew(["device-0", "device-1"], days=1)
            assert await running.run is not None
            for device in devices:
                await device.join()

    asyncio.run(scenario())
    assert [device.error for device in devices] == [None, None]
