"""Follows a run whose base station may die and come back at the same address, where it goes on with the run."""

from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.testbed.control_client import BaseStationLostError, watch_run
from splitwave.testbed.engine import Event, Observer, StartedOver


async def follow_run(address: str, observe: Observer, return_limit_s: float, tls: TlsFolder | None = None) -> RunResult:
    """Follow a run to its end, over as many connections as it takes.

    Args:
        address: of the base station.
        observe: receives every epoch and the progress in between. A base station that comes back reports all epochs
            again; those that are as before are not passed on. Epochs that were trained again are.
        return_limit_s: seconds that a base station may take to come back.
        tls: files to dial it with.

    Raises:
        RunFailedError: the run failed.
        UnreachableError: the base station did not come back.
        ProtocolError: the base station sent something that is not a report.
    """
    changes = _Changes(observe)
    limit_s = None
    while True:
        try:
            return await watch_run(address, changes, tls, limit_s)
        except BaseStationLostError:
            changes.lost_base_station()
            limit_s = return_limit_s


class _Changes:
    """Passes on what the observer has not heard yet."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._epochs: dict[int, EpochRecord] = {}
        self._is_lost = False

    def lost_base_station(self) -> None:
        """Report this when the base station is back: one that is stopped is lost, too, and the run is then over."""
        self._is_lost = True

    def __call__(self, event: Event) -> None:
        if self._is_lost:
            self._is_lost = False
            self._observe(StartedOver("the base station was lost"))
        if isinstance(event, EpochRecord):
            if self._epochs.get(event.epoch) == event:
                return
            self._epochs[event.epoch] = event
        self._observe(event)
