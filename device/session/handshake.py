"""The device's side of the handshake: from a Welcome to a device that is ready."""

from collections.abc import Callable
from dataclasses import dataclass

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import Ready, Welcome
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.version_check import check_basestation_version
from splitwave.device.learning.views import Views
from splitwave.device.learning.worker import DeviceWorker
from splitwave.device.measurement.symbol_histograms import SymbolHistograms
from splitwave.device.session.checkpoint_parts import CheckpointParts

OpenViews = Callable[[RunConfig, int], Views]


@dataclass(frozen=True, slots=True)
class Lease:
    """A leased link, with everything that a device needs for it.

    Attributes:
        config: the run's settings.
        contract: the limits of what the link may carry.
        views: of the link.
        worker: trains and encodes.
        histograms: of the symbols that the device serves with.
    """

    config: RunConfig
    contract: LinkContract
    views: Views
    worker: DeviceWorker
    histograms: SymbolHistograms

    @property
    def ready(self) -> Ready:
        """The device's answer to the Welcome."""
        return Ready(len(self.views.train), len(self.views.test), self.views.data_digest)


class Handshake:
    """Sets a device up as a Welcome asks."""

    def __init__(self, open_views: OpenViews, parts: CheckpointParts) -> None:
        """Args: a function that loads the views of a link, and the parts of checkpoints to restore."""
        self._open_views = open_views
        self._parts = parts

    def accept(self, welcome: Welcome, previous: Lease | None) -> Lease:
        """Take a lease, with fresh weights or those of a checkpoint.

        Args:
            welcome: from a base station.
            previous: the lease from an earlier Welcome on the same stream, whose views are used again; else None.

        Raises:
            ProtocolError: the base station speaks another protocol version, or moves the device to another run.
            DataError: the device does not have the run's data.
            CheckpointError: it does not have the part that it is asked to restore, or cannot write one.
        """
        check_basestation_version(welcome)
        config, link = RunConfig.from_handshake(welcome.settings_json), welcome.link
        views = self._open_views(config, link) if previous is None else _views_again(previous, config, link)
        worker = DeviceWorker(config, link, views)
        if welcome.restore_sha256 is None:
            self._parts.check_writable()
        elif welcome.resume_step is not None:
            self._parts.check_writable()
            self._parts.resume(link, worker, welcome.resume_step, welcome.restore_sha256, views.data_digest)
        else:
            self._parts.restore(link, worker.model, welcome.restore_sha256)
        histograms = SymbolHistograms(config.encoder.dimension, config.quantizer.breakpoints)
        return Lease(config, link_contract(config, link), views, worker, histograms)


def _views_again(previous: Lease, config: RunConfig, link: int) -> Views:
    if (previous.contract.link, previous.config) != (link, config):
        raise ProtocolError(f"the base station moved this device from link {previous.contract.link} to another run")
    return previous.views
