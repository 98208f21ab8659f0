"""The settings of the data, and of what each device sees of them."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from splitwave.common.config.setting_types import DataName, ViewName
from splitwave.common.config.source_settings import SourceSettings
from splitwave.common.data.catalog import DataChoice, is_source
from splitwave.common.data.view import VIEWS


class DataSettings(SourceSettings):
    """The data set, its division among the devices, and the number of training samples held out for validation.

    `name`: a data set of Splitwave, or one that an installed package adds; or a source of data of your own, with `path`
    in the data directory and the other settings of the guide [Train on your own data](../how-to/own-data.md).

    `view`: what each of K devices sees of a sample. `rows`, `columns`, `grid`: equal parts of adjacent rows, of
    columns, or of both; where K does not divide an image's rows, neighbours overlap. `crop`: a window at a place drawn
    for each device and sample. `same`: all of it. `sensors`: the data set's array for this device.
    `overlap`: the share of a part that the next device sees too, as in QML-IB's Fig. 4. `crop`: the share of each side
    that a window has. `noise`: the standard deviation of the Gaussian noise that each device adds to its view, whose
    pixels are in [0, 1]; drawn once a sample. `seed`: of the draws of `crop` and `noise`; null for the run's seed.
    """

    name: DataName = "mnist5k"
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    validation: Annotated[int, Field(ge=0)] = 0
    view: ViewName = "rows"
    crop: Annotated[float, Field(gt=0, le=1)] = 0.5
    noise: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=1 << 64)] | None = None

    @model_validator(mode="after")
    def _settings_of_sources_have_one(self) -> Self:
        self.check_of_source(self.name)
        return self

    @property
    def choice(self) -> DataChoice:
        """The data, as `common.data.catalog` takes them."""
        return self.options(self.name) if is_source(self.name) else self.name

    @property
    def draws(self) -> bool:
        """Whether what devices see depends on a seed; views of other packages may draw, too."""
        return self.noise > 0 or self.view == "crop" or self.view not in VIEWS.built_in

    @property
    def named_function(self) -> str | None:
        """The user's function that the data come from, `module:function`; None for data that are read from files."""
        return self.path if self.name == "python" else None

    @property
    def title(self) -> str:
        """The name of the data set, or the source, its path, and the name of a published data set that it is."""
        choice = self.choice
        return choice if isinstance(choice, str) else choice.title
