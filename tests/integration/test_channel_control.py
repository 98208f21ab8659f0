"""The control service of an emulator: its calls, its refusals, and the party that may call it."""

from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError, UnreachableError
from splitwave.common.protocol.channel_changes import PLAN, ChannelChange, PlannedValues
from splitwave.common.protocol.live_channel import NO_VALUES, ChannelValues
from splitwave.testbed.certificates.store import CertificateStore
from splitwave.testbed.channel_client import connected
from tests.integration.certificates import make_store, of, scenario
from tests.integration.servers import Servers

BAD = ChannelValues(psnr_db=-20.0)


def test_an_operator_lists_sets_and_watches_and_reads_why_a_change_is_refused(tmp_path: Path) -> None:
    async def operate(running: Servers) -> None:
        async with connected(running.addresses["channel"]) as client:
            watched = client.watch()
            assert (await anext(watched)).links == ()
            report = await client.set([ChannelChange(1, BAD)])
            assert [(link.link, link.channel.values, link.connected) for link in report.links] == [(1, BAD, False)]
            assert await anext(watched) == report == await client.list()
            await client.plan([PlannedValues(1, number, BAD) for number in range(2_500)])
            assert [link.planned for link in (await client.list()).links] == [2_500]
            with pytest.raises(ConfigError, match="no device has been welcomed yet: name a link"):
                async with connected(running.addresses["channel"]) as another:
                    await another.set([ChannelChange(None, BAD)])
            with pytest.raises(ConfigError, match="link 1 follows a plan of 2500 rows: end it first with plan=none"):
                async with connected(running.addresses["channel"]) as another:
                    await another.set([ChannelChange(1, BAD)])
            report = await client.set([ChannelChange(1, reset=frozenset({PLAN, "psnr_db"}))])
            assert [(link.planned, link.channel.values) for link in report.links] == [(0, NO_VALUES)]
        with pytest.raises(UnreachableError, match="answers, but it is not a channel emulator"):
            async with connected(running.addresses["base station"]) as wrong:
                await wrong.list()

    scenario(operate, None, tmp_path)


@pytest.fixture(name="store", scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> CertificateStore:
    return make_store(tmp_path_factory.mktemp("certificates"))


def test_only_an_operator_may_change_links(store: CertificateStore, tmp_path: Path) -> None:
    async def operate(running: Servers) -> None:
        async with connected(running.addresses["channel"], of(store, "operator")) as client:
            assert (await client.set([ChannelChange(0, BAD)])).version == 1
        for party in ("device-0", "basestation"):
            with pytest.raises(
                ConfigError, match=r"may not call splitwave\.channel\.v1\.ChannelControl: for operators"
            ):
                async with connected(running.addresses["channel"], of(store, party)) as client:
                    await client.set([ChannelChange(0, BAD)])

    scenario(operate, store, tmp_path)
