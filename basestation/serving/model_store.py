"""The models of a station: that in use, that before it, and the candidate to be used next."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from splitwave.basestation.serving.live_model import LiveModel
from splitwave.common.records.model_folder import read_model


class ModelStore:
    """Numbers models, and keeps those that queries may be encoded with.

    Attributes:
        current: is in use.
        previous: was in use before it; None if there was none.
        candidate: is being sent to the devices; None if none is.
    """

    def __init__(self, folder: Path, trusted: Path | None = None, python_path: Path | None = None) -> None:
        """Open the first model.

        Args:
            folder: that `splitwave export` wrote.
            trusted: file with the public key that must have signed every model; None takes all.
            python_path: folder that code of a user's own is imported from, which is consent to run it.

        Raises:
            CheckpointError, ConfigError: see `read_model` and `LiveModel.open`.
        """
        self._trusted = trusted
        self._python_path = python_path
        self.current = LiveModel.open(1, read_model(folder, trusted), python_path)
        self.previous: LiveModel | None = None
        self.candidate: LiveModel | None = None
        self._models = {1: self.current}
        self._last = 1

    def get(self, number: int) -> LiveModel:
        """A model that a device has, or a query waits for."""
        return self._models[number]

    def has(self, number: int) -> bool:
        """Whether a part that is encoded with this model can be decoded."""
        return number in self._models

    def was_offered(self, number: int) -> bool:
        """Whether there is or was a model of this number."""
        return 1 <= number <= self._last

    def open(self, folder: Path) -> LiveModel:
        """Open a model that may follow the one in use; takes a while, and changes nothing yet.

        Raises:
            CheckpointError, ConfigError: as for the first.
            ProtocolError: its links carry something else than those of the model in use.
        """
        model = LiveModel.open(self._last + 1, read_model(folder, self._trusted), self._python_path)
        model.check_can_follow(self.current)
        return model

    def offer(self, model: LiveModel) -> None:
        """The devices are sent this model; its number is taken from now on."""
        self.candidate = self._models[model.number] = model
        self._last = max(self._last, model.number)

    def withdraw(self, needed: AbstractSet[int]) -> None:
        """The candidate will not be used; it is kept as long as queries need it, in spite of the rules."""
        self.candidate = None
        self._keep(needed)

    def use(self, model: LiveModel, needed: AbstractSet[int]) -> None:
        """Use a model from now on; of the others only the one before it is kept, and those that queries need."""
        self.previous, self.current, self.candidate = self.current, model, None
        self._keep(needed)

    @property
    def numbers(self) -> set[int]:
        """Numbers of the models that devices have to keep."""
        models = (self.current, self.previous, self.candidate)
        return {model.number for model in models if model is not None}

    def _keep(self, needed: AbstractSet[int]) -> None:
        kept = needed | self.numbers
        self._models = {number: each for number, each in self._models.items() if number in kept}
