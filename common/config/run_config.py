"""The settings of a run, and what follows from them.

`config.layers` merges files, environment and command line into a `RunConfig`.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from splitwave.common.config.backbone_checks import check_conditions
from splitwave.common.config.registry import BUILT_IN_BACKBONES
from splitwave.common.config.section import Section
from splitwave.common.config.sections import (
    ChannelSettings,
    DataSettings,
    DecoderSettings,
    EncoderSettings,
    FusionSettings,
    HypernetworkSettings,
    InferenceSettings,
    ObjectiveSettings,
    QuantizerSettings,
    RuntimeSettings,
    TrainingSettings,
)
from splitwave.common.data.catalog import find
from splitwave.common.data.dataset import ImageShape
from splitwave.common.data.views import view_shape
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_LINKS, MAX_MESSAGE_BYTES
from splitwave.common.tasks.task import Task

_BETA_OPTIONS = ("sampling", "draws", "balance")
_RANGE_OPTIONS = ("training_psnr_draws", "training_psnr_shared")
_LATER_SECTIONS = ("fusion", "decoder")
_LATER_SETTINGS = {"encoder": ("network",)}
"""Sections, and settings by section, that were added after the first results and checkpoints were published."""


def noise_variance_at(psnr_db: float) -> float:
    """σ² = 10^(−PSNR/10), from eq. (20) with P_max = 1."""
    return float(10.0 ** (-psnr_db / 10.0))


def _check_defaults(section: Section, path: str, names: Sequence[str], needed: str) -> None:
    """Refuse a setting that was given a value and does nothing."""
    for name in names:
        value = getattr(section, name)
        if value != type(section).model_fields[name].default:
            raise ValueError(f"{path}.{name} = {value} does nothing without {needed}")


class RunConfig(Section):
    """Everything that decides a run's result. It has no location of the data, because each party has its own copy."""

    seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    links: Annotated[int, Field(ge=1, le=MAX_LINKS)] = 2
    data: DataSettings = DataSettings()
    encoder: EncoderSettings = EncoderSettings()
    decoder: DecoderSettings = DecoderSettings()
    quantizer: QuantizerSettings = QuantizerSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    hypernetwork: HypernetworkSettings = HypernetworkSettings()
    channel: ChannelSettings = ChannelSettings()
    fusion: FusionSettings = FusionSettings()
    training: TrainingSettings = TrainingSettings()
    inference: InferenceSettings = InferenceSettings()
    runtime: RuntimeSettings = RuntimeSettings()

    @model_validator(mode="after")
    def _one_value_per_link(self) -> Self:
        for path, value in (
            ("objective.beta", self.objective.beta),
            ("channel.psnr_db", self.channel.psnr_db),
        ):
            if isinstance(value, list) and len(value) != self.links:
                raise ValueError(
                    f"{path} = {value} has {len(value)} values for {self.links} links: give one, or one a link"
                )
        return self

    @model_validator(mode="after")
    def _conditions_can_be_inputs(self) -> Self:
        hyper = self.hypernetwork
        backbone = self.encoder.backbone
        check_conditions(backbone, BUILT_IN_BACKBONES.get(backbone), self.conditions)
        for setting, network in self.named_objects.items():
            if self.conditions:
                raise ValueError(f"hypernetwork: {setting} = {network} has no hyper-layers; use a backbone that has")
        if hyper.psnr and self.channel.training_psnr_db is None:
            raise ValueError("hypernetwork.psnr: channel.training_psnr_db gives no range to train over")
        inputs = [("objective.beta", self.objective.beta, "hypernetwork.beta", hyper.beta)]
        if hyper.psnr:
            inputs.append(
                ("channel.psnr_db", self.channel.psnr_db, "channel.training_psnr_db", self.channel.training_psnr_db)
            )
        for path, value, range_path, bounds in inputs:
            values = value if isinstance(value, list) else [value]
            if bounds is not None and not bounds[0] <= min(values) <= max(values) <= bounds[1]:
                raise ValueError(f"{path} = {value} is an input of the networks, trained on {range_path} = {bounds}")
        return self

    @model_validator(mode="after")
    def _every_setting_has_an_effect(self) -> Self:
        hyper, channel = self.hypernetwork, self.channel
        if hyper.beta is None:
            _check_defaults(hyper, "hypernetwork", _BETA_OPTIONS, "hypernetwork.beta")
        if not self.conditions:
            _check_defaults(hyper, "hypernetwork", ("gate_learning_rate",), "hypernetwork.beta")
        if self.conditions:
            needed = "plain networks: β-conditioned networks take a block as a whole"
            _check_defaults(self.runtime, "runtime", ("decoder_shards",), needed)
        if channel.training_psnr_db is None:
            _check_defaults(channel, "channel", _RANGE_OPTIONS, "channel.training_psnr_db")
        if self.encoder.network and self.decoder.network:
            needed = "a network of the backbone: encoder.network and decoder.network replace both"
            _check_defaults(self.encoder, "encoder", ("backbone", "width"), needed)
        return self

    @model_validator(mode="after")
    def _blocks_fit_a_message(self) -> Self:
        training, draws = self.training, self.objective.draws
        framing_bytes, id_bytes, symbol_bytes = 4096, 4, 4 * self.encoder.dimension
        part = math.ceil(training.batch_size / training.micro_batches)
        if part * (draws * symbol_bytes + id_bytes) + framing_bytes > MAX_MESSAGE_BYTES:
            raise ValueError(
                f"objective.draws = {draws} noisy copies of training.batch_size = {training.batch_size} "
                f"samples in training.micro_batches = {training.micro_batches} parts exceed the "
                f"{MAX_MESSAGE_BYTES >> 20} MiB of a message: use more micro-batches"
            )
        hop_row_bytes = 6 * 8 * self.links  # all links' times of one query travel in the run's result
        queries = (MAX_MESSAGE_BYTES - framing_bytes) // hop_row_bytes
        if self.inference.latency_samples > queries:
            raise ValueError(
                f"inference.latency_samples = {self.inference.latency_samples}: with {self.links} links the times of "
                f"at most {queries} samples fit a message"
            )
        limit = (MAX_MESSAGE_BYTES - framing_bytes) // (symbol_bytes + id_bytes)
        if self.inference.block_size > limit:
            raise ValueError(
                f"inference.block_size = {self.inference.block_size}: at most {limit} samples fit a message"
            )
        return self

    @property
    def conditions(self) -> int:
        """How many values of each link are inputs of the networks; 0 for plain ones."""
        return (self.hypernetwork.beta is not None) + self.hypernetwork.psnr

    def beta(self, link: int) -> float:
        """β_k of eq. (7)."""
        beta = self.objective.beta
        return beta[link] if isinstance(beta, list) else beta

    def noise_variance(self, link: int) -> float:
        """σ_k² at `channel.psnr_db`; `common.protocol.link_noise` gives the value for a training block."""
        psnr_db = self.channel.psnr_db
        return noise_variance_at(psnr_db[link] if isinstance(psnr_db, list) else psnr_db)

    @property
    def task(self) -> Task:
        """The task of the base station."""
        return find(self.data.choice).TASK

    @property
    def named_objects(self) -> dict[str, str]:
        """By setting, what the settings name as `module:object`: code of the user that a party imports."""
        named = {"encoder.network": self.encoder.network, "decoder.network": self.decoder.network}
        return {setting: name for setting, name in named.items() if name is not None}

    @property
    def view_shape(self) -> ImageShape:
        """(C, h, W) of what a device sees of an image."""
        return view_shape(find(self.data.choice).IMAGE_SHAPE, self.links, self.data.overlap)

    def view_shape_of(self, link: int) -> ImageShape:  # noqa: ARG002 — all links' views have one shape
        """(C, h, W) of what one link's device sees of an image."""
        return self.view_shape

    @property
    def bits_per_symbol(self) -> int:
        """ceil(log2(T+1)); 32 for unquantized float32 features."""
        return self.quantizer.breakpoints.bit_length() if self.quantizer.breakpoints else 32

    @property
    def payload_bits_per_sample(self) -> int:
        """Bits of one sample on one link, without padding or framing."""
        return self.encoder.dimension * self.bits_per_symbol

    @property
    def airtime_s(self) -> float:
        """Seconds that one sample's d symbols occupy a link: d / baud."""
        return self.encoder.dimension / self.channel.baud

    @classmethod
    def from_handshake(cls, settings_json: str) -> Self:
        """The settings that a base station sent.

        Raises:
            ProtocolError: this version does not understand them.
        """
        try:
            return cls.model_validate_json(settings_json)
        except ValidationError as error:
            raise ProtocolError(
                f"the base station's settings are not understood here: {error}", Refusal.FAILED_PRECONDITION
            ) from None

    def canonical_json(self) -> str:
        """One line that is equal for equal settings: what the handshake sends and `config_hash` covers.

        Sections and settings that are younger than the first published results are left out while they are at their
        defaults: the settings of an older result, which lacks them, keep their hash, and an older device understands
        them.
        """
        settings = self.model_dump(mode="json")
        for name in _LATER_SECTIONS:
            if getattr(self, name) == type(self).model_fields[name].default:
                del settings[name]
        for name, later in _LATER_SETTINGS.items():
            section: Section = getattr(self, name)
            for leaf in later:
                if getattr(section, leaf) == type(section).model_fields[leaf].default:
                    del settings[name][leaf]
        return json.dumps(settings, sort_keys=True, separators=(",", ":"))

    @property
    def config_hash(self) -> str:
        """SHA-256 (hex) of the canonical JSON."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()
