"""The settings of data of a user's own, and what was found in these data."""

from typing import Annotated, Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from splitwave.common.config.section import Section
from splitwave.common.data.catalog import SOURCES, is_source
from splitwave.common.data.sources.checks import MAX_CLASSES
from splitwave.common.data.sources.options import Colour, Damaged, Facts, OtherModes, SourceOptions
from splitwave.common.limits import MAX_LINKS

Size = Annotated[int, Field(ge=1, le=4096)]
Shape = Annotated[list[Annotated[int, Field(ge=1, le=1 << 32)]], Field(min_length=3, max_length=3)]
Statistic = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]

_FOUND = ("shape", "shapes", "mean", "deviation", "target_mean", "target_deviation", "sha256")


class FactSettings(Section):
    """Facts that are found in the data and recorded; a user may give `classes` alone."""

    classes: Annotated[int, Field(ge=1, le=MAX_CLASSES)] | None = None
    shape: Shape | None = None
    shapes: Annotated[list[Shape], Field(min_length=2, max_length=MAX_LINKS)] | None = None
    mean: Statistic | None = None
    deviation: Statistic | None = None
    target_mean: Statistic | None = None
    target_deviation: Statistic | None = None
    sha256: Annotated[list[Sha256], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _facts_are_complete(self) -> Self:
        if self.sha256 is None:
            for name in _FOUND:
                if getattr(self, name) is not None:
                    raise ValueError(
                        f"{name} is found in the data, together with sha256, which is not given: leave it out"
                    )
        elif (self.shape is None) == (self.shapes is None) or (self.classes is None) == (self.target_mean is None):
            raise ValueError("sha256 is recorded together with shape or shapes, and with classes or target_mean")
        elif (self.mean is None) != (self.deviation is None):
            raise ValueError("mean and deviation are recorded together")
        elif (self.target_mean is None) != (self.target_deviation is None):
            raise ValueError("target_mean and target_deviation are recorded together")
        return self

    @property
    def facts(self) -> Facts | None:
        """The facts; None before the data were read."""
        shapes = self.shapes if self.shape is None else [self.shape]
        if self.sha256 is None or shapes is None:
            return None
        return Facts(
            shapes=tuple((channels, height, width) for channels, height, width in shapes),
            classes=self.classes or 0,
            mean=tuple(self.mean or ()),
            deviation=tuple(self.deviation or ()),
            target_mean=tuple(self.target_mean or ()),
            target_deviation=tuple(self.target_deviation or ()),
            sha256=(self.sha256[0], self.sha256[1]),
        )


class SourceSettings(FactSettings):
    """Settings of the sources alone; a named data set has none of them, and a result of one does not list them."""

    path: Text | None = None
    size: Annotated[list[Size], Field(min_length=2, max_length=2)] | None = None
    colour: Colour = "rgb"
    damaged_files: Damaged = "refuse"
    other_modes: OtherModes = "convert"
    test_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    standardise: bool = False
    names: list[Text] | None = None
    units: list[Annotated[str, Field(max_length=32)]] | None = None

    @model_validator(mode="after")
    def _settings_fit_each_other(self) -> Self:
        if self.units is not None and len(self.units) != len(self.names or ()):
            raise ValueError(f"units = {self.units}: expected one for each of names = {self.names}")
        if self.sha256 is not None and self.standardise != (self.mean is not None):
            raise ValueError("mean and deviation are recorded with standardise: true, and not without")
        return self

    @model_serializer(mode="wrap")
    def _without_unset(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Recorded settings, and the hash over them, are the same as before there were sources.
        unset = SourceSettings.model_fields.keys() - source_settings_of(self).keys()
        return {name: value for name, value in serialise(self).items() if name not in unset}

    def options(self, name: str) -> SourceOptions:
        """The options of a source by this name, with the facts if they are known."""
        return SourceOptions(
            name=name,
            path=self.path,
            size=None if self.size is None else (self.size[0], self.size[1]),
            colour=self.colour,
            damaged_files=self.damaged_files,
            other_modes=self.other_modes,
            test_share=self.test_share,
            standardise=self.standardise,
            classes=self.classes,
            names=tuple(self.names or ()),
            units=tuple(self.units or ()),
            facts=self.facts,
        )

    def check_of_source(self, name: str) -> None:
        """Refuse settings of sources beside a named data set.

        Raises:
            ValueError: one of them was given a value.
        """
        if is_source(name):
            return
        for setting, value in source_settings_of(self).items():
            raise ValueError(
                f"{setting} = {value} does nothing with name = {name}: it is for {', '.join(SOURCES.names)}"
            )


def source_settings_of(settings: SourceSettings) -> dict[str, Any]:
    """The settings of sources that are not at their defaults."""
    fields = SourceSettings.model_fields
    return {name: value for name in fields if (value := getattr(settings, name)) != fields[name].default}


def facts_as_settings(facts: Facts) -> dict[str, Any]:
    """Return the settings that record these facts."""
    shapes = [list(shape) for shape in facts.shapes]
    found: dict[str, Any] = {"sha256": list(facts.sha256)}
    found |= {"shape": shapes[0]} if len(shapes) == 1 else {"shapes": shapes}
    found |= {"classes": facts.classes} if facts.classes else {}
    for name in ("mean", "deviation", "target_mean", "target_deviation"):
        if value := getattr(facts, name):
            found[name] = list(value)
    return found
