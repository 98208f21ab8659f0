"""A device keeps its state in the middle of a training, and goes on from it."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from splitwave.common.errors import CheckpointError, ProtocolError
from splitwave.common.protocol.messages import PROTOCOL_VERSION, PartSaved, Ready, SaveCheckpoint, TrainStep, Welcome
from splitwave.common.records.training_manifest import step_folders
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import CONFIG, do_step, react, saved_digest, welcome

# Four steps in the only epoch.
LONGER = CONFIG.model_copy(update={"training": CONFIG.training.model_copy(update={"batch_size": 4})})


def kept(session: DeviceSession, step: int, keep_from: int = 0) -> str:
    (saved,) = react(session, SaveCheckpoint(step, keep_from))
    assert isinstance(saved, PartSaved)
    assert saved.step == step
    return saved.sha256


def going_on(step: int, sha256: str) -> Welcome:
    return Welcome(PROTOCOL_VERSION, "run", 1, LONGER.canonical_json(), sha256, step)


def test_a_device_goes_on_where_its_part_was_kept(session: DeviceSession, fresh: Callable[..., DeviceSession]) -> None:
    list(react(session, welcome(config=LONGER)))
    do_step(session, 0)
    sha256 = kept(session, 1)
    do_step(session, 1)
    after = saved_digest(session, 2)

    again = fresh()
    assert list(react(again, going_on(1, sha256))) == [Ready(16, 10, "digest")]
    with pytest.raises(ProtocolError, match="step 2 was announced: expected step 1"):
        list(react(again, TrainStep(2)))
    do_step(again, 1)

    assert saved_digest(again, 2) == after


def test_parts_of_earlier_and_of_later_steps_are_deleted(session: DeviceSession, tmp_path: Path) -> None:
    for step in (5, 1):  # 5 is of another run, which had come further
        (tmp_path / f"step-00000{step}").mkdir()
        (tmp_path / f"step-00000{step}" / "device-1.safetensors").touch()
    list(react(session, welcome(config=LONGER)))
    do_step(session, 0)
    do_step(session, 1)
    kept(session, 2, keep_from=2)
    assert list(step_folders(tmp_path)) == [2]
    do_step(session, 2)
    kept(session, 3, keep_from=2)
    assert list(step_folders(tmp_path)) == [2, 3]


def test_a_missing_or_another_part_is_refused(session: DeviceSession, fresh: Callable[..., DeviceSession]) -> None:
    with pytest.raises(CheckpointError, match=r"device-1\.safetensors: no such checkpoint part"):
        list(react(session, going_on(4, "0" * 64)))
    list(react(session, welcome(config=LONGER)))
    do_step(session, 0)
    kept(session, 1)
    with pytest.raises(CheckpointError, match=r"has the digest \w+…, the checkpoint says 000000000000…"):
        list(react(fresh(), going_on(1, "0" * 64)))


def test_a_part_is_written_beside_training_and_is_that_of_its_step(
    session: DeviceSession, fresh: Callable[..., DeviceSession]
) -> None:
    answers: list[PartSaved] = []
    arrived = threading.Event()

    def send(saved: PartSaved) -> None:
        answers.append(saved)
        arrived.set()

    session.answer_later_with(send, lambda error: pytest.fail(str(error)))
    list(react(session, welcome(config=LONGER)))
    do_step(session, 0)
    assert not list(react(session, SaveCheckpoint(1, 0)))
    do_step(session, 1)
    assert arrived.wait(60)
    after = saved_digest(session, 2)

    again = fresh()
    list(react(again, going_on(1, answers[0].sha256)))
    do_step(again, 1)
    assert saved_digest(again, 2) == after


def test_an_error_of_the_writing_thread_is_passed_on(session: DeviceSession, tmp_path: Path) -> None:
    errors: list[Exception] = []
    failed = threading.Event()

    def give_up(error: Exception) -> None:
        errors.append(error)
        failed.set()

    session.answer_later_with(lambda saved: pytest.fail(str(saved)), give_up)
    (tmp_path / "step-000001").touch()
    list(react(session, welcome(config=LONGER)))
    do_step(session, 0)
    assert not list(react(session, SaveCheckpoint(1, 0)))
    assert failed.wait(60)
    assert isinstance(errors[0], CheckpointError)
    assert "step-000001" in str(errors[0])
    list(react(session, welcome(config=LONGER)))  # the run starts over
