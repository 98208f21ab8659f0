"""A trained model as an object: its networks, and the way of a sample from encoder to answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from torch import nn

from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.channel_model import ChannelModel
from splitwave.common.protocol.cross_link import check_links_apart
from splitwave.common.tasks.task import Answers, Targets
from splitwave.device.quantization.codebook import Codebook
from splitwave.experiments.api.evaluating import evaluate_model
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.api.samples import Inputs, test_samples, views_of
from splitwave.experiments.api.settings import data_folder
from splitwave.experiments.api.stages import Symbols, decoder_outputs, encoded, transmitted
from splitwave.experiments.evaluation.conditions import Condition
from splitwave.experiments.evaluation.evaluation import EvaluationResult, Request
from splitwave.testbed.execution import existing_data_dir
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, read_checkpoint


class Model:
    """A trained model; `load` reads one.

    `encode`, `transmit` and `decode` work on blocks of `inference.block_size` samples, as the parties of a testbed do:
    together they give the answers of a run's test pass, to the bit.

    Attributes:
        config: the settings that trained it.
        folder: of its checkpoint.
    """

    def __init__(self, config: RunConfig, networks: Networks, folder: Path) -> None:
        """Args: the settings, the networks and the folder of a checkpoint."""
        self.config = config
        self.folder = folder
        self._networks = networks

    @property
    def encoders(self) -> tuple[nn.Module, ...]:
        """The encoder of each link."""
        return tuple(device.encoder for device in self._networks.devices)

    @property
    def codebooks(self) -> tuple[Codebook | None, ...]:
        """The codebook of each link, with `levels()` and `breakpoints()`; None without a quantizer."""
        return tuple(device.codebook for device in self._networks.devices)

    @property
    def decoder(self) -> nn.Module:
        """The network of the base station."""
        return self._networks.trainer.decoder

    def channel(
        self, link: int, *, psnr_db: float | None = None, channel: str | Sequence[str] | None = None
    ) -> ChannelModel[Any]:
        """Return the channel of a link; the arguments replace the run's PSNR and channel models.

        Raises:
            ConfigError: there is no such link or channel model, or the PSNR is out of range.
        """
        if not 0 <= link < self.config.links:
            raise ConfigError(f"link {link}: expected 0 to {self.config.links - 1}")
        settings = self._settings(psnr_db, channel)
        check_links_apart(settings, "the symbols of one link")
        return link_channel(settings, link)

    def test_samples(self, data_dir: str | Path | None = None) -> tuple[Inputs, Targets]:
        """Return the test split of the run's data set: samples as `encode` takes them, and their targets.

        Args:
            data_dir: folder with the data sets; by default that of the variable SPLITWAVE_DATA_DIR.

        Raises:
            DataError: the data are missing or damaged.
        """
        return test_samples(self.config, existing_data_dir(data_folder(data_dir)))

    def encode(self, x: Inputs, *, psnr_db: float | None = None, channel: str | Sequence[str] | None = None) -> Symbols:
        """Encode samples into hard symbols.

        Args:
            x: samples as in the data set, or K arrays of what each device sees.
            psnr_db: of all links, where the PSNR is an input of the networks; it has no effect on others.
            channel: channel models, likewise.

        Raises:
            DataError: `x` has another shape or dtype.
            ConfigError: as `channel`.
        """
        return encoded(self._networks, self._settings(psnr_db, channel), views_of(self.config, x))

    def transmit(
        self,
        symbols: Symbols | Float32,
        *,
        psnr_db: float | None = None,
        channel: str | Sequence[str] | None = None,
        seed: int | None = None,
    ) -> Float32:
        """Send symbols over the channel; returns (K, N, d) float32 as the base station receives them.

        With `channel.receiver.inputs` it returns (K, N, d+2): behind the symbols, the gain and the PSNR of each link.

        Args:
            symbols: of `encode`, or (K, N, d) float32; with `channel.digital.modulation`, of `encode` alone.
            psnr_db: of all links; by default the run's own.
            channel: channel models in order; by default the run's own.
            seed: of the noise; by default the run's own, which gives the noise of its test pass.

        Raises:
            ConfigError: as `channel`.
            DataError: the symbols have another shape.
        """
        settings = self._settings(psnr_db, channel)
        seeded = settings if seed is None else settings.model_copy(update={"seed": seed})
        return transmitted(self._networks, seeded, symbols)

    def decode(
        self, received: Float32, *, psnr_db: float | None = None, channel: str | Sequence[str] | None = None
    ) -> Answers:
        """Answer N samples from (K, N, d) float32 received symbols; the other arguments are those of `encode`.

        Returns:
            (N,) uint8 classes, or float32 numbers such as nanoseconds.

        Raises:
            ConfigError: as `channel`.
            DataError: the symbols have another shape.
        """
        return self.config.task.answers(self.outputs(received, psnr_db=psnr_db, channel=channel))

    def outputs(
        self, received: Float32, *, psnr_db: float | None = None, channel: str | Sequence[str] | None = None
    ) -> Float32:
        """The decoder's (N, outputs) float32, such as one logit per class; arguments and errors as for `decode`."""
        return decoder_outputs(self._networks, self._settings(psnr_db, channel), received)

    def evaluate(
        self,
        data: Literal["test"] | tuple[Inputs, Targets] = "test",
        *,
        psnr_db: float | Sequence[float] = (),
        channel: str | Sequence[str] | None = None,
        links_down: Sequence[int] = (),
        noise_seeds: int = 1,
        ablation: bool = False,
        engine: str = "inprocess",
        data_dir: str | Path | None = None,
        python_path: str | Path | None = None,
    ) -> EvaluationResult:
        """Measure the error under other conditions, without training.

        Args:
            data: the run's test split, or inputs as for `encode` with their (N,) targets.
            psnr_db: of all links; none for the run's own.
            channel: channel models in order; by default the run's own.
            links_down: links whose symbols are lost.
            noise_seeds: how many realisations of the noise each error is averaged over.
            ablation: whether to measure the error without each link, and with each link alone, too.
            engine: `inprocess`, or `process` or `compose` to measure with a testbed that reads the checkpoint; the
                errors are equal. A testbed measures neither confusion matrix nor codebook use.
            data_dir: folder with the data sets; by default that of the variable SPLITWAVE_DATA_DIR.
            python_path: where a testbed finds the modules that the settings name; by default the current folder.

        Raises:
            SplitwaveError: a condition is invalid, the data are missing, or the testbed failed.
        """
        request = Request(
            psnr_db=(float(psnr_db),) if isinstance(psnr_db, float | int) else tuple(map(float, psnr_db)),
            channel=_names(channel),
            links_down=tuple(links_down),
            noise_seeds=noise_seeds,
            ablation=ablation,
        )
        return evaluate_model(
            self.config,
            self._networks,
            self.folder,
            request,
            data=data,
            engine=engine,
            data_dir=data_dir,
            python_path=python_path,
        )

    def _settings(self, psnr_db: float | None, channel: str | Sequence[str] | None) -> RunConfig:
        return Condition(psnr_db, _names(channel)).settings(self.config)


def load(run: str | Path) -> Model:
    """Load a trained model, without its data.

    Args:
        run: a results folder, a checkpoint folder, or a file in one of them.

    Raises:
        CheckpointError: there is no checkpoint, or it is damaged.
    """
    folder = find_checkpoint(Path(run), "sw.load")
    manifest = read_checkpoint(folder)
    return Model(manifest.config, Networks.load(folder, manifest), folder)


def _names(channel: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return (channel,) if isinstance(channel, str) else None if channel is None else tuple(channel)
