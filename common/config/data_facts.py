"""Completes the settings of a run on a user's own data with what is found in these data."""

from pathlib import Path

from splitwave.common.config.data_settings import DataSettings
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.source_settings import facts_as_settings
from splitwave.common.data.catalog import inspect


def with_data_facts(config: RunConfig, data_dir: Path | None) -> RunConfig:
    """The settings with shape, task, statistics and digests of the data; unchanged where they say all of this already.

    Every run calls it once, before anything else: from then on the settings alone tell all parties what they need, and
    a device that reads other data is refused.

    Raises:
        DataError: the data are missing or damaged, or contradict the settings.
    """
    choice = config.data.choice
    if isinstance(choice, str) or choice.facts is not None:
        return config
    found = facts_as_settings(inspect(choice, data_dir))
    data = DataSettings.model_validate({**config.data.model_dump(), **found})
    return config.model_copy(update={"data": data})
