"""The same queries through devices of two kinds, such as with torch and without: equal levels give equal answers.

The channel's noise depends on the name of a query and on nothing else. So if two devices send the same levels for it,
the base station computes the same probabilities, to the bit; and a level that differs changes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from splitwave.common.protocol.arrays import Float32
from tests.e2e.live.digits import Served, serve_digits

KINDS = ("torch", "onnx")


class Reply(NamedTuple):
    """The answer to the part of one device.

    Attributes:
        outcome: such as `answered`.
        value: the class.
        probabilities: float32, as bytes, so that they are compared to the bit.
        links: that the answer was computed from.
    """

    outcome: str
    value: object
    probabilities: bytes
    links: tuple[int, ...]

    @classmethod
    def of(cls, outcome: str, value: object, probabilities: Iterable[float], links: Iterable[int]) -> "Reply":
        """From the numbers of an answer."""
        return cls(outcome, value, np.array(list(probabilities), dtype=np.float32).tobytes(), tuple(links))


Replies = Mapping[tuple[int, int], Reply]
"""By link and sequence number."""


class Agreement(NamedTuple):
    """How often devices of two kinds got the same.

    Attributes:
        parts: of all queries and links, of the first kind.
        answers: with the same outcome and class, computed from the same links.
        probabilities: with the same probabilities to the bit, too.
        answered: parts with an answer, of both kinds.
        differing: the first names (link, sequence) of parts that differ.
    """

    parts: int
    answers: int
    probabilities: int
    answered: int
    differing: tuple[tuple[int, int], ...]

    @property
    def complete(self) -> bool:
        """Whether every part was answered, and equally."""
        return self.parts > 0 and self.parts == self.answered == self.answers == self.probabilities

    def __str__(self) -> str:
        """Lines for people."""
        differing = f"\ndiffering (link, sequence): {', '.join(map(str, self.differing))}" if self.differing else ""
        return (
            f"parts {self.parts}, answered by both kinds {self.answered}, equal answers {self.answers}, "
            f"equal probabilities {self.probabilities}{differing}"
        )


def agreement(first: Replies, second: Replies, shown: int = 10) -> Agreement:
    """Compare the replies to the same queries; a part that one kind lacks counts as different."""
    both = {name: (reply, second.get(name)) for name, reply in first.items()}
    return Agreement(
        len(first.keys() | second.keys()),
        sum(other is not None and _answer(reply) == _answer(other) for reply, other in both.values()),
        sum(reply == other for reply, other in both.values()),
        sum(other is not None and reply.outcome == other.outcome == "answered" for reply, other in both.values()),
        tuple(sorted(name for name, (reply, other) in both.items() if reply != other))[:shown],
    )


def replies_of(served: Served) -> Replies:
    """The replies that the devices of live sources wrote."""
    assert not any(served.exit_codes), served.exit_codes
    return {
        (link, line["sequence"]): Reply.of(line["outcome"], line["value"], line["probabilities"], line["links_used"])
        for link, lines in enumerate(served.answers)
        for line in lines
    }


def replies_of_kind(
    kind: str, model: Path, views: Sequence[Float32], *, rate_per_s: float, jitter_s: float, folder: Path
) -> Replies:
    """Serve the model once, with devices of a kind of `KINDS` as processes; queries wait long for a busy machine."""
    logs = folder / f"logs-{kind}"
    logs.mkdir()
    served = serve_digits(
        model,
        views,
        rate_per_s=rate_per_s,
        jitter_s=jitter_s,
        folder=logs,
        device_options=(f"--encoder={kind}",),
        station_options=("--query-timeout=60",),
    )
    return replies_of(served)


def _answer(reply: Reply) -> tuple[object, ...]:
    return reply.outcome, reply.value, reply.links
