"""The programs that inject faults draw them by their seed, and say so when something is not equal or not flat."""

import asyncio
import dataclasses

import pytest

from splitwave.common.wire.pb import control_pb2 as pb
from tests.e2e.chaos import faulty_network
from tests.e2e.chaos.disturbance import Recovery, disturb
from tests.e2e.chaos.faulty_network import FaultyNetwork
from tests.e2e.chaos.kills import MOST_STEPS, Kill, draw_kills
from tests.e2e.chaos.report import report
from tests.e2e.soak.readings import Reading
from tests.e2e.soak.slopes import slopes

UPWARD_SEED = 1
"""The fault of this network's first connection is in the direction to the server."""
PARTIES = ("basestation", "channel", "device-0", "device-1")


def test_kills_are_drawn_by_their_seed_and_send_as_many_signals_as_asked_for() -> None:
    for seed in range(20):
        kills = draw_kills(seed, 30, PARTIES)
        assert kills == draw_kills(seed, 30, PARTIES)
        assert sum(len(kill.parties) for kill in kills) == 30
        assert all(len(set(kill.parties)) == len(kill.parties) and 1 <= kill.steps <= MOST_STEPS for kill in kills)
    assert draw_kills(0, 30, PARTIES) != draw_kills(1, 30, PARTIES)


@pytest.mark.parametrize(
    ("planned", "disturbed", "passed", "verdict"),
    [
        (2, "aa", True, "equal to the bit"),
        (2, "bb", False, "the weights differ"),
        (3, "aa", False, "equal, but training ended before all kills were made: give it more epochs"),
    ],
)
def test_the_verdict_needs_equal_weights_and_all_kills(
    planned: int, disturbed: str, passed: bool, verdict: str
) -> None:
    recoveries = [Recovery(Kill(("channel", "device-0"), 5), step=7, replayed=2, seconds=1.5)]

    text, ok = report(recoveries, {"drop": 1}, planned=planned, undisturbed="aa", disturbed=disturbed)

    assert ok is passed
    assert text.splitlines()[-1].split(maxsplit=1) == ["verdict", verdict]


def held(**growth: float) -> list[Reading]:
    """Readings of six minutes, whose values grow linearly after a steep start; `growth` is that of one reading."""
    first = Reading(0.0, 100.0, 10, 20, 5)
    per_reading = {"rss_mb": 0.0, "threads": 0, "descriptors": 0, "tasks": 0, **growth}
    return [
        first,
        *(
            dataclasses.replace(
                first,
                at_s=10.0 * number,
                rss_mb=150 + per_reading["rss_mb"] * number,
                threads=round(12 + per_reading["threads"] * number),
                descriptors=round(22 + per_reading["descriptors"] * number),
                tasks=round(7 + per_reading["tasks"] * number),
            )
            for number in range(1, 37)
        ),
    ]


@pytest.mark.parametrize(
    ("growth", "flat"),
    [
        ({}, True),
        ({"rss_mb": 0.02}, True),
        ({"rss_mb": 0.2}, False),
        ({"threads": 0.1}, False),
        ({"descriptors": 0.1}, False),
        ({"tasks": 0.1}, False),
    ],
)
def test_only_growth_after_the_warm_up_counts(growth: dict[str, float], flat: bool) -> None:
    fitted = slopes("channel", "serving", held(**growth))

    assert fitted.rss_mb_per_hour == pytest.approx(360 * growth.get("rss_mb", 0.0))
    assert fitted.is_flat is flat


def test_a_file_that_is_open_for_a_moment_is_no_growth() -> None:
    readings = held()
    readings[-2] = dataclasses.replace(readings[-2], descriptors=readings[-2].descriptors + 1)

    fitted = slopes("channel", "serving", readings)

    assert fitted.descriptors_per_hour > 0
    assert fitted.is_flat


@pytest.mark.parametrize("fault", faulty_network.BREAKING)
def test_a_faulty_connection_breaks_in_the_way_that_was_drawn(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client sends 100,000 bytes; the fault of its connection comes after 40,000 of them."""
    monkeypatch.setattr(faulty_network, "BREAKING", (fault,))
    monkeypatch.setattr(faulty_network, "BYTES", (40_000, 40_000))
    sent = bytes(range(250)) * 400

    async def scenario() -> tuple[bytes, FaultyNetwork]:
        received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            data = b""
            try:
                while chunk := await reader.read(1000):
                    data += chunk
            except ConnectionError:
                pass
            received.set_result(data)
            writer.close()

        network = FaultyNetwork(UPWARD_SEED)
        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        async with server, network.proxy(f"{host}:{port}") as address:
            _, writer = await asyncio.open_connection(*address.split(":"))
            writer.write(sent)
            writer.write_eof()
            data = await received
            writer.close()
        return data, network

    data, network = asyncio.run(scenario())

    assert network.counts[fault] == 1
    if fault == "corrupt":
        assert [at for at, (one, other) in enumerate(zip(data, sent, strict=True)) if one != other] == [40_000]
    elif fault == "truncate":
        assert data == sent[:40_000]
    else:
        assert sent.startswith(data)
        assert len(data) <= 40_000


class _EndingTraining:
    """A training that ends with the first kill, with this status from then on."""

    parties = PARTIES

    def __init__(self, *, last: pb.RunStatus | None) -> None:
        self._last = last
        self._killed = False

    @property
    def ended(self) -> bool:
        return self._killed

    async def status(self) -> pb.RunStatus | None:
        return self._last if self._killed else pb.RunStatus(stage=pb.STAGE_TRAINING, step=9)

    async def kill(self, party: str) -> bool:
        self._killed = party in self.parties
        return self._killed

    async def weights_sha256(self) -> str:
        return "aa"


@pytest.mark.parametrize(("last", "recoveries"), [(None, 0), (pb.RunStatus(stage=pb.STAGE_EVALUATING), 1)])
def test_a_kill_that_ends_the_run_counts_as_recovered_only_if_training_was_over(
    last: pb.RunStatus | None, recoveries: int
) -> None:
    kills = [Kill(("basestation",), 5)]

    recovered = asyncio.run(disturb(_EndingTraining(last=last), kills, lambda _: None))

    assert len(recovered) == recoveries
