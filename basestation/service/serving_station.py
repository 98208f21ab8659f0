"""Puts a station together that answers live queries, and serves until it is stopped."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from grpc import aio

from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.service import control_service, uplink_service
from splitwave.basestation.service.base_station import Access
from splitwave.basestation.service.station_control import StationControl
from splitwave.basestation.serving.deployed_models import DeployedModels
from splitwave.basestation.serving.live_admission import LiveAdmission
from splitwave.basestation.serving.live_station import QUERY_TIMEOUT_S, LiveStation
from splitwave.basestation.serving.model_store import ModelStore
from splitwave.basestation.serving.model_switch import READY_LIMIT_S, ModelSwitch
from splitwave.basestation.serving.serving_betas import ServingBetas
from splitwave.basestation.serving.station_controls import StationControls
from splitwave.basestation.serving.station_entrance import StationEntrance
from splitwave.common.runtime.rpc import MAX_STREAMS, UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.wire.pb import control_pb2_grpc, uplink_pb2_grpc


@dataclass(frozen=True, slots=True)
class ServingStation:
    """A base station that answers the queries of live devices, and does nothing else.

    Attributes:
        model: folder that `splitwave export` wrote.
        listen: HOST:PORT for devices, emulators and operators.
        station_id: its name in logs.
        query_timeout_s: how long a query waits for links at most.
        ready_limit_s: how long devices may take to load a model that is deployed.
        trusted: file with the public key that must have signed every model; None takes all.
        python_path: folder that code of a user's own is imported from, which is consent to run it.
        deployed: folder that keeps deployed models, and which of them is in use, for a station that is started again;
            None keeps none.
        max_streams: calls that it serves at the same time.
        access: who may call it.
    """

    model: Path
    listen: str
    station_id: str
    query_timeout_s: float = QUERY_TIMEOUT_S
    ready_limit_s: float = READY_LIMIT_S
    trusted: Path | None = None
    python_path: Path | None = None
    deployed: Path | None = None
    max_streams: int = MAX_STREAMS
    access: Access = field(default_factory=Access)

    async def serve(self, announce: Callable[[str], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set.

        Args:
            announce: receives the bound HOST:PORT.
            stop: set on SIGTERM.

        Raises:
            AddressError: it cannot listen there.
            CheckpointError: the model cannot be read.
            ConfigError: its networks or its fusion policy cannot be loaded.
        """
        deployed = DeployedModels(self.deployed)
        store = ModelStore(deployed.in_use(self.model), self.trusted, self.python_path)
        threads = store.current.config.runtime.torch_threads
        torch.set_num_threads(threads)  # of this thread, which decodes brief queries itself
        with Compute(threads) as compute:
            station = LiveStation(store, compute, query_timeout_s=self.query_timeout_s)
            admission = LiveAdmission(store, self.station_id)
            betas = ServingBetas(store.current.config, folded=store.current.folded)
            switch = ModelSwitch(store, admission, station.fusion, betas, deployed, ready_limit_s=self.ready_limit_s)
            entrance = StationEntrance(station, admission, switch)
            controls = StationControls(store, station, admission, betas, switch)

            def register(server: aio.Server) -> None:
                uplink = uplink_service.UplinkService(entrance, self.access.testbed)
                uplink_pb2_grpc.add_UplinkServicer_to_server(uplink, server)
                control = StationControl(controls, self.station_id)
                control_pb2_grpc.add_ControlServicer_to_server(control, server)

            services = [UPLINK_SERVICE, control_service.SERVICE]
            async with serving(
                self.listen,
                register,
                services,
                self.access.tls,
                reflection=self.access.reflection,
                max_streams=self.max_streams,
            ) as address:
                announce(address)
                try:
                    await _until(stop, station)
                finally:
                    admission.close()
                    station.close()


async def _until(stop: asyncio.Event, station: LiveStation) -> None:
    """Answer queries until `stop` is set; an error of the decoder that is a bug ends the station."""
    answering, stopped = asyncio.create_task(station.answer_queries()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({answering, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answering.result()
    finally:
        answering.cancel()
        stopped.cancel()
        await asyncio.gather(answering, stopped, return_exceptions=True)
