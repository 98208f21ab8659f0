"""Evaluates a trained model under several conditions, with whatever measures the error under one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.experiments.evaluation.codebook_use import CodebookUse
from splitwave.experiments.evaluation.conditions import Condition, ablations
from splitwave.experiments.evaluation.confusion import ConfusionMatrix
from splitwave.experiments.sweep.intervals import MAX_SEEDS, interval

Measure = Callable[[RunConfig], float]
"""The mean test error of hard symbols, in the unit of the task, of a trained model under these settings."""


@dataclass(frozen=True, slots=True)
class Request:
    """The extent of an evaluation.

    Attributes:
        psnr_db: of all links, one point each; empty for one point at the run's own PSNR.
        channel: channel models in order; None for the run's own.
        links_down: links whose symbols the decoder sees as zeros.
        noise_seeds: how many realisations of the channel each point is measured over. The first is that of the run's
            own test pass.
        ablation: whether to measure the error without each link, and with each link alone, at the run's PSNR.
    """

    psnr_db: tuple[float, ...] = ()
    channel: tuple[str, ...] | None = None
    links_down: tuple[int, ...] = ()
    noise_seeds: int = 1
    ablation: bool = True

    @property
    def reference(self) -> Condition:
        """The condition of ablation, confusion matrix and codebook use: the run's own PSNR."""
        return Condition(None, self.channel, self.links_down)

    def check(self, config: RunConfig) -> None:
        """Check all conditions before the first is measured.

        Raises:
            ConfigError: a value is out of range, or the model was not trained for it.
        """
        if not 1 <= self.noise_seeds <= MAX_SEEDS:
            raise ConfigError(f"noise_seeds = {self.noise_seeds}: expected 1 to {MAX_SEEDS}")
        for psnr_db in [None, *self.psnr_db]:
            replace(self.reference, psnr_db=psnr_db).settings(config)


@dataclass(frozen=True, slots=True)
class ErrorPoint:
    """The errors of one condition.

    Attributes:
        psnr_db: of all links; None for the run's own.
        links_down: links whose symbols the decoder saw as zeros.
        errors: mean error on the test samples, by realisation of the noise; the first meets that of the run's own test.
    """

    psnr_db: float | None
    links_down: tuple[int, ...]
    errors: tuple[float, ...]

    @property
    def error(self) -> float:
        """The mean over the realisations of the noise."""
        return interval(self.errors).mean

    @property
    def half_width(self) -> float | None:
        """Half of the 95 % interval of this mean over the noise, for these test samples; None for one realisation."""
        return interval(self.errors).half_width


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The results of an evaluation.

    Attributes:
        config: the settings of the trained run.
        request: the extent.
        engine: name of the engine that measured the errors.
        points: by PSNR, in the order of the request.
        ablation: by description, such as `without link 0`, at the run's own PSNR.
        confusion: of the answers at the run's own PSNR; None for other tasks than classification, and if it was not
            measured.
        codebooks: by link, how the test split's symbols use the levels; empty for real symbols, and if not measured.
    """

    config: RunConfig
    request: Request
    engine: str
    points: tuple[ErrorPoint, ...]
    ablation: dict[str, ErrorPoint]
    confusion: ConfusionMatrix | None = None
    codebooks: tuple[CodebookUse, ...] = ()

    @property
    def errors(self) -> dict[float | None, float]:
        """The mean error by PSNR."""
        return {point.psnr_db: point.error for point in self.points}


def measure_errors(
    config: RunConfig, request: Request, measure: Measure, engine: str, show: Callable[[str], None] = lambda _: None
) -> EvaluationResult:
    """Measure the errors of all points and of the ablation.

    Args:
        config: the settings of the trained run.
        request: the extent.
        measure: measures one point of the trained model.
        engine: the name of what measures.
        show: receives a line before each condition is measured.

    Raises:
        ConfigError: as `Request.check`, before anything is measured.
    """
    request.check(config)

    def point(condition: Condition) -> ErrorPoint:
        errors = []
        for number in range(request.noise_seeds):
            show(_described(condition, number, request.noise_seeds))
            errors.append(measure(replace(condition, noise_number=number).settings(config)))
        return ErrorPoint(condition.psnr_db, condition.links_down, tuple(errors))

    points = [point(replace(request.reference, psnr_db=psnr_db)) for psnr_db in _psnrs(request)]
    rows = ablations(config.links, request.links_down) if request.ablation else {}
    ablation = {name: point(replace(request.reference, links_down=down)) for name, down in rows.items()}
    return EvaluationResult(config, request, engine, tuple(points), ablation)


def _psnrs(request: Request) -> Iterable[float | None]:
    return request.psnr_db or (None,)


def _described(condition: Condition, number: int, count: int) -> str:
    at = "the run's own PSNR" if condition.psnr_db is None else f"{condition.psnr_db:g} dB"
    down = f", without link {', '.join(map(str, condition.links_down))}" if condition.links_down else ""
    return f"{at}{down}, noise {number + 1} of {count}"
