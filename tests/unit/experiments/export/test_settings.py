"""The β and the PSNR that an export folds in."""

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.experiments.export.settings import settings_for

TRAINED = RunConfig.model_validate(
    {"hypernetwork": {"beta": [1e-4, 1.0], "psnr": True}, "channel": {"training_psnr_db": [0, 20]}}
)


@pytest.mark.parametrize(
    ("beta", "psnr_db", "words"),
    [
        (float("nan"), None, r"objective.beta = nan \(from --beta\)"),
        (-1.0, None, r"objective.beta = -1.0 \(from --beta\)"),
        (5.0, None, r"objective.beta = 5.0 is an input of the networks, trained on"),
        (None, float("inf"), r"channel.psnr_db = inf \(from --psnr-db\)"),
        (None, 1e12, r"channel.psnr_db = 1000000000000.0 \(from --psnr-db\)"),
    ],
)
def test_values_that_no_network_was_trained_for_are_refused_by_name(
    beta: float | None, psnr_db: float | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        settings_for(TRAINED, beta, psnr_db)


def test_values_in_range_become_those_of_all_links() -> None:
    settings = settings_for(TRAINED, 0.01, 5.0)
    assert [settings.beta(link) for link in range(settings.links)] == [0.01] * settings.links
    assert settings.channel.psnr_db == 5.0
