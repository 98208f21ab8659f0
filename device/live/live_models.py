"""The models that a live device can encode with: the one in use, the one before, and one that is to come."""

import threading

from splitwave.common.errors import ProtocolError
from splitwave.common.runtime.logger import get_logger
from splitwave.device.inference.encoder import LiveEncoder

log = get_logger()


class LiveModels:
    """Models by the numbers that the base station gave them; a new connection gives new numbers.

    Attributes:
        lock: is held while a part is encoded and sent, and while the model in use or its β changes.
        number: of the model in use; 0 before the first.
    """

    def __init__(self, encoder: LiveEncoder | None) -> None:
        """Args: the model that the device has at the beginning, if any."""
        self._latest = encoder
        self._by_number: dict[int, LiveEncoder] = {}
        self._previous = 0
        self._beta: float | None = None
        self.lock = threading.RLock()
        self.number = 0

    @property
    def version(self) -> str:
        """The version of the model that was used last; empty if there is none."""
        return "" if self._latest is None else self._latest.version

    @property
    def current(self) -> LiveEncoder | None:
        """The model in use; before the first connection that of the device, if it has any."""
        return self._latest

    def begin(self, number: int, version: str) -> bool:
        """Number the models of a new connection; returns whether the device has the one in use there."""
        with self.lock:
            self._by_number, self.number, self._previous = {}, 0, 0
            if self._latest is None or self._latest.version != version:
                return False
            self.add(number, self._latest)
            return True

    def add(self, number: int, encoder: LiveEncoder) -> None:
        """Add a model in place of one that never came into use; the first of a connection is in use at once."""
        with self.lock:
            self._keep(self.number, self._previous)
            self._by_number[number] = encoder
            if not self.number:
                self.use(number)

    def use(self, number: int) -> None:
        """Use a model for all queries to come, and forget all but this one and the one before.

        Raises:
            ProtocolError: the device does not have it.
        """
        with self.lock:
            encoder = self.of(number)
            if number != self.number:
                self._previous = self.number
            self._latest, self.number = encoder, number
            self._keep(number, self._previous)
            self._apply_beta()

    def of(self, number: int) -> LiveEncoder:
        """The model with this number.

        Raises:
            ProtocolError: the device does not have it.
        """
        if number not in self._by_number:
            raise ProtocolError(f"model {number} was asked for: this device has {sorted(self._by_number) or 'none'}")
        return self._by_number[number]

    def set_beta(self, beta: float | None) -> None:
        """Encode under another β from the next query on; a model that cannot goes on under its own, which is logged."""
        with self.lock:
            self._beta = beta
            self._apply_beta()

    def _apply_beta(self) -> None:
        if self._beta is None or self._latest is None or self._latest.serving_beta is None:
            return
        try:
            self._latest.set_beta(self._beta)
        except ProtocolError as error:
            log.warning("β not changed", beta=self._beta, model=self._latest.version, reason=str(error))

    def _keep(self, *numbers: int) -> None:
        self._by_number = {number: model for number, model in self._by_number.items() if number in numbers}
