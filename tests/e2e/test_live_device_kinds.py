"""Devices without torch answer as devices with it: their levels are equal, so the probabilities are, to the bit."""

from pathlib import Path

import numpy as np
import pytest

from splitwave.common.protocol.arrays import Float32
from tests.e2e.compose_testbed import left_over
from tests.e2e.live.device_kinds import Replies, Reply, agreement, replies_of_kind
from tests.e2e.live.digits import views_of
from tests.e2e.live.serving_containers import serving_containers
from tests.e2e.live.trained_model import TrainedModel, infer_and_export, train

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.e2e

QUERIES = 200
LINKS = 2
RATE_PER_S, JITTER_S = 50.0, 0.02


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """The demo, briefly trained."""
    folder = tmp_path_factory.mktemp("model")
    run = train(folder, "demo", "training.epochs=2", f"inference.latency_samples={QUERIES}")
    return infer_and_export(folder, run)


@pytest.fixture(scope="module")
def views(model: TrainedModel) -> list[Float32]:
    return views_of(model, [sample for sample, _ in model.expected], None)


@pytest.fixture(scope="module")
def torch_replies(model: TrainedModel, views: list[Float32], tmp_path_factory: pytest.TempPathFactory) -> Replies:
    """Those of devices with torch, as processes."""
    folder = tmp_path_factory.mktemp("torch")
    return replies_of_kind("torch", model.folder, views, rate_per_s=RATE_PER_S, jitter_s=JITTER_S, folder=folder)


def test_devices_with_torch_answer_as_a_serving_pass(model: TrainedModel, torch_replies: Replies) -> None:
    answers = [answer for _, answer in model.expected]
    for link in range(LINKS):
        assert [torch_replies[link, number].value for number in range(QUERIES)] == answers


def test_a_bit_of_a_probability_and_a_missing_part_are_differences() -> None:
    replies = {(link, 0): Reply.of("answered", 3, (0.25, 0.75), (0, 1)) for link in range(LINKS)}
    other = Reply.of("answered", 3, (0.25, np.nextafter(np.float32(0.75), np.float32(1))), (0, 1))
    assert agreement(replies, dict(replies)) == (2, 2, 2, 2, ())
    assert agreement(replies, replies | {(1, 0): other}) == (2, 2, 1, 2, ((1, 0),))
    assert agreement(replies, {(0, 0): replies[0, 0]}) == (2, 1, 1, 1, ((1, 0),))
    assert not agreement({}, {}).complete


def test_processes_without_torch_answer_as_those_with_it(
    model: TrainedModel, views: list[Float32], torch_replies: Replies, tmp_path: Path
) -> None:
    replies = replies_of_kind("onnx", model.folder, views, rate_per_s=RATE_PER_S, jitter_s=JITTER_S, folder=tmp_path)
    result = agreement(torch_replies, replies)
    assert result.complete, result
    assert result.parts == LINKS * QUERIES


@pytest.mark.compose
@pytest.mark.parametrize("image", ["device-light", "device"])
def test_containers_answer_as_processes_with_torch_and_leave_nothing_behind(
    image: str,
    model: TrainedModel,
    views: list[Float32],
    torch_replies: Replies,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    sockets = tmp_path_factory.mktemp("s")  # a short name: paths of sockets have at most 107 characters
    with serving_containers(model.folder, sockets, image) as containers:
        result = agreement(torch_replies, containers.submit(views))
        assert result.complete, result
        containers.wait_until_healthy()
        print(containers.device_usage(0))  # which kills the device and starts it again
        assert {reply.outcome for reply in containers.submit(views, stream=1).values()} == {"answered"}
    assert left_over(containers.project) == []
