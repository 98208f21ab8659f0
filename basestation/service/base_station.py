"""Puts a base station together and serves one run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from grpc import aio

from splitwave.basestation.adaptation.link_adaptation import LinkAdaptation
from splitwave.basestation.learning.compute_thread import Compute
from splitwave.basestation.learning.trainer import Trainer
from splitwave.basestation.links.admission import Admission
from splitwave.basestation.run.agenda import Agenda, Report
from splitwave.basestation.run.beta_control import BetaControl
from splitwave.basestation.run.coordinator import Checkpoint, Coordinator, MakeTrainer
from splitwave.basestation.run.doorway import Doorway
from splitwave.basestation.run.earlier_training import Resume, finished_training, restored_weights, training_to_resume
from splitwave.basestation.run.events import RunEvents, RunObserver
from splitwave.basestation.run.kept_checkpoints import KeptCheckpoints
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.run_context import Labels, RunContext
from splitwave.basestation.run.run_log import RunLog
from splitwave.basestation.run.run_logger import RunLogger
from splitwave.basestation.run.run_state import RunState
from splitwave.basestation.run.serving_record import ServingRecord
from splitwave.basestation.run.training import Trained
from splitwave.basestation.service import control_service, uplink_service
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels, run_fingerprint
from splitwave.common.protocol.channel_model import check_rate_noise
from splitwave.common.protocol.cross_link import check_cross_link
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.checkpoint import check_state_dir, load_part
from splitwave.common.records.manifest import BASESTATION_PART
from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.common.records.training_manifest import TrainingManifest, step_folder
from splitwave.common.records.training_part import TrainingPart
from splitwave.common.runtime.rpc import MAX_STREAMS, UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import control_pb2_grpc, uplink_pb2_grpc


@dataclass(frozen=True, slots=True)
class Access:
    """The access to a server.

    Attributes:
        tls: its files for TLS; None for plaintext.
        reflection: whether clients may ask which services there are.
        testbed: its name; devices whose certificates have another name, or none, are refused.
    """

    tls: TlsFolder | None = None
    reflection: bool = False
    testbed: str | None = None


@dataclass(frozen=True, slots=True)
class BaseStation:
    """A base station for one run.

    Attributes:
        config: the run's settings.
        labels: of all samples.
        listen: HOST:PORT for devices, emulators and watchers.
        state_dir: for its checkpoint part and the manifest.
        restore: evaluate the checkpoint in `state_dir` instead of training.
        resume: when to go on with the training in `state_dir`; no matter with `restore`.
        policy: how long to wait for what.
        report: receives the result as soon as it is there, which with `policy.serve_every_s` is not the end, and again
            after every later serving pass.
        observers: follow the run's events.
        max_streams: calls that it serves at the same time.
        access: who may call it.
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
    resume: Resume = Resume.NEVER
    max_streams: int = MAX_STREAMS
    access: Access = field(default_factory=Access)

    async def serve(
        self, announce: Callable[[str], None], stop: asyncio.Event, keep_and_stop: asyncio.Event | None = None
    ) -> RunResult | None:
        """Serve the run to its end; None if `stop` is set before there is a result.

        Args:
            announce: receives the bound HOST:PORT.
            stop: set on SIGTERM.
            keep_and_stop: set on SIGUSR1: ends a training after a checkpoint at the next step boundary, and endless
                serving as `stop` does; an evaluation ends by itself.

        Raises:
            AddressError: it cannot listen there.
            CheckpointError: there is no checkpoint to restore, or none can be written.
            ConfigError: the fusion policy or a channel model cannot be loaded, the rate needs noise and has
                none, or links cannot meet.
            RunFailedError: a link was lost on the way, and did not come back.
            RunStoppedError: training ended because of `keep_and_stop`.
        """
        check_rate_noise(self.config)
        check_cross_link(self.config)
        torch.set_num_threads(self.config.runtime.torch_threads)  # of this thread, which decodes brief blocks itself
        with Compute(self.config.runtime.torch_threads) as compute:
            coordinator = self._coordinator(compute)

            def register(server: aio.Server) -> None:
                uplink = uplink_service.UplinkService(Doorway(coordinator), self.access.testbed)
                uplink_pb2_grpc.add_UplinkServicer_to_server(uplink, server)
                control_pb2_grpc.add_ControlServicer_to_server(control_service.ControlService(coordinator), server)

            services = [UPLINK_SERVICE, control_service.SERVICE]
            tls, reflection = self.access.tls, self.access.reflection
            async with serving(
                self.listen, register, services, tls, reflection=reflection, max_streams=self.max_streams
            ) as address:
                announce(address)
                async with _stopped_by(keep_and_stop or asyncio.Event(), coordinator, stop):
                    result = await _until(stop, coordinator.lead())
                if result is not None and not stop.is_set():
                    await self._await_watcher(coordinator.context.log, stop)
                return result

    async def _await_watcher(self, log: RunLog, stop: asyncio.Event) -> None:
        """Let a watcher that lost this base station for a moment learn the result."""
        ends = [asyncio.create_task(each) for each in (log.wait_until_delivered(), stop.wait())]
        await asyncio.wait(ends, timeout=self.policy.await_watcher_s, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    def _coordinator(self, compute: Compute) -> Coordinator:
        kept = self._kept()
        trained = self._trained(kept.newest)
        known = trained.epochs if trained else kept.newest.epochs if kept.newest else ()
        context, policy = self._context(compute, kept, known), self.policy
        state = RunState(context.events)
        agenda = Agenda(context, state, trained=trained, serve_every_s=policy.serve_every_s, report=self.report)
        samples = (len(self.labels.train), len(self.labels.test))
        return Coordinator(
            context,
            state,
            Admission(self.config, self.run_id, samples, self.labels.data_digest, restore=agenda.checkpoint),
            agenda,
            make_trainer=self._make_trainer(context.plan),
            rejoin_s=policy.rejoin_s,
            late_after_s=policy.late_after_s,
            give_up_s=policy.give_up_s,
        )

    def _context(self, compute: Compute, kept: KeptCheckpoints, known: Sequence[EpochRecord]) -> RunContext:
        log, served = RunLog(), ServingRecord()
        for record in known:
            log.add(record)
        return RunContext(
            run_id=self.run_id,
            config=self.config,
            plan=RunPlan(self.config, len(self.labels.train), len(self.labels.test)),
            labels=self.labels,
            state_dir=self.state_dir,
            compute=compute,
            beta_control=BetaControl(self.config),
            adaptation=LinkAdaptation(self.config),
            events=RunEvents((RunLogger(self.config.links), log, served, *self.observers)),
            log=log,
            served=served,
            kept=kept,
        )

    def _trained(self, kept: TrainingManifest | None) -> Trained | None:
        """The trained weights to begin with, if any."""
        if self.restore:
            return restored_weights(self.state_dir, self.config)
        check_state_dir(self.state_dir, "--state")
        if self.resume is Resume.NEVER or (kept is not None and len(kept.epochs) == self.config.training.epochs):
            return None  # devices that go on from a training checkpoint know more: how many steps they have taken
        return finished_training(self.state_dir, self.config, self.labels.data_digest)

    def _kept(self) -> KeptCheckpoints:
        """The checkpoints of the training, with the one to go on from."""
        resume = Resume.NEVER if self.restore else self.resume
        newest = training_to_resume(resume, self.state_dir, self.config, self.labels.data_digest)
        every, last = self.policy.checkpoint_every, self.policy.keep_checkpoints
        return KeptCheckpoints(self.state_dir, every=every, last=last, newest=newest)

    def _make_trainer(self, plan: RunPlan) -> MakeTrainer:
        def make_trainer(checkpoint: Checkpoint | None) -> Trainer:
            trainer = Trainer(self.config, plan, torch.from_numpy(self.labels.train))
            if isinstance(checkpoint, TrainingManifest):
                path = step_folder(self.state_dir, checkpoint.step) / BASESTATION_PART
                trainer.resume(TrainingPart.read(path, checkpoint.basestation_sha256), path)
            elif checkpoint is not None:
                load_part(self.state_dir / BASESTATION_PART, trainer.decoder, checkpoint.basestation_sha256)
            return trainer

        return make_trainer


@asynccontextmanager
async def _stopped_by(requested: asyncio.Event, coordinator: Coordinator, stop: asyncio.Event) -> AsyncIterator[None]:
    """Within the `async with`, end the run in good order when that is requested."""

    async def relay() -> None:
        await requested.wait()
        coordinator.context.kept.request_stop()
        if coordinator.agenda.result is not None:
            stop.set()  # only endless serving has to be ended

    relaying = asyncio.create_task(relay())
    try:
        yield
    finally:
        relaying.cancel()


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
