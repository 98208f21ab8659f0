"""Every name of a channel model has an implementation, and every implementation its tests."""

from pathlib import Path

import pytest

from splitwave.common.config.registry import CHANNEL_MODELS
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.channel_model import ChannelModel, channel_model


@pytest.mark.parametrize("name", CHANNEL_MODELS.built_in)
def test_every_name_has_an_implementation_with_tests(name: str) -> None:
    model = channel_model(name, RunConfig(), 0)
    assert isinstance(model, ChannelModel)
    assert type(model).__module__ == f"splitwave.channel.models.{name}"
    assert Path(__file__).with_name(f"test_{name}.py").exists()


def test_every_module_is_a_registered_model_or_combines_models() -> None:
    modules = {path.stem for path in Path(Path(__file__).parents[4], "channel", "models").glob("[!_]*.py")}
    assert modules == {*CHANNEL_MODELS.built_in, "composite"}
