"""The encoder of a device that has torch: the networks of training, with the weights of a model folder."""

from pathlib import Path
from typing import Self

import torch
from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError
from splitwave.common.learning.folding import FoldedNetwork
from splitwave.common.named_object import add_python_path, check_consent
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.records.checkpoint import load_part
from splitwave.common.records.model_folder import read_device_part
from splitwave.common.records.model_part import WEIGHTS_FILE, DevicePart
from splitwave.device.inference.part_encoder import PartEncoder
from splitwave.device.learning.model import DeviceModel


class TorchEncoder(PartEncoder):
    """Encodes as a serving pass does, to the bit; see `LiveEncoder`."""

    def __init__(self, part: DevicePart, model: DeviceModel) -> None:
        """Args: the part, and the network with its weights."""
        super().__init__(part)
        self._model = model
        self._conditions = part.facts.conditions
        self._folded = FoldedNetwork(model.encoder)
        self._encoder = model.encoder
        self._use_beta(self._beta)

    @classmethod
    def open(cls, folder: Path, *, trusted: Path | None = None, python_path: Path | None = None) -> Self:
        """Open the folder of a device's part.

        Args:
            folder: such as `device-0` of a model folder.
            trusted: file with the public key that must have signed the part; None to check digests alone.
            python_path: the folder that networks of a user's own are imported from, which is consent to run them.

        Raises:
            CheckpointError: a file is missing or damaged, or signed by another key.
            ConfigError: a network of a user's own is named without `python_path`, or cannot be made.
        """
        part = read_device_part(folder, trusted)
        try:
            config = RunConfig.model_validate_json(part.facts.settings_json)
        except ValidationError:
            raise CheckpointError(f"{folder}: the settings of its part are not those of this version") from None
        if config.links <= part.link or link_contract(config, part.link, is_live=True) != part.contract():
            raise CheckpointError(f"{folder}: the settings of its part have another contract than the part itself")
        check_consent(config.own_networks, python_path)
        add_python_path(python_path)
        model = DeviceModel(config, part.link)
        load_part(folder / WEIGHTS_FILE, model, part.facts.weights_sha256)
        return cls(part, model)

    @torch.no_grad()
    def mean(self, x: Float32) -> Float32:
        """See `PartEncoder.mean`."""
        # A copy: memory of torch's own has the alignment that it has in a pass, which may decide the last bit.
        inputs = torch.from_numpy(x[None]).clone()
        found = self._model.placement.leave(self._encoder.mean_of(self._model.placement.enter(inputs)))
        mean: Float32 = found[0].numpy()
        return mean

    def _use_beta(self, beta: float) -> None:
        row = self._conditions.row(self.part.link, beta)
        if row.size:
            self._encoder = self._folded.under(row, self._model.steps)
