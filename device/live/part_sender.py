"""Encodes this device's parts of queries, numbers their blocks and sends them."""

import dataclasses
from collections.abc import Callable

import numpy as np

from splitwave.common.errors import SplitwaveError
from splitwave.common.protocol.blocks import LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Uplink
from splitwave.device.inference.encoder import LiveEncoder
from splitwave.device.live.live_models import LiveModels
from splitwave.device.live.pending_queries import PendingQueries, PendingQuery

Send = Callable[[Uplink], None]

_NO_PLACE = np.zeros(1, dtype=np.int64)
"""The sample id of a block whose sample is in no split."""


class PartSender:
    """The blocks of one connection.

    The application's threads send queries, and the hearing thread sends parts again. One lock keeps the blocks in the
    order of their numbers, and the parts that wait for the connection before those that come later.
    """

    def __init__(self, models: LiveModels, send: Send, clock: Callable[[], int]) -> None:
        """Set up a sender, which sends nothing before `begin`.

        Args:
            models: of the device.
            send: takes messages up.
            clock: nanoseconds, monotonic.
        """
        self._models = models
        self._send = send
        self._clock = clock
        self._lock = models.lock
        self._link: int | None = None
        self._sequence = 0
        self._codebook_of: LiveEncoder | None = None
        self._codebook_version = -1

    def begin(self, link: int, pending: PendingQueries) -> None:
        """Send the queries that wait, and from now on those that come; later calls have no effect.

        Args:
            link: the leased link.
            pending: the queries of the device; one that this model cannot encode fails.
        """
        with self._lock:
            if self._link is not None:
                return
            self._link = link
            for query in pending.all():
                try:
                    self._send_part(query, self._models.number)
                except SplitwaveError as error:
                    pending.give_up(query, error)

    def submit(self, query: PendingQuery) -> None:
        """Send a query with the model in use; before `begin` it waits."""
        with self._lock:
            if self._link is not None and not query.encoded_ns:  # `begin` may just have sent it
                self._send_part(query, self._models.number)

    def send_again(self, query: PendingQuery, number: int) -> None:
        """Send the part of a query again, encoded with another model.

        Raises:
            ProtocolError: the device does not have that model.
            DataError: the sample is none for that model.
        """
        with self._lock:
            self._send_part(query, number)

    def _send_part(self, query: PendingQuery, number: int) -> None:
        encoder = self._models.of(number)
        beta = encoder.serving_beta
        payload = self._numbered(encoder.encode(query.sample), encoder)
        query.encoded(self._clock())
        assert self._link is not None  # `begin` was called
        key = query.name.key
        self._send(SymbolBlock(self._link, self._sequence, key, _NO_PLACE, payload, beta, number))
        self._sequence += 1

    def _numbered(self, payload: LevelPayload | RealPayload, encoder: LiveEncoder) -> LevelPayload | RealPayload:
        """The payload with its codebook's version on this stream; the levels leave only when they change."""
        if isinstance(payload, RealPayload):
            return payload
        if self._codebook_of is encoder:
            return dataclasses.replace(payload, codebook_version=self._codebook_version, codebook=None)
        self._codebook_of, self._codebook_version = encoder, self._codebook_version + 1
        return dataclasses.replace(payload, codebook_version=self._codebook_version)
