"""A training whose parties are started by hand, with or without a faulty network between them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.identity import Identity, Role
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.certificates.store import LOCAL_HOSTS, CertificateStore
from tests.e2e.chaos.by_hand import BASESTATION, CHANNEL, ByHand
from tests.e2e.chaos.faulty_network import FaultyNetwork


class TrainingByHand:
    """See `Training`."""

    def __init__(self, testbed: ByHand) -> None:
        self._testbed = testbed

    @property
    def parties(self) -> Sequence[str]:
        return list(self._testbed.parties)

    @property
    def ended(self) -> bool:
        return self._testbed.parties[BASESTATION].over.is_set()

    async def status(self) -> pb.RunStatus | None:
        return await self._testbed.status()

    async def kill(self, party: str) -> bool:
        return self._testbed.parties[party].kill()

    async def weights_sha256(self) -> str:
        await self._testbed.finished()
        return self._testbed.weights_sha256()


@asynccontextmanager
async def training_by_hand(
    config: RunConfig, folder: Path, checkpoint_every: int, network: FaultyNetwork | None
) -> AsyncIterator[TrainingByHand]:
    """Start all parties. Through a faulty network they use mutual TLS, without which nobody notices a flipped bit."""
    certificates = None if network is None else make_certificates(folder / "certificates", config.links)
    testbed = ByHand(config, folder / "run", checkpoint_every=checkpoint_every, certificates=certificates)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(testbed.stop)
        address = await testbed.start_basestation()
        if network is not None:
            address = await stack.enter_async_context(network.proxy(address))
        address = await testbed.start_channel(address)
        if network is not None:
            address = await stack.enter_async_context(network.proxy(address))
        for link in range(config.links):
            await testbed.start_device(link, address)
        yield TrainingByHand(testbed)


def make_certificates(folder: Path, links: int) -> Path:
    """Make an authority and a certificate for each party, as `splitwave certs init` does."""
    store = CertificateStore.create(folder, days=2)
    servers = (Identity(Role.BASESTATION, BASESTATION), Identity(Role.CHANNEL, CHANNEL))
    devices = [Identity(Role.DEVICE, f"device-{link}", frozenset({link})) for link in range(links)]
    for party in (*servers, Identity(Role.OPERATOR, "operator"), *devices):
        store.add(party, LOCAL_HOSTS if party.role.serves else (), days=1)
    return folder
