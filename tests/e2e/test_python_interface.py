"""The Python interface with real processes, from a thread in which an event loop runs, as in a notebook."""

import asyncio
import csv
from pathlib import Path

import pytest

import splitwave as sw
from splitwave.common.errors import RunFailedError
from splitwave.testbed.engine import Progress
from splitwave.testbed.processes.announcement import running_testbeds
from tests.installed_command import output_of

pytestmark = pytest.mark.e2e

SETTINGS = {"encoder": {"dimension": 8}, "training": {"epochs": 1}, "inference": {"latency_samples": 5}}
PSNR_DB = (-5.0, 2.5, 10.0, 20.0)


def test_a_testbed_trains_beside_an_event_loop_to_the_weights_of_one_process(tmp_path: Path) -> None:
    async def notebook() -> tuple[sw.TrainingResult, int]:
        ticks = 0
        with sw.Testbed(SETTINGS, results=tmp_path) as testbed:
            waiting = asyncio.create_task(testbed.wait())
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=0.1)
                ticks += 1
            return await waiting, ticks

    result, ticks = asyncio.run(notebook())
    expected = sw.train(SETTINGS, results=tmp_path)
    assert result.weights_sha256 == expected.weights_sha256
    assert (result.error, len(result.epochs)) == (expected.error, 1)
    assert result.summary["engine"] == "process"
    assert ticks > 1


def test_train_on_processes_beside_an_event_loop_calls_back(tmp_path: Path) -> None:
    records: list[object] = []

    async def notebook() -> sw.TrainingResult:
        return sw.train(SETTINGS, engine="process", callbacks=[records.append], results=tmp_path)

    result = asyncio.run(notebook())
    assert [record for record in records if isinstance(record, sw.EpochRecord)] == list(result.epochs)
    assert any(isinstance(record, Progress) for record in records)


def test_a_testbed_that_is_left_early_stops_its_processes_and_keeps_its_measurements(tmp_path: Path) -> None:
    with sw.Testbed({**SETTINGS, "training": {"epochs": 1000}}, results=tmp_path) as testbed:
        next(event for event in testbed.events() if isinstance(event, sw.EpochRecord))
        assert len(list(running_testbeds(tmp_path))) == 1
    assert list(running_testbeds(tmp_path)) == []
    with pytest.raises(
        RunFailedError, match=r"left before its run ended; the unfinished run is kept in .*\.unfinished"
    ):
        testbed.result()
    (folder,) = (tmp_path / "train").iterdir()
    assert folder.name.endswith(".unfinished")


def test_an_exception_in_a_callback_ends_the_run(tmp_path: Path) -> None:
    def refuse(event: object) -> None:
        if isinstance(event, sw.EpochRecord):
            raise ZeroDivisionError("of the user")

    testbed = sw.Testbed(SETTINGS, callbacks=[refuse], results=tmp_path)
    with testbed, pytest.raises(ZeroDivisionError, match="of the user"):
        testbed.result()


def test_command_interface_and_testbed_evaluate_a_checkpoint_to_the_same_digits(tmp_path: Path) -> None:
    model = sw.train(SETTINGS, results=tmp_path).load()
    options = ["--psnr-db", ",".join(map(str, PSNR_DB)), "--noise-seeds", "1", "--no-ablation"]
    by_engine = {}
    for engine in ("inprocess", "process"):
        output_of("evaluate", model.folder, *options, "--engine", engine, "--results", tmp_path / engine)
        (folder,) = (tmp_path / engine / "evaluate").iterdir()
        with (folder / "error.csv").open(newline="") as file:
            by_engine[engine] = {float(row["psnr_db"]): float(row["error_rate"]) for row in csv.DictReader(file)}

    expected = model.evaluate(psnr_db=PSNR_DB).errors
    assert by_engine == {"inprocess": expected, "process": expected}
    assert model.evaluate(psnr_db=PSNR_DB[:1], engine="process").points == model.evaluate(psnr_db=PSNR_DB[:1]).points
    assert len(set(expected.values())) == len(PSNR_DB)
