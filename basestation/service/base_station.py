"""Puts a base station together and serves one run."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from grpc import aio

from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.admission import Admission
from splitwave.basestation.run.agenda import Agenda, Report
from splitwave.basestation.run.beta_control import BetaControl
from splitwave.basestation.run.coordinator import Coordinator, MakeTrainer
from splitwave.basestation.run.doorway import Doorway
from splitwave.basestation.run.events import RunEvents, RunObserver
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.run_context import Labels, RunContext
from splitwave.basestation.run.run_log import RunLog
from splitwave.basestation.run.run_logger import RunLogger
from splitwave.basestation.run.run_state import RunState
from splitwave.basestation.run.serving_record import ServingRecord
from splitwave.basestation.service import control_service, uplink_service
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels, run_fingerprint
from splitwave.common.protocol.channel_model import check_rate_noise
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.checkpoint import check_state_dir, load_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest
from splitwave.common.records.results import RunResult
from splitwave.common.runtime.rpc import UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.wire.pb import control_pb2_grpc, uplink_pb2_grpc


@dataclass(frozen=True, slots=True)
class BaseStation:
    """A base station for one run.

    Attributes:
        config: the run's settings.
        labels: of all samples.
        listen: HOST:PORT for devices, emulators and watchers.
        state_dir: for its checkpoint part and the manifest.
        restore: evaluate the checkpoint in `state_dir` instead of training.
        policy: how long to wait for what.
        report: receives the result as soon as it is there, which with `policy.serve_every_s` is not the end, and again
            after every later serving pass.
        observers: follow the run's events.
    """

    config: RunConfig
    labels: Labels
    listen: str
    state_dir: Path
    restore: bool
    run_id: str
    policy: Policy = field(default_factory=Policy)
    report: Report = lambda _result: None
    observers: Sequence[RunObserver] = ()

    async def serve(self, announce: Callable[[str], None], stop: asyncio.Event) -> RunResult | None:
        """Serve the run to its end; None if `stop` is set before there is a result.

        Args:
            announce: receives the bound HOST:PORT.
            stop: set on SIGTERM.

        Raises:
            AddressError: it cannot listen there.
            CheckpointError: there is no checkpoint to restore, or none can be written.
            ConfigError: the fusion policy or a channel model cannot be loaded, or the rate needs noise and has none.
            RunFailedError: a link was lost on the way, and did not come back.
        """
        check_rate_noise(self.config)
        torch.set_num_threads(self.config.runtime.torch_threads)  # of this thread, which decodes brief blocks itself
        with Compute(self.config.runtime.torch_threads) as compute:
            coordinator = self._coordinator(compute)

            def register(server: aio.Server) -> None:
                uplink_pb2_grpc.add_UplinkServicer_to_server(uplink_service.UplinkService(Doorway(coordinator)), server)
                control_pb2_grpc.add_ControlServicer_to_server(control_service.ControlService(coordinator), server)

            services = [UPLINK_SERVICE, control_service.SERVICE]
            async with serving(self.listen, register, services) as address:
                announce(address)
                return await _until(stop, coordinator.lead())

    def _coordinator(self, compute: Compute) -> Coordinator:
        context, policy = self._context(compute), self.policy
        manifest = self._manifest()
        state = RunState(context.events)
        agenda = Agenda(context, state, restore=manifest, serve_every_s=policy.serve_every_s, report=self.report)
        samples = (len(self.labels.train), len(self.labels.test))
        parts, devices = (manifest.device_sha256, manifest.device_ids) if manifest else ((), ())
        return Coordinator(
            context,
            state,
            Admission(self.config, self.run_id, samples, self.labels.data_digest, restore=parts, last_devices=devices),
            agenda,
            make_trainer=self._make_trainer(context.plan),
            rejoin_s=policy.rejoin_s,
            late_after_s=policy.late_after_s,
        )

    def _context(self, compute: Compute) -> RunContext:
        log, served = RunLog(), ServingRecord()
        return RunContext(
            run_id=self.run_id,
            config=self.config,
            plan=RunPlan(self.config, len(self.labels.train), len(self.labels.test)),
            labels=self.labels,
            state_dir=self.state_dir,
            compute=compute,
            beta_control=BetaControl(self.config),
            events=RunEvents((RunLogger(self.config.links), log, served, *self.observers)),
            log=log,
            served=served,
        )

    def _manifest(self) -> Manifest | None:
        """The checkpoint to restore, if any."""
        if not self.restore:
            check_state_dir(self.state_dir, "--state")
            return None
        manifest = Manifest.read(self.state_dir)
        manifest.check_fits(self.config, self.state_dir)
        return manifest

    def _make_trainer(self, plan: RunPlan) -> MakeTrainer:
        def make_trainer(checkpoint: Manifest | None) -> Trainer:
            trainer = Trainer(self.config, plan, torch.from_numpy(self.labels.train))
            if checkpoint is not None:
                load_part(self.state_dir / BASESTATION_PART, trainer.decoder, checkpoint.basestation_sha256)
            return trainer

        return make_trainer


def open_labels(config: RunConfig, data_dir: Path | None) -> Labels:
    """Load the labels of both splits, and no image where these are separate files.

    Raises:
        DataError: the data are missing or damaged.
    """
    choice = config.data.choice
    return Labels(
        train=load_labels(choice, "train", data_dir),
        test=load_labels(choice, "test", data_dir),
        data_digest=run_fingerprint(choice, data_dir),
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
