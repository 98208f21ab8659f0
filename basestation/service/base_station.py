"""Puts a base station together and serves one run."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import torch
from grpc import aio

from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.run.attempt import Labels, Run
from splitwave.basestation.run.beta_control import BetaControl
from splitwave.basestation.run.coordinator import Coordinator, Report
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.run_log import RunLog
from splitwave.basestation.service import control_service, uplink_service
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import fingerprint, load_labels
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.checkpoint import check_state_dir, load_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest
from splitwave.common.records.results import RunResult
from splitwave.common.runtime.server import serving
from splitwave.common.wire.pb import control_pb2_grpc, uplink_pb2_grpc


@dataclass(frozen=True, slots=True)
class BaseStation:
    """What one run of a base station needs.

    Attributes:
        listen: HOST:PORT for devices, emulators and watchers.
        state_dir: for its checkpoint part and the manifest.
        restore: evaluate the checkpoint in `state_dir` instead of training.
        policy: how long to wait for what.
        report: receives the result as soon as it is there, which with `policy.serve_every_s` is not the end, and again
            after every later serving pass.
    """

    config: RunConfig
    labels: Labels
    listen: str
    state_dir: Path
    restore: bool
    run_id: str
    policy: Policy = field(default_factory=Policy)
    report: Report = lambda _result: None

    async def serve(self, announce: Callable[[str], None], stop: asyncio.Event) -> RunResult | None:
        """Serve the run to its end; None if `stop` is set before there is a result.

        Args:
            announce: told the bound HOST:PORT.
            stop: set on SIGTERM.

        Raises:
            AddressError: cannot listen.
            CheckpointError: there is nothing to restore, or nowhere to write.
            RunFailedError: a link was lost on the way, and did not come back.
        """
        torch.set_num_threads(self.config.runtime.torch_threads)  # of this thread, which decodes what is brief
        with Compute(self.config.runtime.torch_threads) as compute:
            coordinator = self._coordinator(compute)

            def register(server: aio.Server) -> None:
                uplink_pb2_grpc.add_UplinkServicer_to_server(uplink_service.UplinkService(coordinator), server)
                control_pb2_grpc.add_ControlServicer_to_server(control_service.ControlService(coordinator), server)

            services = [uplink_service.SERVICE, control_service.SERVICE]
            async with serving(self.listen, register, services) as address:
                announce(address)
                return await _until(stop, coordinator.lead())

    def _coordinator(self, compute: Compute) -> Coordinator:
        plan = RunPlan(self.config, len(self.labels.train), len(self.labels.test))
        manifest = None
        if not self.restore:
            check_state_dir(self.state_dir, "--state")
        else:
            manifest = Manifest.read(self.state_dir)
            manifest.check_fits(self.config, self.state_dir)

        def make_trainer(checkpoint: Manifest | None) -> Trainer:
            trainer = Trainer(self.config, plan, torch.from_numpy(self.labels.train))
            if checkpoint is not None:
                load_part(self.state_dir / BASESTATION_PART, trainer.decoder, checkpoint.basestation_sha256)
            return trainer

        return Coordinator(
            Run(self.config, plan, self.labels, self.state_dir, compute, RunLog(), BetaControl(self.config)),
            run_id=self.run_id,
            make_trainer=make_trainer,
            restore=manifest,
            policy=self.policy,
            report=self.report,
        )


def open_labels(config: RunConfig, data_dir: Path | None) -> Labels:
    """Load the labels of both splits, and no image where these are separate files.

    Raises:
        DataError: the data are missing or damaged.
    """
    name = config.data.name
    return Labels(
        train=load_labels(name, "train", data_dir),
        test=load_labels(name, "test", data_dir),
        data_digest=fingerprint(name, data_dir),
    )


async def _until(stop: asyncio.Event, run: Coroutine[None, None, RunResult]) -> RunResult | None:
    running, stopped = asyncio.create_task(run), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        running.cancel()  # without effect if the run is over
        await asyncio.gather(running, stopped, return_exceptions=True)
    return None if running.cancelled() else running.result()
