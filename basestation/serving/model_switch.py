"""Changes the model of a station and its devices, without losing a query."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from splitwave.basestation.serving.deployed_models import DeployedModels
from splitwave.basestation.serving.live_admission import LiveAdmission
from splitwave.basestation.serving.live_model import LiveModel
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.basestation.serving.model_store import ModelStore
from splitwave.basestation.serving.query_fusion import QueryFusion
from splitwave.basestation.serving.serving_betas import ServingBetas
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.live_messages import ModelReady, UseModel
from splitwave.common.protocol.messages import SetLink

READY_LIMIT_S = 120.0
"""Seconds that the devices have to load a model; then it is given up, and all go on with the model in use."""

log = structlog.get_logger()


class ModelSwitch:
    """Sends a model to all devices, and has them use it once each of them has loaded it.

    Devices then encode with it from their next query on. Parts that are under way come from the model before: see
    `WaitingQuery` for queries whose parts come from both.
    """

    def __init__(
        self,
        store: ModelStore,
        admission: LiveAdmission,
        fusion: QueryFusion,
        betas: ServingBetas,
        deployed: DeployedModels,
        *,
        ready_limit_s: float = READY_LIMIT_S,
    ) -> None:
        """No model is being deployed. Args: the station's parts; seconds that the devices have to load a model."""
        self._store = store
        self._admission = admission
        self._fusion = fusion
        self._betas = betas
        self._deployed = deployed
        self._ready_limit_s = ready_limit_s
        self._changed = asyncio.Event()
        self._refusals: dict[int, str] = {}
        self._under_way = False
        fusion.use(store.current.number)

    def greet(self, session: LiveSession, version: str) -> None:
        """Send a new device the models that it needs."""
        current, candidate = self._store.current, self._store.candidate
        if version != current.version:
            session.send_chunks(current.chunks(session.link))
        if candidate is not None:
            session.send_chunks(candidate.chunks(session.link))
        limit = asyncio.get_running_loop().call_later(self._ready_limit_s, self._end_unless_ready, session)
        session.end_unless_ready(limit)

    def loaded(self, session: LiveSession, ready: ModelReady) -> None:
        """Note whether a device can use a model; with that in use it takes part, under the β that was set for its link.

        Raises:
            ProtocolError: there is no such model, the device has said so before, or it cannot use that in use.
        """
        number, current = ready.number, self._store.current.number
        if not self._store.was_offered(number):
            raise ProtocolError(
                f"link {session.link} is ready for model {number}, which it was not sent", Refusal.FAILED_PRECONDITION
            )
        session.say(number, refused=bool(ready.refusal))
        if ready.refusal:
            if number == current:
                raise ProtocolError(f"link {session.link} cannot use model {number}: {ready.refusal}", Refusal.ABORTED)
            session.unload(number)
            self._refusals.setdefault(number, f"link {session.link} (device {session.device_id}): {ready.refusal}")
            self._changed.set()
            return
        if number in self._store.numbers:  # else it was given up meanwhile
            session.load(number)
        if number == current:
            self._fusion.connect(session.link)
            self._send_beta(session)
        self._changed.set()

    def lost(self) -> None:
        """A device is gone: nobody waits for it."""
        self._changed.set()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other changes out, for as long as a model arrives and is deployed, or is rolled back to.

        Raises:
            ProtocolError: another change is under way.
        """
        if self._under_way:
            raise ProtocolError("another model is being deployed", Refusal.FAILED_PRECONDITION)
        self._under_way = True
        try:
            yield
        finally:
            self._under_way = False

    async def deploy(self, folder: Path) -> LiveModel:
        """Use the model of a folder, and keep it for the next start; within `alone`. That in use is not changed.

        Raises:
            CheckpointError, ConfigError: the folder cannot be read, see `ModelStore.open`.
            ProtocolError: the model cannot follow the one in use, or a device did not load it in time.
        """
        model = await asyncio.to_thread(self._store.open, folder)
        self._betas.check_fits(model.config, folded=model.folded)
        if model.content != self._store.current.content:
            await self._change_to(model)
        await self._keep(folder)
        return self._store.current

    async def roll_back(self) -> LiveModel:
        """Use the model before the one in use again; within `alone`.

        Raises:
            ProtocolError: there is none, it does not fit a β that was set since, or as for `deploy`.
        """
        previous = self._store.previous
        if previous is None:
            raise ProtocolError(
                f"model {self._store.current.version} is the first of this station: there is none to roll back to",
                Refusal.FAILED_PRECONDITION,
            )
        self._betas.check_fits(previous.config, folded=previous.folded)
        await self._change_to(previous)
        self._deployed.use(previous.content)
        return self._store.current

    async def _keep(self, folder: Path) -> None:
        """Copy the model in use; an operator who goes away meanwhile does not stop it, and nothing overtakes it."""
        copying = asyncio.create_task(asyncio.to_thread(self._deployed.keep, folder, self._store.current.content))
        try:
            await asyncio.shield(copying)
        finally:
            await asyncio.wait({copying})

    async def _change_to(self, model: LiveModel) -> None:
        self._store.offer(model)
        self._refusals.clear()
        try:
            for session in self._without(model):
                session.send_chunks(model.chunks(session.link))
            await self._wait_for_devices(model)
        except BaseException:  # an operator who goes away gives the deployment up, too
            self._store.withdraw(self._fusion.models)
            for session in self._admission:  # a device may have said that it is ready, and parts may have come
                session.keep_models(self._store.numbers)
            raise
        self._use(model)

    async def _wait_for_devices(self, model: LiveModel) -> None:
        try:
            async with asyncio.timeout(self._ready_limit_s):
                while self._without(model) and model.number not in self._refusals:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            late = ", ".join(f"{each.link} (device {each.device_id})" for each in self._without(model))
            raise self._given_up(
                model, f"link {late} did not load it within {self._ready_limit_s:g} s", Refusal.DEADLINE_EXCEEDED
            ) from None
        if reason := self._refusals.get(model.number):
            raise self._given_up(model, f"refused by {reason}", Refusal.FAILED_PRECONDITION)

    def _end_unless_ready(self, session: LiveSession) -> None:
        """A device that never has the model in use would hold its link, and end every deployment."""
        if not (session.ready or session.gone):
            reason = f"link {session.link} did not load the model in use within {self._ready_limit_s:g} s"
            session.end(ProtocolError(reason, Refusal.DEADLINE_EXCEEDED))

    def _given_up(self, model: LiveModel, reason: str, refusal: Refusal) -> ProtocolError:
        now = self._store.current.version
        return ProtocolError(f"model {model.version} is not used: {reason}; all go on with model {now}", refusal)

    def _without(self, model: LiveModel) -> list[LiveSession]:
        return [session for session in self._admission if not session.has_loaded(model.number)]

    def _use(self, model: LiveModel) -> None:
        """Nothing is awaited here: a device that joins finds the old model in use, or the new one."""
        self._store.use(model, self._fusion.models)
        self._fusion.use(model.number)
        self._betas.use(model.config, folded=model.folded)
        for session in self._admission:
            session.keep_models(self._store.numbers)
            session.send(UseModel(model.number))
            self._send_beta(session)
            self._fusion.connect(session.link)
        log.info("model in use", number=model.number, version=model.version, devices=len(self._admission.sessions))

    def _send_beta(self, session: LiveSession) -> None:
        if self._betas.was_set(session.link):
            session.send(SetLink(LinkSetting(beta=self._betas.betas[session.link])))
