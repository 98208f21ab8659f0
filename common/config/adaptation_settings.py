"""The settings of link adaptation: which policy sets the links' queries, and from which table."""

import itertools
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from splitwave.common.config.registry import ADAPTATION_POLICIES, FIXED
from splitwave.common.config.section import Section
from splitwave.common.config.setting_types import Decibels, Positive

Modulation = Literal["bpsk", "qpsk", "16-qam"]


class AdaptationRow(Section):
    """The form of a link's queries from a measured PSNR on.

    `from_db`: measured PSNR in dB, peak, behind the fading; without a value from below. `beta`, `bits` a symbol and
    `modulation`: without a value those of the run. `sends: false` for a link that sends nothing but its pilots.
    """

    from_db: Decibels | None = None
    beta: Positive | None = None
    bits: Annotated[int, Field(ge=1, le=8)] | None = None
    modulation: Modulation | None = None
    sends: bool = True

    @model_validator(mode="after")
    def _silence_has_no_form(self) -> Self:
        for name in ("beta", "bits", "modulation"):
            if not self.sends and (value := getattr(self, name)) is not None:
                raise ValueError(f"{name} = {value} does nothing with sends = false")
        return self


class AdaptationSettings(Section):
    """The policy by which queries of serving passes follow the PSNR that `channel.receiver.csi` measures.

    `policy`. `fixed`: as the settings say, or as the one row of `rows`. `table`: as the last row of `rows` whose
    `from_db` is at most the PSNR of the link's last query; `from_db` ascends. Other packages may add policies. See the
    guide [Adapt links](../how-to/adaptation.md).
    """

    policy: Annotated[str, AfterValidator(ADAPTATION_POLICIES.check)] = FIXED
    rows: Annotated[list[AdaptationRow], Field(max_length=64)] = Field(default=[])

    @model_validator(mode="after")
    def _rows_fit_the_policy(self) -> Self:
        from_db = [row.from_db for row in self.rows]
        if self.policy == FIXED and (len(self.rows) > 1 or from_db not in ([], [None])):
            raise ValueError(f"policy = {FIXED} takes at most one row, without from_db: got rows from {from_db}")
        if self.policy == "table" and not self.rows:
            raise ValueError("policy = table needs rows")
        steps = [float("-inf") if each is None else each for each in from_db]
        ascends = all(low < high for low, high in itertools.pairwise(steps))
        if not ascends or (from_db and from_db[0] is not None):
            raise ValueError(f"rows from {from_db}: expected from_db to ascend, and the first row to have none")
        return self

    @property
    def is_on(self) -> bool:
        """Whether queries may be sent otherwise than the run's settings say."""
        return self.policy != FIXED or bool(self.rows)
