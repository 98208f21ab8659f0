"""The connection of a live device to its base station: it submits samples and gets answers, across lost connections."""

import dataclasses
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

import numpy as np

from splitwave.common.errors import DataError, RunFailedError, SplitwaveError, UnreachableError
from splitwave.common.limits import MAX_DIMENSION
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.runtime.logger import get_logger
from splitwave.common.runtime.rpc import DIAL_TIMEOUT_S
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.device.inference.encoder import LiveEncoder
from splitwave.device.live.host import LiveHost
from splitwave.device.live.link_failure import LinkFailure
from splitwave.device.live.live_models import LiveModels
from splitwave.device.live.model_receiver import ModelReceiver, OpenEncoder
from splitwave.device.live.pending_queries import PendingQueries, PendingQuery
from splitwave.device.live.reply import Reply
from splitwave.device.live.session import LiveSession
from splitwave.device.uplink.client import UplinkClient

log = get_logger()

MODEL_LIMIT_S = 120.0
"""Seconds after the connection, within which the device must have a model that it can use."""


class StationConnection:
    """One live device, connected in a thread of its own until `close`."""

    def __init__(
        self,
        address: str,
        open_encoder: OpenEncoder,
        *,
        encoder: LiveEncoder | None = None,
        link: int | None = None,
        connect_timeout_s: float = 60.0,
        dial_timeout_s: float = DIAL_TIMEOUT_S,
        tls: TlsFolder | None = None,
        software: str = "",
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """Set up a link without connecting; see `connect`.

        Args:
            address: of a channel emulator or base station, as gRPC dials it.
            open_encoder: opens the folder of a model that the base station sends.
            encoder: the model that the device has; without one it uses the base station's.
            link: to ask for; by default that of `encoder`, or any.
            connect_timeout_s: how long to keep trying, at the start and when the connection is lost; may be infinite.
            dial_timeout_s: the deadline of one dial.
            tls: this device's files; None for plaintext.
            software: version of this package and the kind of encoder, for logs.
            clock: nanoseconds, monotonic.
        """
        self._models = LiveModels(encoder)
        self._pending = PendingQueries()
        self._open_encoder = open_encoder
        self._clock = clock
        if link is None and encoder is not None:
            link = encoder.contract.link
        device_id = f"live-{secrets.token_hex(8)}"  # a device that returns on a new connection keeps its link
        self._hello = Hello(PROTOCOL_VERSION, device_id, software, link, MAX_DIMENSION)
        self._receiver = ModelReceiver()
        self._session: LiveSession | None = None
        self._ready_or_failed = threading.Event()
        self._failure = LinkFailure()
        self._ready_limit_s = connect_timeout_s + MODEL_LIMIT_S
        self._client = UplinkClient(address, self._open_host, connect_timeout_s, dial_timeout_s, tls)
        self._thread = threading.Thread(target=self._run, name="live link", daemon=True)

    def connect(self) -> Self:
        """Connect, and wait until queries can be submitted.

        Raises:
            UnreachableError: no base station answered in time.
            ProtocolError: it refused this device.
            CheckpointError: its model cannot be used here.
        """
        try:
            self._thread.start()
            if not self._ready_or_failed.wait(min(self._ready_limit_s, threading.TIMEOUT_MAX)):
                raise UnreachableError("the base station accepted this device, but sent no model that it can use")
            if self._failure.error is not None:
                raise self._failure.error
        except BaseException:  # Ctrl-C, too: the caller has no link to close, and the thread would keep the lease
            self.close()
            raise
        return self

    @property
    def encoder(self) -> LiveEncoder:
        """The model in use.

        Raises:
            UnreachableError: there is none yet.
        """
        if self._models.current is None:
            raise UnreachableError("this device has no model before it is connected")
        return self._models.current

    def on_failure(self, callback: Callable[[SplitwaveError], None]) -> Callable[[], None]:
        """Have a function called once, from another thread, when the link has failed for good; at once if it has.

        Returns:
            A function that takes this back.
        """
        return self._failure.tell(callback)

    def submit(self, name: QueryName, sample: Float32) -> Future[Reply]:
        """Submit this device's part of a query; the future has the base station's answer, or why there is none.

        Args:
            name: of the query, the same on all devices.
            sample: (features,) float32, the view of this link.

        Raises:
            DataError: the sample has another shape or dtype, or a value that is not finite.
            ProtocolError: a query of this name waits for its answer, or too many wait.
            SplitwaveError: the link has failed, or is closed.
        """
        features = self.encoder.features
        if sample.shape != (features,) or sample.dtype != np.float32:
            raise DataError(f"a sample of {sample.dtype} {sample.shape}: expected float32 ({features},)")
        if not np.isfinite(sample).all():
            raise DataError("a sample with a value that is not finite")
        query = PendingQuery(name, sample, self._clock())
        self._pending.add(query)
        session = self._session
        try:
            if session is not None:
                session.submit(query)
        except BaseException:
            self._pending.pop(name.key)
            raise
        return query.reply

    def close(self) -> None:
        """Disconnect; queries that wait fail."""
        self._client.stop()
        if self._thread.ident is not None:
            self._thread.join()
        self._pending.fail(UnreachableError("the link was closed"))
        self._receiver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_host(self) -> LiveHost:
        self._session = LiveSession(
            dataclasses.replace(self._hello, model_version=self._models.version),
            models=self._models,
            pending=self._pending,
            receiver=self._receiver,
            open_encoder=self._open_encoder,
            ready=self._ready_or_failed.set,
            clock=self._clock,
        )
        return LiveHost(self._session, self._clock)

    def _run(self) -> None:
        try:
            self._client.run()
            error: SplitwaveError = UnreachableError("the base station has ended its service")
        except SplitwaveError as refusal:
            error = refusal
        except Exception as fault:  # without it, those who wait for this thread would wait forever
            log.exception("the link failed")
            error = RunFailedError(f"{type(fault).__name__}: {fault}")
        self._pending.fail(error)
        self._failure.come(error)
        self._ready_or_failed.set()
