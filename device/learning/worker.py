"""The device's half of training and inference: encode, quantize, apply gradients. No transport, no clock."""

from pathlib import Path

from torch import Tensor

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.workload import Workload
from splitwave.common.records.checkpoint import weights_sha256
from splitwave.common.records.training_part import TrainingPart
from splitwave.device.learning.block_writer import BlockWriter
from splitwave.device.learning.link_conditions import LinkConditions
from splitwave.device.learning.link_samples import LinkSamples
from splitwave.device.learning.model import DeviceModel
from splitwave.device.learning.pass_encoder import PassEncoder, PassFeatures
from splitwave.device.learning.trainer import DeviceTrainer, TrainingFeatures
from splitwave.device.learning.views import Views

Features = PassFeatures | TrainingFeatures
"""The features of a block, before the quantizer."""


class DeviceWorker:
    """Puts the parts of one device together: samples, conditions, trainer and pass encoder.

    A training step is `train_block` and `apply_gradient` for each micro-batch, then `finish_step`; `measure_rate` and
    `prepare` do some of it ahead of time. A block of a pass is `pass_block`. `features` and `quantize` are the two
    halves of making a block of either kind.

    Attributes:
        model: the networks that the device trains.
    """

    def __init__(self, config: RunConfig, link: int, views: Views) -> None:
        """Set up link k with fresh weights.

        Args:
            config: the run's settings.
            link: k.
            views: of this link.

        Raises:
            ConfigError: torch finds no CUDA device on this machine, or no bound has the name in the settings.
            DataError: `data.validation` leaves nothing to train on.
        """
        self.model = model = DeviceModel(config, link)
        self._samples = samples = LinkSamples(config, views, model.placement)
        self._conditions = conditions = LinkConditions(config, link, samples)
        writer = BlockWriter(link, model, config.bits_per_symbol, config.runtime.wire_dtype)
        self._trainer = DeviceTrainer(config, link, model=model, samples=samples, conditions=conditions, writer=writer)
        self._passes = PassEncoder(config, model=model, samples=samples, conditions=conditions, writer=writer)

    @property
    def config(self) -> RunConfig:
        """The run's settings, with the PSNR and β of the latest `retune`."""
        return self._conditions.config

    @property
    def plan(self) -> RunPlan:
        """The order of the run, with the latest workload."""
        return self._samples.plan

    @property
    def next_step(self) -> int:
        """The training step that comes next, which is the number of steps behind the weights."""
        return self.model.steps

    @property
    def weights_sha256(self) -> str:
        """Digest of the current parameters."""
        return weights_sha256(self.model)

    @property
    def serving_beta(self) -> float | None:
        """β of the next query; None unless the networks are β-conditioned."""
        return self._conditions.serving_beta

    def set_link(self, setting: LinkSetting) -> None:
        """Send queries in another way from the next one on.

        Raises:
            ProtocolError: as `LinkConditions.set_link`.
        """
        self._conditions.set_link(setting)

    def setting_of(self, key: BlockKey) -> LinkSetting | None:
        """The setting of a block, if it is a query of a run that adapts its links; else None."""
        return self._conditions.setting_of(key)

    def retune(self, config: RunConfig) -> None:
        """Continue with settings of the same networks, as `LinkConditions.retune`."""
        self._conditions.retune(config)

    def begin_workload(self, workload: Workload) -> None:
        """Send the queries of a workload in the load passes to come."""
        self._samples.begin_workload(workload)

    def view(self, phase: Phase, ids: Int64) -> Tensor:
        """The views of samples, (B, features) float32, on the encoder's device."""
        return self._samples.view(phase, ids)

    def features(self, key: BlockKey) -> Features:
        """Encode a block of a training step or of a pass."""
        return self._trainer.features(key) if key.phase is Phase.TRAIN else self._passes.features(key)

    def quantize(self, features: Features, symbols: Symbols) -> SymbolBlock:
        """Quantize a block: of a pass to these symbols, of a training step as the settings say.

        Raises:
            RunFailedError: a feature of a training block is not finite.
        """
        if isinstance(features, TrainingFeatures):
            return self._trainer.quantize(features)
        return self._passes.quantize(features, symbols)

    def levels_block(self, features: PassFeatures, indices: Tensor) -> SymbolBlock:
        """The block of features that are quantized already, to (B, d) uint8 level indices."""
        return self._passes.levels_block(features, indices)

    def pass_block(self, phase: Phase, step: int, number: int, symbols: Symbols) -> SymbolBlock:
        """Encode and quantize one block of a pass."""
        return self.quantize(self.features(BlockKey(phase, step, number)), symbols)

    def train_block(self, step: int, micro_batch: int) -> SymbolBlock:
        """Encode and quantize one micro-batch of a training step.

        Raises:
            RunFailedError: a feature is not finite.
        """
        return self._trainer.quantize(self._trainer.features(BlockKey(Phase.TRAIN, step, micro_batch)))

    def measure_rate(self, micro_batch: int) -> None:
        """Compute the local KL bound of a micro-batch, which can be done while its symbols are on their way.

        Raises:
            RunFailedError: it is not finite.
        """
        self._trainer.measure_rate(micro_batch)

    def apply_gradient(self, key: BlockKey, gradient: Float32) -> None:
        """Accumulate ∂C/∂φ_k of one micro-batch, given the channel's (1, B, d) ∂CE/∂z̃.

        Raises:
            ProtocolError: this micro-batch does not wait for a gradient, or for one of another shape.
            RunFailedError: the rate was not measured before, and is not finite.
        """
        self._trainer.apply_gradient(key, gradient)

    def finish_step(self) -> None:
        """Take one Adam step on the gradients that the step's micro-batches accumulated."""
        self._trainer.finish_step()

    def prepare(self, step: int) -> None:
        """Make the inputs of a step's blocks before it is announced; does nothing after the last step."""
        self._trainer.prepare(step)

    def end_epoch(self) -> float:
        """The local KL bound in nats a sample, averaged over the blocks since the last call."""
        return self._trainer.end_epoch()

    def training_part(self, data_digest: str) -> TrainingPart:
        """Copy what the steps to come depend on, between two steps; the digest is that of the device's data."""
        return self._trainer.training_part(data_digest)

    def resume(self, part: TrainingPart, path: Path) -> None:
        """Go on training where a part was kept, which was read from `path`.

        Raises:
            CheckpointError: it is that of another network.
        """
        self._trainer.resume(part, path)
