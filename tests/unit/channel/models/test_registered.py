"""Every name of a channel model has an implementation, and every implementation its tests."""

from pathlib import Path
from typing import Any, NoReturn

import pytest

from splitwave.common.config.channel_settings import ChannelModelChoice
from splitwave.common.config.registry import CHANNEL_MODELS
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import ChannelModel, channel_model, check_rate_noise

NEEDED_OPTIONS: dict[str, dict[str, Any]] = {
    "mixture": {"of": ["gain", "rayleigh"]},
    "path-loss": {"distance_m": 2.0},
    "erasures": {"probability": 0.1},
    "gilbert-elliott": {"p_bad": 0.1, "p_good": 0.3},
    "clipping": {"amplitude": 0.8},
    "phase-noise": {"std_deg": 5},
    "trace": {"path": "trace.csv"},
}


@pytest.mark.parametrize("name", CHANNEL_MODELS.built_in)
def test_every_name_has_an_implementation_with_tests(name: str) -> None:
    module = name.replace("-", "_")
    model = channel_model(ChannelModelChoice(name=name, **NEEDED_OPTIONS.get(name, {})), RunConfig(), 0)
    assert isinstance(model, ChannelModel)
    assert type(model).__module__ == f"splitwave.channel.models.{module}"
    assert Path(__file__).with_name(f"test_{module}.py").exists()


def test_every_module_is_a_registered_model_or_combines_models() -> None:
    modules = {path.stem for path in Path(Path(__file__).parents[4], "channel", "models").glob("[!_]*.py")}
    assert modules == {*(name.replace("-", "_") for name in CHANNEL_MODELS.built_in), "composite"}


def broken(_config: RunConfig, link: int) -> NoReturn:
    raise ValueError(f"no antenna {link}")


def with_options(_config: RunConfig, _link: int, *, depth: float = 1.0, rate: float = 2.0) -> None:
    assert depth < rate


def nothing(_config: RunConfig, _link: int) -> None:
    return


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("broken", r"link 0: ValueError: no antenna 0, raised in .*test_registered\.py, line \d+$"),
        ("nothing", "it gives a NoneType, which lacks a member of ChannelModel"),
        ("missing", "has no 'missing'$"),
    ],
)
def test_an_object_of_a_user_that_gives_no_model_is_refused_in_one_line(model: str, reason: str) -> None:
    config = RunConfig.model_validate({"channel": {"model": f"{__name__}:{model}"}})
    with pytest.raises(ConfigError, match=rf"^channel\.model = .*:{model}.*{reason}"):
        check_rate_noise(config)


def test_an_option_that_a_model_needs_is_asked_for_by_name() -> None:
    with pytest.raises(
        ConfigError, match=r"^channel\.model = erasures, link 0: it needs the option 'probability': \{name: …, probab"
    ):
        check_rate_noise(RunConfig.model_validate({"channel": {"model": "erasures"}}))


def test_an_option_that_a_model_lacks_is_refused_with_those_that_it_has() -> None:
    chosen = {"name": f"{__name__}:with_options", "deep": 3}
    with pytest.raises(ConfigError, match=r"with_options, link 0: it has no option 'deep'; its options: depth, rate$"):
        check_rate_noise(RunConfig.model_validate({"channel": {"model": chosen}}))
