"""The settings of a run, and what follows from them.

`config.layers` merges files, environment and command line into a `RunConfig`.
"""

import hashlib
import json
from typing import Self

from pydantic import ValidationError, model_validator

from splitwave.common.config.adaptation_checks import check_adaptation
from splitwave.common.config.adaptation_settings import AdaptationSettings
from splitwave.common.config.backbone_checks import check_conditions
from splitwave.common.config.channel_settings import ChannelSettings, noise_variance_at
from splitwave.common.config.data_settings import DataSettings
from splitwave.common.config.effect_checks import check_defaults, check_digital, check_one_a_link
from splitwave.common.config.fusion_checks import check_link_dropout, check_links_down, check_quorum
from splitwave.common.config.later_settings import without_later_defaults
from splitwave.common.config.message_checks import check_blocks_fit
from splitwave.common.config.registry import BUILT_IN_BACKBONES
from splitwave.common.config.sections import (
    DecoderSettings,
    EncoderSettings,
    FusionSettings,
    GeneralSettings,
    HypernetworkSettings,
    InferenceSettings,
    ObjectiveSettings,
    QuantizerSettings,
    RuntimeSettings,
    TrainingSettings,
)
from splitwave.common.data.catalog import find
from splitwave.common.data.dataset import ImageShape
from splitwave.common.data.sample_arrays import sample_shapes
from splitwave.common.data.view import VIEWS, Place
from splitwave.common.errors import ConfigError, ProtocolError, Refusal
from splitwave.common.tasks.task import Task
from splitwave.common.wire_dtype import symbol_bits

_BETA_OPTIONS = ("sampling", "draws", "balance")
_RANGE_OPTIONS = ("training_psnr_draws", "training_psnr_shared")
_VIEWS_THAT_USE = {"overlap": ("rows", "columns", "grid"), "crop": ("crop",)}
"""The views of Splitwave that a setting has an effect on; those of other packages may use all."""


class RunConfig(GeneralSettings):
    """Everything that decides a run's result. It has no location of the data, because each party has its own copy."""

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
    adaptation: AdaptationSettings = AdaptationSettings()
    runtime: RuntimeSettings = RuntimeSettings()

    @model_validator(mode="after")
    def _one_value_per_link(self) -> Self:
        check_one_a_link(self.links, {"objective.beta": self.objective.beta, "channel.psnr_db": self.channel.psnr_db})
        return self

    @model_validator(mode="after")
    def _one_chain_per_link(self) -> Self:
        chains = len(self.channel.chains)
        if chains not in (1, self.links):
            raise ValueError(
                f"channel.model has {chains} lists of models for {self.links} links: give one, or one a link"
            )
        return self

    @model_validator(mode="after")
    def _links_down_exist(self) -> Self:
        check_links_down(self.fusion.down, self.links)
        check_quorum(self.fusion.quorum, self.links)
        check_link_dropout(self.training.link_dropout, self.links)
        check_adaptation(self.adaptation, self.channel, self.quantizer.breakpoints, self.hypernetwork.beta)
        return self

    @model_validator(mode="after")
    def _conditions_can_be_inputs(self) -> Self:
        hyper = self.hypernetwork
        backbone = self.encoder.backbone
        check_conditions(backbone, BUILT_IN_BACKBONES.get(backbone), self.conditions)
        for setting, network in self.own_networks.items():
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
        check_digital(channel.digital, channel.receiver, self.quantizer.breakpoints)
        if hyper.beta is None:
            check_defaults(hyper, "hypernetwork", _BETA_OPTIONS, "hypernetwork.beta")
        if not self.conditions:
            check_defaults(hyper, "hypernetwork", ("gate_learning_rate",), "hypernetwork.beta")
        if self.conditions:
            needed = "plain networks: β-conditioned networks take a block as a whole"
            check_defaults(self.runtime, "runtime", ("decoder_shards",), needed)
        if channel.training_psnr_db is None:
            check_defaults(channel, "channel", _RANGE_OPTIONS, "channel.training_psnr_db")
        for name, views in _VIEWS_THAT_USE.items():
            if self.data.view in VIEWS.built_in and self.data.view not in views:
                check_defaults(self.data, "data", (name,), f"data.view = {' or '.join(views)}")
        if not self.data.draws:
            check_defaults(self.data, "data", ("seed",), "data.view = crop, or data.noise")
        if self.encoder.network and self.decoder.network:
            needed = "a network of the backbone: encoder.network and decoder.network replace both"
            check_defaults(self.encoder, "encoder", ("backbone", "width"), needed)
        return self

    @model_validator(mode="after")
    def _blocks_fit_a_message(self) -> Self:
        received = self.encoder.dimension + self.channel.receiver.input_columns
        check_blocks_fit(self.links, received, self.objective.draws, self.training, self.inference)
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
    def own_networks(self) -> dict[str, str]:
        """By setting, the factories of the user's networks, as `module:factory`."""
        named = {"encoder.network": self.encoder.network, "decoder.network": self.decoder.network}
        return {setting: name for setting, name in named.items() if name is not None}

    @property
    def named_objects(self) -> dict[str, str]:
        """By setting, what the settings name as `module:object`: code of the user that a party imports."""
        function = self.data.named_function
        return self.own_networks | ({} if function is None else {"data.path": function}) | self.channel.named_models

    def place(self, link: int) -> Place:
        """The place of one link, as views take it."""
        data = self.data
        seed = self.seed if data.seed is None else data.seed
        return Place(link, self.links, seed, data.overlap, data.crop)

    def view_shape_of(self, link: int) -> ImageShape:
        """(C, h, W) of what one link's device sees of a sample.

        Raises:
            ConfigError: the view does not fit the data set or the number of links.
        """
        return VIEWS.load(self.data.view).shape(sample_shapes(find(self.data.choice)), self.place(link))

    @property
    def view_shape(self) -> ImageShape:
        """(C, h, W) of all links' views.

        Raises:
            ConfigError: as `view_shape_of`, or they have several shapes.
        """
        first, *others = dict.fromkeys(map(self.view_shape_of, range(self.links)))
        if others:
            raise ConfigError(
                f"data.view = {self.data.view}: expected one shape of all views, got {first}, {others[0]}"
            )
        return first

    @property
    def bits_per_symbol(self) -> int:
        """ceil(log2(T+1)); 32 for unquantized features, or 16 where they travel as bfloat16."""
        return symbol_bits(self.quantizer.breakpoints, self.runtime.wire_dtype)

    @property
    def payload_bits_per_sample(self) -> int:
        """Bits of one sample on one link, without padding or framing."""
        return self.encoder.dimension * self.bits_per_symbol

    @property
    def symbols_per_sample(self) -> int:
        """How often one sample uses a link: d for amplitudes, else the symbols that carry its level indices."""
        digital = self.channel.digital
        return digital.symbols(self.payload_bits_per_sample) if digital.modulation else self.encoder.dimension

    @property
    def airtime_s(self) -> float:
        """Seconds that the symbols of one sample, and its pilots if there are any, occupy a link."""
        return (self.symbols_per_sample + self.channel.receiver.sent_pilots) / self.channel.baud

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

        It lacks the later settings (`config.later_settings`) that are at their defaults.
        """
        settings = without_later_defaults(self, self.model_dump(mode="json"))
        return json.dumps(settings, sort_keys=True, separators=(",", ":"))

    @property
    def config_hash(self) -> str:
        """SHA-256 (hex) of the canonical JSON."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()
