"""The types of single settings: names at the seams, and numbers with their ranges."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from splitwave.common.config.registry import BACKBONES, BOUNDS
from splitwave.common.data.catalog import DATA_SETS, SOURCES, check_choice
from splitwave.common.data.view import VIEWS
from splitwave.common.named_object import check_object_name
from splitwave.common.seam import Seam


def _ascending(values: list[float]) -> list[float]:
    if values != sorted(values):
        raise ValueError("expected [low, high] with low ≤ high")
    return values


def _listing(*seams: Seam[Any]) -> Callable[[dict[str, Any]], None]:
    """List the names of seams in the JSON schema; installed packages are found only when the schema is made."""

    def list_names(schema: dict[str, Any]) -> None:
        schema["enum"] = [name for seam in seams for name in seam.names]

    return list_names


BackboneName = Annotated[str, AfterValidator(BACKBONES.check), Field(json_schema_extra=_listing(BACKBONES))]
BoundName = Annotated[str, AfterValidator(BOUNDS.check), Field(json_schema_extra=_listing(BOUNDS))]
DataSetName = Annotated[str, AfterValidator(DATA_SETS.check), Field(json_schema_extra=_listing(DATA_SETS))]
DataName = Annotated[str, AfterValidator(check_choice), Field(json_schema_extra=_listing(DATA_SETS, SOURCES))]
ViewName = Annotated[str, AfterValidator(VIEWS.check), Field(json_schema_extra=_listing(VIEWS))]
ObjectName = Annotated[str, AfterValidator(check_object_name)]


TorchDevice = Literal["cpu", "cuda"]
Decibels = Annotated[float, Field(ge=-100, le=150, allow_inf_nan=False)]
DecibelRange = Annotated[list[Decibels], Field(min_length=2, max_length=2), AfterValidator(_ascending)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
BetaRange = Annotated[list[Positive], Field(min_length=2, max_length=2), AfterValidator(_ascending)]
