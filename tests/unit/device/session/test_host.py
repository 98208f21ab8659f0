"""The devices of one process, without a network."""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import (
    PROTOCOL_VERSION,
    Downlink,
    Evaluate,
    Prediction,
    Ready,
    TrainStep,
    Welcome,
)
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport, UplinkCost
from splitwave.device.learning.views import HostedViews, StackedViews
from splitwave.device.session.host import Addressed, DeviceHost
from splitwave.device.session.session import DeviceSession

LINKS = 3
CONFIG = RunConfig.model_validate(
    {
        "links": LINKS,
        "encoder": {"dimension": 3},
        "training": {"epochs": 1, "batch_size": 8},
        "inference": {"block_size": 5, "latency_samples": 2},
        "runtime": {"credits": 2},
    }
)


class Loader:
    """Counts how often data are loaded."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, config: RunConfig, links: Sequence[int]) -> StackedViews:
        self.asked.append(tuple(links))
        rng = np.random.default_rng(0)
        features = int(np.prod(config.view_shape))
        train, test = (rng.random((len(links), size, features), dtype=np.float32) for size in (16, 12))
        return StackedViews(tuple(links), train, test, "digest")


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def host(tmp_path: Path, loader: Loader) -> DeviceHost:
    views, ticks = HostedViews(range(LINKS), loader), count(0, 1000)

    def clock() -> int:
        return next(ticks)

    sessions = [
        DeviceSession(
            device_id=f"dev-{link}", software="test", requested_link=link, state_dir=tmp_path,
            open_views=views.open, clock=clock,
        )
        for link in range(LINKS)
    ]  # fmt: skip
    return DeviceHost(sessions, lambda: views.stacked)


def to_all(message: Downlink) -> list[tuple[int, Downlink]]:
    return [(port, message) for port in range(LINKS)]


def welcomes(changes: Mapping[str, object] | None = None) -> list[tuple[int, Downlink]]:
    config = RunConfig.model_validate(CONFIG.model_dump() | dict(changes or {}))
    settings = config.canonical_json()
    return [(link, Welcome(PROTOCOL_VERSION, "run", link, settings, None)) for link in range(LINKS)]


def react(host: DeviceHost, messages: Sequence[tuple[int, Downlink]]) -> list[Addressed]:
    bundles = []
    for answers in host.react(messages):
        bundles.append(answers)
        for port, body in answers:
            if isinstance(body, SymbolBlock):
                host.sessions[port].block_packed(body.key, UplinkCost(len(body.sample_ids), 10, 20))
    return bundles


def numbers(bundle: Addressed) -> list[tuple[int, int]]:
    """(port, number of the block) of blocks."""
    return [(port, body.key.micro_batch) for port, body in bundle if isinstance(body, SymbolBlock)]


def predictions(bundle: Addressed) -> list[tuple[int, Downlink]]:
    blocks = [(port, body) for port, body in bundle if isinstance(body, SymbolBlock)]
    return [(port, Prediction(body.key, np.zeros(len(body.sample_ids), dtype=np.uint8))) for port, body in blocks]


def test_the_data_are_loaded_once_for_all_links(host: DeviceHost, loader: Loader) -> None:
    bundles = react(host, welcomes())

    assert [list(bundle) for bundle in bundles] == [[(port, Ready(16, 12, "digest"))] for port in range(LINKS)]
    react(host, welcomes())
    assert loader.asked == [(0, 1, 2)]


def test_blocks_that_several_are_asked_for_are_ready_together(host: DeviceHost) -> None:
    react(host, welcomes())

    first, second = react(host, to_all(Evaluate(Phase.TEST, 0, Symbols.HARD)))
    assert numbers(first) == [(0, 0), (1, 0), (2, 0)]
    assert numbers(second) == [(0, 1), (1, 1), (2, 1)]

    (last,) = react(host, predictions(first))
    assert numbers(last) == [(0, 2), (1, 2), (2, 2)]

    reports = react(host, predictions(second) + predictions(last))
    assert [(port, type(body)) for ((port, body),) in reports] == [(port, PassReport) for port in range(LINKS)]


def test_half_of_the_credits_leave_together(host: DeviceHost) -> None:
    react(host, welcomes({"runtime": {"credits": 4}}))
    first, second = react(host, to_all(Evaluate(Phase.TEST, 0, Symbols.HARD)))
    assert numbers(first) == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    assert numbers(second) == [(0, 2), (1, 2), (2, 2)]


def test_a_port_that_is_asked_alone_answers_alone_and_the_others_catch_up(host: DeviceHost) -> None:
    react(host, welcomes())
    alone = Evaluate(Phase.SERVE, 0, Symbols.HARD)

    (first,) = react(host, [(1, alone)])
    (others,) = react(host, [(0, alone), (2, alone)])
    (second,) = react(host, predictions(first))

    assert (numbers(first), numbers(others), numbers(second)) == ([(1, 0)], [(0, 0), (2, 0)], [(1, 1)])


def test_the_time_to_encode_is_that_of_all_blocks_that_were_ready_together(host: DeviceHost) -> None:
    react(host, welcomes())
    (first,) = react(host, to_all(Evaluate(Phase.SERVE, 0, Symbols.HARD)))
    (second,) = react(host, predictions(first))
    reports = [body for ((_, body),) in react(host, predictions(second))]

    for report in reports:
        assert isinstance(report, PassReport)
        assert report.hop_times_ns[:, 0].tolist() == [2000, 2000]  # three readings of the clock, a tick apart


def test_all_send_before_one_works_ahead(host: DeviceHost, monkeypatch: pytest.MonkeyPatch) -> None:
    react(host, welcomes())
    done: list[str] = []
    for port, session in enumerate(host.sessions):
        monkeypatch.setattr(session.worker, "measure_rate", lambda _, port=port: done.append(f"rate {port}"))

    for answers in host.react(to_all(TrainStep(0))):
        done += [f"block {port}" for port, _ in answers]

    assert done == [f"{what} {port}" for what in ("block", "rate") for port in range(LINKS)]


def test_training_blocks_leave_one_by_one(host: DeviceHost) -> None:
    several = {"epochs": 1, "batch_size": 8, "micro_batches": 2}
    react(host, welcomes({"runtime": {"credits": 4}, "training": several}))
    bundles = react(host, to_all(TrainStep(0)))
    assert [numbers(bundle) for bundle in bundles] == [[(port, number)] for port in range(LINKS) for number in (0, 1)]


def test_a_training_step_does_not_wait_for_the_pass_of_another_port(host: DeviceHost) -> None:
    react(host, welcomes())
    messages: list[tuple[int, Downlink]] = [(0, Evaluate(Phase.SERVE, 0, Symbols.HARD)), (1, TrainStep(0))]
    bundles = react(host, messages)
    assert [numbers(bundle) for bundle in bundles] == [[(1, 0)], [(0, 0)]]
    phases = [body.key.phase for bundle in bundles for _, body in bundle if isinstance(body, SymbolBlock)]
    assert phases == [Phase.TRAIN, Phase.SERVE]


def test_what_fails_one_device_fails_all(host: DeviceHost) -> None:
    react(host, welcomes())
    with pytest.raises(ProtocolError, match="step 1 was announced: expected step 0"):
        react(host, [(0, TrainStep(0)), (2, TrainStep(1))])


def test_a_process_that_asks_for_no_link_loads_the_view_of_the_link_that_it_gets(loader: Loader) -> None:
    views = HostedViews([], loader)

    assert views.open(CONFIG, 2).train.shape == (16, 280)
    assert loader.asked == [(2,)]
