"""The answer to a live query as an application gets it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.live_messages import Outcome, QueryAnswer
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.tasks.task import AnswersWithUnits, Task


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one query, as far as this device's part is concerned.

    Attributes:
        name: of the query, `name.stream` and `name.sequence`.
        outcome: `Outcome.ANSWERED` or `LATE` come with a value, the others without.
        value: the class as its index, the number of a regression, or a tuple of several; None without an answer.
        class_name: where the application named the classes.
        unit: of the number, or of each number; None of a class.
        probabilities: of each class; empty for a regression, or without an answer.
        links_used: the links whose symbols the answer was computed from, ascending.
        betas: by link, the β of its part; empty unless the networks are β-conditioned.
        psnr_db: by link, the PSNR of the channel that the parts came over; may be empty.
        model: number of the model that answered, as the base station counts its models; 0 without an answer.
        channel_versions: by link, the version of the channel's state that the parts came over, as `splitwave channel
            list` shows it; empty where nobody has changed a link.
        hops_ns: nanoseconds by hop, in the order of the query's way; each is a duration on one party's clock, and
            clocks of different machines are never compared.
    """

    name: QueryName
    outcome: Outcome
    value: int | float | tuple[float, ...] | None = None
    class_name: str | None = None
    unit: str | tuple[str, ...] | None = None
    probabilities: tuple[float, ...] = ()
    links_used: tuple[int, ...] = ()
    betas: tuple[float, ...] = ()
    psnr_db: tuple[float, ...] = ()
    model: int = 0
    hops_ns: Mapping[str, int] = field(default_factory=dict)
    channel_versions: tuple[int, ...] = ()

    def as_json(self) -> str:
        """One line of JSON with all attributes, and `stream` and `sequence` in place of the name."""
        tree = {
            "stream": self.name.stream,
            "sequence": self.name.sequence,
            "outcome": self.outcome.name.lower(),
            "value": _shortened(self.value),
            "class_name": self.class_name,
            "unit": self.unit,
            "probabilities": _shortened(self.probabilities),
            "links_used": self.links_used,
            "betas": self.betas,
            "psnr_db": self.psnr_db,
            "model": self.model,
            **({"channel_versions": self.channel_versions} if self.channel_versions else {}),
            "hops_ns": dict(self.hops_ns),
        }
        return json.dumps(tree, ensure_ascii=False)


class AnswerReader:
    """Turns the answers of one link into those of an application."""

    def __init__(self, task: Task, class_names: Sequence[str] = ()) -> None:
        """Prepare for a task.

        Args:
            task: of the link's contract.
            class_names: the name of each class; empty where they have none.

        Raises:
            ConfigError: there is another number of classes.
        """
        self._class_names = tuple(class_names)
        units = task.answer_units if isinstance(task, AnswersWithUnits) else ()
        self._units: str | tuple[str, ...] | None = units[0] if len(units) == 1 else units or None
        self.classes = task.outputs if issubclass(task.answer_dtype, np.integer) else 0
        if self._class_names and len(self._class_names) != self.classes:
            raise ConfigError(f"{len(self._class_names)} names of classes: the model has {self.classes} classes")

    @property
    def units(self) -> tuple[str, ...]:
        """The unit of each number in an answer; empty where answers are classes."""
        return (self._units,) if isinstance(self._units, str) else self._units or ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class; empty where they have none."""
        return self._class_names

    def read(self, answer: QueryAnswer, hops_ns: Mapping[str, int]) -> Answer:
        """The answer with its value as plain numbers."""
        value = _value(answer)
        named = isinstance(value, int) and self._class_names
        return Answer(
            name=QueryName.of(answer.key),
            outcome=answer.outcome,
            value=value,
            class_name=self._class_names[value] if named and isinstance(value, int) else None,
            unit=None if value is None else self._units,
            probabilities=() if answer.probabilities is None else tuple(answer.probabilities.tolist()),
            links_used=answer.links,
            betas=answer.betas,
            psnr_db=answer.psnr_db,
            model=answer.model,
            hops_ns=hops_ns,
            channel_versions=answer.channel_versions,
        )


def _value(answer: QueryAnswer) -> int | float | tuple[float, ...] | None:
    if answer.answers is None:
        return None
    (value,) = answer.answers.tolist()
    return tuple(value) if isinstance(value, list) else value


def _shortened(value: int | float | tuple[float, ...] | None) -> object:
    """A float32 number, or several, with no more digits than tell it from its neighbours."""
    if isinstance(value, tuple):
        return [_shortened(each) for each in value]
    return float(str(np.float32(value))) if isinstance(value, float) else value
