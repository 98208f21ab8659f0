"""`splitwave train` stops between two steps and goes on: results folders, options, refusals."""

import json
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError, ConfigError, RunStoppedError
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.engine import Checkpointing, Event, Progress
from splitwave.testbed.execution import RunRequest, carry_out
from splitwave.testbed.results.resumption import NEWEST, find_resumption, is_in_use, lock
from splitwave.testbed.stopping import StopRequest
from tests.unit.testbed.commands.command_line import assert_refused, splitwave

TINY: dict[str, Any] = {
    "encoder": {"dimension": 4},
    "training": {"epochs": 2, "batch_size": 500, "learning_rate": 1e-3, "learning_rate_final": 1e-3},
    "inference": {"latency_samples": 20},
}
STEPS = 16
TIMES = ("seconds", "samples_per_s", "latency_ms")


class SignalAt:
    """An observer, as a context, that sends this process a signal before a step of its training."""

    def __init__(self, step: int | None = None, number: signal.Signals = signal.SIGUSR1) -> None:
        self._step = step
        self._number = number

    def __enter__(self) -> "SignalAt":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and (event.stage, event.step) == ("training", self._step):
            os.kill(os.getpid(), self._number)


def train(
    results: Path,
    *,
    settings: dict[str, Any] = TINY,
    every: int = 0,
    stop: StopRequest | None = None,
    at: SignalAt | None = None,
    resume: str | None = None,
) -> Path:
    """Train in this process; returns the results folder."""
    config = RunConfig.model_validate(settings)
    run = None if resume is None else find_resumption(resume, results)
    request = RunRequest(
        "tiny", config, "inprocess", None, results, checkpoints=Checkpointing(every, 2, stop=stop), resume=run
    )
    return carry_out(request, lambda _: at or SignalAt()).folder.path


def stop_at(results: Path, step: int, *, every: int = 0, resume: str | None = None) -> Path:
    """Train until SIGUSR1 comes before a step; returns the folder that is kept."""
    with pytest.raises(RunStoppedError, match=f"the run was stopped after step {step + 1} of {STEPS}") as stopped:
        train(results, every=every, stop=StopRequest(), at=SignalAt(step), resume=resume)
    (note,) = stopped.value.__notes__
    (folder,) = results.glob("tiny/*.unfinished")
    assert note == f"the unfinished run is kept in {folder}; to go on: splitwave train --resume {folder}"
    return folder


