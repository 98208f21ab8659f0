"""The device's half of inference: encode and quantize the blocks of passes over evaluation data."""

from dataclasses import dataclass

import torch
from torch import Tensor

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.folding import FoldedNetwork
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.phases import Symbols
from splitwave.device.learning.block_writer import BlockWriter
from splitwave.device.learning.link_conditions import LinkConditions
from splitwave.device.learning.link_samples import LinkSamples
from splitwave.device.learning.model import DeviceModel
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.quantizer import level_indices, soft_quantize


@dataclass(frozen=True, slots=True)
class PassFeatures:
    """The features of a block of a pass.

    Attributes:
        key: of the block.
        ids: (B,) places of its samples in their split.
        mean: (B, d) float32, the encoder's mean μ, which is sent instead of a sample of z (ADR 5).
        beta: β under which a conditioned network encoded a block of queries; else None.
        setting: how a query of an adapted link is sent; else None.
    """

    key: BlockKey
    ids: Int64
    mean: Tensor
    beta: float | None
    setting: LinkSetting | None = None


class PassEncoder:
    """Encodes blocks with the weights of the moment. Each block goes through `features` and `quantize`."""

    def __init__(
        self,
        config: RunConfig,
        *,
        model: DeviceModel,
        samples: LinkSamples,
        conditions: LinkConditions,
        writer: BlockWriter,
    ) -> None:
        """Set up the passes of one link.

        Args:
            config: the run's settings.
            model: the encoder and the quantizer.
            samples: of the link.
            conditions: of its blocks.
            writer: numbers its blocks.
        """
        self._model = model
        self._samples = samples
        self._conditions = conditions
        self._writer = writer
        self._conditioned = bool(config.conditions)
        self._folded = FoldedNetwork(model.encoder)
        self._breakpoints: tuple[int, Tensor] | None = None
        model.register_load_state_dict_post_hook(self._forget_breakpoints)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def features(self, key: BlockKey) -> PassFeatures:
        """Encode a block; a β-conditioned network encodes queries under the serving β."""
        ids = self._samples.ids(key)
        beta = self._conditions.serving_beta if key.phase.is_of_queries else None
        return PassFeatures(key, ids, self._mean(key, ids, beta), beta, self._conditions.setting_of(key))

    def quantize(self, features: PassFeatures, symbols: Symbols) -> SymbolBlock:
        """Quantize a block, hard or softly at the slope that training ends with; if T = 0 it is unchanged."""
        mean, codebook = features.mean, self._model.codebook
        if codebook is None:
            return self._writer.reals(features.key, features.ids, mean, features.beta)
        if symbols is Symbols.SOFT:
            return self._writer.reals(features.key, features.ids, self._soft(mean, codebook), features.beta)
        return self.levels_block(features, level_indices(mean, self._current_breakpoints(codebook)))

    def levels_block(self, features: PassFeatures, indices: Tensor) -> SymbolBlock:
        """The block of features that are quantized already, to (B, d) uint8 level indices."""
        if features.setting is None:
            return self._writer.levels(features.key, features.ids, indices, features.beta)
        return self._writer.adapted(features.key, features.ids, indices, features.beta, features.setting)

    def _mean(self, key: BlockKey, ids: Int64, beta: float | None) -> Tensor:
        encoder, views = self._model.encoder, self._samples.view(key.phase, ids)
        if self._conditioned:
            rows = self._conditions.inputs(self._conditions.of(key, beta))
            assert rows is not None  # the network has inputs for them
            encoder = self._folded.under(rows, self._model.steps)
        return self._model.placement.leave(encoder.mean_of(views))

    @torch.no_grad()
    def _soft(self, mean: Tensor, codebook: Codebook) -> Tensor:
        return soft_quantize(mean, codebook.weights(), codebook.breakpoints(), self._samples.plan.gamma_final)

    def _current_breakpoints(self, codebook: Codebook) -> Tensor:
        """(T,), computed once per step: for a single sample they cost as much as the network."""
        if self._breakpoints is None or self._breakpoints[0] != self._model.steps:
            with torch.no_grad():
                self._breakpoints = self._model.steps, codebook.breakpoints()
        return self._breakpoints[1]

    def _forget_breakpoints(self, *_: object) -> None:
        """Forget the cache, whose key is the step: other weights were loaded, and the step is the same."""
        self._breakpoints = None
