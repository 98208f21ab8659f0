"""The error that ends a link for good, and those who want to learn of it."""

import threading
from collections.abc import Callable

from splitwave.common.errors import SplitwaveError

Listener = Callable[[SplitwaveError], None]


class LinkFailure:
    """Comes once, or never; any thread may ask.

    Attributes:
        error: that ended the link; None as long as it has not failed.
    """

    def __init__(self) -> None:
        """Begin without a failure."""
        self.error: SplitwaveError | None = None
        self._listeners: dict[object, Listener] = {}
        self._lock = threading.Lock()

    @property
    def listeners(self) -> int:
        """How many functions wait to be called."""
        return len(self._listeners)

    def tell(self, listener: Listener) -> Callable[[], None]:
        """Call a function when the link fails, at once if it has; returns a function that takes this back."""
        key = object()
        with self._lock:
            error = self.error
            if error is None:
                self._listeners[key] = listener
        if error is not None:
            listener(error)
        return lambda: self._forget(key)

    def come(self, error: SplitwaveError) -> None:
        """The link has failed: tell all who wait for it."""
        with self._lock:
            self.error = error
            listeners, self._listeners = list(self._listeners.values()), {}
        for listener in listeners:
            listener(error)

    def _forget(self, key: object) -> None:
        with self._lock:
            self._listeners.pop(key, None)