def without_times(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON file, or of one with a JSON object a line, without times."""
    text = path.read_text()
    objects = [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
    return [{name: value for name, value in each.items() if name not in TIMES} for each in objects]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("undisturbed"))


def assert_same(folder: Path, expected: Path) -> None:
    for name in ("metrics.jsonl", "summary.json"):
        assert without_times(folder / name) == without_times(expected / name)


@pytest.mark.parametrize("steps", [(0,), (3, 11), (7,), (8,)], ids=str)
def test_a_run_that_was_stopped_becomes_the_result_that_it_would_have_been(
    steps: Sequence[int], expected: Path, tmp_path: Path
) -> None:
    unfinished = stop_at(tmp_path, steps[0])
    for step in steps[1:]:
        assert stop_at(tmp_path, step, resume=NEWEST) == unfinished
    folder = train(tmp_path, resume=NEWEST)

    assert folder == unfinished.with_name(unfinished.name.removesuffix(".unfinished"))
    assert_same(folder, expected)
    assert not (folder / "unfinished.json").exists()
    assert list(folder.parent.iterdir()) == [folder]
    origin = json.loads((folder / "env.json").read_text())["resumed"]
    assert origin["step"] == steps[-1] + 1
    assert origin["env"]["command"]


def test_a_time_that_is_over_stops_a_run_after_its_next_step(expected: Path, tmp_path: Path) -> None:
    with pytest.raises(RunStoppedError, match="stopped after step 1 of 16"):
        train(tmp_path, stop=StopRequest(after_s=0.0))
    assert_same(train(tmp_path, resume=NEWEST), expected)


def test_a_second_signal_has_its_usual_effect(tmp_path: Path) -> None:
    class Twice(SignalAt):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            super().__call__(event)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        stop = StopRequest(signals=[signal.SIGTERM])
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, every=1, stop=stop, at=Twice(5, signal.SIGTERM))
        assert signal.getsignal(signal.SIGTERM) is interrupt
    finally:
        signal.signal(signal.SIGTERM, before)
    assert find_resumption(NEWEST, tmp_path).manifest.step == 5


def test_a_run_whose_command_line_was_killed_goes_on_in_its_hidden_folder(expected: Path, tmp_path: Path) -> None:
    unfinished = stop_at(tmp_path, 6)
    hidden = unfinished.with_name(f".{unfinished.name.removesuffix('.unfinished')}.partial")
    unfinished.rename(hidden)
    assert_same(train(tmp_path, resume=NEWEST), expected)
    assert not hidden.exists()


def test_a_finished_run_is_extended_into_a_folder_of_its_own(tmp_path: Path) -> None:
    short, long = ({**TINY, "training": {**TINY["training"], "epochs": epochs}} for epochs in (2, 3))
    expected = train(tmp_path / "undisturbed", settings=long)
    finished = train(tmp_path, settings=short, every=10)
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    with pytest.raises(CheckpointError, match=r"finished; it is extended only by more epochs .* training\.epochs = 2"):
        train(tmp_path, settings=short, resume=str(finished))

    extended = train(tmp_path, settings=long, resume=str(finished))

    assert extended != finished
    assert_same(extended, expected)
    assert {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()} == before


def test_checkpoints_change_nothing_of_a_run(expected: Path, tmp_path: Path) -> None:
    folder = train(tmp_path, every=3)
    assert_same(folder, expected)
    assert sorted(path.name for path in (folder / "ckpt").iterdir() if path.is_dir()) == ["step-000015", "step-000016"]


def test_a_run_that_is_running_is_not_taken(tmp_path: Path) -> None:
    unfinished = stop_at(tmp_path, 2)
    held = lock(unfinished)
    try:
        with pytest.raises(CheckpointError, match="this run is still running"):
            find_resumption(str(unfinished), tmp_path)
        with pytest.raises(CheckpointError, match="no unfinished run in"):
            find_resumption(NEWEST, tmp_path)
    finally:
        os.close(held)
    assert find_resumption(NEWEST, tmp_path).folder == unfinished


@pytest.mark.parametrize("was_killed", [False, True])
def test_of_two_commands_that_go_on_with_a_run_one_does(was_killed: bool, tmp_path: Path) -> None:
    unfinished = stop_at(tmp_path, 2)
    if was_killed:  # then it is hidden already
        unfinished = find_resumption(str(unfinished), tmp_path).adopt()
    first, second = (find_resumption(str(unfinished), tmp_path) for _ in range(2))
    held = first.lock()
    try:
        first.adopt()
        with pytest.raises(CheckpointError, match="this run is still running"):
            second.lock()
    finally:
        os.close(held)


def test_a_checkpoint_that_another_command_has_left_behind_is_not_gone_on_from(tmp_path: Path) -> None:
    unfinished = stop_at(tmp_path, 2)
    late = find_resumption(str(unfinished), tmp_path)
    went_on = stop_at(tmp_path, 5, resume=str(unfinished))
    assert went_on == unfinished
    with pytest.raises(CheckpointError, match="another command has gone on with this run meanwhile"):
        late.lock()


def test_a_folder_that_cannot_be_gone_on_in_is_free_again(tmp_path: Path) -> None:
    unfinished = stop_at(tmp_path, 2)
    (unfinished / "earlier-logs").write_text("not a folder")
    with pytest.raises(ConfigError, match="earlier-logs"):
        train(tmp_path, resume=str(unfinished))
    (hidden,) = tmp_path.glob("*/.*.partial")
    assert not is_in_use(hidden)


@pytest.mark.parametrize("step", ["2.7", "true", "-2", '"2"', "null"])
def test_a_step_that_is_no_whole_number_is_refused(step: str, tmp_path: Path) -> None:
    unfinished = stop_at(tmp_path, 2)
    (manifest,) = unfinished.glob("ckpt/step-*/training.json")
    manifest.write_text(re.sub(r'"step": \d+', f'"step": {step}', manifest.read_text(), count=1))
    with pytest.raises(CheckpointError, match=r"training\.json: step = .*: expected a whole number, at least 0"):
        find_resumption(str(unfinished), tmp_path)


def test_refused_settings_leave_the_unfinished_run_as_it_was(tmp_path: Path) -> None:
    unfinished = stop_at(tmp_path, 2)
    before = sorted(unfinished.rglob("*"))
    options = ("--engine", "inprocess", "--results", tmp_path)

    result = splitwave("train", *options, "--set", "seed=1", "--set", "links=1", "--resume")

    assert_refused(result, ExitCode.CHECKPOINT, "seed = 0 became 1", "links = 2 became 1", str(unfinished))
    assert sorted(unfinished.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], ExitCode.CONFIG, ["--config: missing", "--resume [RUN]"]),
        (["--resume"], ExitCode.CHECKPOINT, ["--resume newest: no unfinished run in", "--results"]),
        (["--resume", "nowhere"], ExitCode.CHECKPOINT, ["--resume nowhere: no such folder"]),
        (["--resume", "."], ExitCode.CHECKPOINT, ["no checkpoint of a training there", "--checkpoint-every"]),
        (["-c", "demo", "--stop-before", "soon"], ExitCode.CONFIG, ["--stop-before soon: expected a span of time"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_are_refused_before_anything_starts(
    arguments: list[str], code: ExitCode, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(splitwave("train", "--results", tmp_path / "results", *arguments), code, *words)
    assert not (tmp_path / "results").exists()
