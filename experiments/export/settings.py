"""The settings that a model is exported for: those of its run, with the β and the PSNR that are asked for."""

import math

import numpy as np
from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.setting_errors import complaints
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import rate_noise_variances
from splitwave.common.protocol.cross_link import check_links_apart
from splitwave.common.protocol.phases import Phase
from splitwave.common.records.link_format import ConditionsFormat
from splitwave.common.records.part_format import CLASSIFICATION, QUANTITIES, REGRESSION, InputFormat, TaskFormat
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.vector_regression import VectorRegression

_ORIGINS = {"objective.beta": "--beta", "channel.psnr_db": "--psnr-db"}
_SENSORS = "sensors"


def settings_for(trained: RunConfig, beta: float | None, psnr_db: float | None) -> RunConfig:
    """The settings of an exported model; its networks compute on the CPU.

    Args:
        trained: the settings of the run.
        beta: of all links; None for the run's own.
        psnr_db: of all links; None for the run's own.

    Raises:
        ConfigError: a value is out of the range of the training, or the networks do not depend on it.
    """
    hyper = trained.hypernetwork
    if beta is not None and hyper.beta is None:
        raise ConfigError(f"--beta {beta:g}: the run's networks are not β-conditioned (hypernetwork.beta)")
    if psnr_db is not None and not hyper.psnr:
        raise ConfigError(f"--psnr-db {psnr_db:g}: the PSNR is no input of the run's networks (hypernetwork.psnr)")
    check_links_apart(trained, "a live query")
    tree = trained.model_dump(mode="json")
    tree["runtime"]["torch_device"] = "cpu"
    if beta is not None:
        tree["objective"]["beta"] = beta
    if psnr_db is not None:
        tree["channel"]["psnr_db"] = psnr_db
    try:
        return RunConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(complaints(error, _ORIGINS)) from None


def conditions_of(config: RunConfig, *, as_input: bool) -> ConditionsFormat:
    """The conditions of the exported networks.

    Raises:
        ConfigError: `as_input` is asked for and there are none, or the noise that is an input is not the same for all
            blocks, so that no PSNR stands for it.
    """
    if as_input and not config.conditions:
        raise ConfigError("--conditions-as-input: the run's networks have no conditions (hypernetwork)")
    links = range(config.links)
    variances = [config.noise_variance(link) for link in links] if config.hypernetwork.psnr else []
    for link, variance in enumerate(variances):
        if rate_noise_variances(config, link, BlockKey(Phase.SERVE, 0, 0)).tolist() != [variance]:
            raise ConfigError(
                f"channel.model = {config.channel.names}: its noise differs from block to block, and is an input here"
            )
    bounds = config.hypernetwork.beta
    return ConditionsFormat(
        betas=tuple(map(config.beta, links)),
        beta_range=None if bounds is None else (bounds[0], bounds[1]),
        log_noise_variances=tuple(float(np.log(variance)) for variance in variances),
        as_input=as_input,
    )


def task_of(config: RunConfig) -> TaskFormat:
    """The run's task as a part says it.

    Raises:
        ConfigError: it is the task of another package, which a board cannot know.
    """
    match config.task:
        case Classification(classes=classes):
            return TaskFormat(CLASSIFICATION, classes)
        case Regression(offset_ns=offset, scale_ns=scale):
            return TaskFormat(REGRESSION, 0, ("time",), ("ns",), (offset,), (scale,))
        case VectorRegression(names=names, units=units, mean=mean, deviation=deviation):
            return TaskFormat(QUANTITIES, 0, names, units, mean, deviation)
    raise ConfigError(
        f"data.name = {config.data.name}: expected a classification or a regression of Splitwave, got the task "
        f"{type(config.task).__name__}, which a model folder has no form for"
    )


def input_of(config: RunConfig, link: int) -> InputFormat:
    """The samples of one device's sensor, and the way from them to the inputs of its network.

    Raises:
        ConfigError: the data are standardised by channel, and the view has other channels.
    """
    shape, choice = config.view_shape_of(link), config.data.choice
    facts = choice.facts if isinstance(choice, SourceOptions) else None
    if facts is None or not facts.mean:
        return InputFormat(shape)
    array = link if config.data.view == _SENSORS and len(facts.shapes) > 1 else 0
    first = sum(channels for channels, _, _ in facts.shapes[:array])
    own = slice(first, first + facts.shapes[array][0])
    found = InputFormat(shape, mean=facts.mean[own], deviation=facts.deviation[own])
    if len(found.mean) != shape[0] or not math.prod(shape):
        raise ConfigError(f"data.view = {config.data.view}: its views have other channels than the standardised data")
    return found
