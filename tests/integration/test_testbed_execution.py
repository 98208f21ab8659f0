"""The execution of a run in one process, from the settings to the printed result."""

import contextlib
import json
import re
import shlex
from pathlib import Path

import matplotlib as mpl
import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.records.results import EpochRecord, RunResult
from splitwave.experiments.inprocess_outcomes import ServingOutcome
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.testbed import execution
from splitwave.testbed.engine import Job, Observer
from splitwave.testbed.execution import RunRequest, execute

TINY = RunConfig.model_validate(
    {"encoder": {"dimension": 4}, "training": {"epochs": 1}, "inference": {"latency_samples": 20}}
)


def request(results: Path) -> RunRequest:
    return RunRequest("demo", TINY, "inprocess", None, results)


def test_a_run_prints_its_folder_its_figures_and_suggested_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(request(tmp_path))

    output = capsys.readouterr().out
    (folder,) = (tmp_path / "demo").iterdir()
    assert re.search(rf"^results +{folder}$", output, re.MULTILINE)
    pictures = sorted(str(path) for path in (folder / "figs").iterdir() if path.suffix in (".pdf", ".png"))
    assert len(pictures) >= 2
    assert re.findall(r"^(?:figures)? +(\S+/figs/\S+)$", output, re.MULTILINE) == pictures
    first, second, _ = (shlex.split(line) for line in output.splitlines()[-3:])
    assert first == ["splitwave", "infer", "--checkpoint", str(folder)]
    assert (folder / "ckpt").is_dir()
    assert Path(second[3]).is_file()


def test_a_result_is_printed_even_if_its_figures_cannot_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(mpl.rcParamsDefault, "text.usetex", True)
    monkeypatch.setenv("PATH", "/nowhere")  # no LaTeX is found there
    with contextlib.suppress(RuntimeError):
        execute(request(tmp_path))

    output = capsys.readouterr().out
    (folder,) = (tmp_path / "demo").iterdir()
    assert list((folder / "figs").glob("*.png")) == []
    assert re.search(r"^test error, hard symbols +\d+\.\d\d %$", output, re.MULTILINE)
    assert re.search(rf"^results +{folder}$", output, re.MULTILINE)


class Diverging:
    """An engine whose training diverges: its records contain numbers that cannot be drawn."""

    def run(self, job: Job, observe: Observer) -> RunResult:
        observe(EpochRecord(0, 63, 1.7e308, (1.0,) * job.config.links, 0.9, None, 1000.0, 1.0))
        raise RunFailedError("training diverged")


def test_the_error_that_ended_a_run_is_reported_even_if_its_measurements_cannot_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "load_engine", lambda _: Diverging())

    with pytest.raises(RunFailedError, match=r"^training diverged") as error:
        execute(request(tmp_path))

    (folder,) = (tmp_path / "demo").iterdir()
    assert (folder / "metrics.jsonl").is_file()
    assert error.value.__notes__ == [f"the unfinished run is kept in {folder}"]


def test_measured_test_errors_are_kept_if_serving_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_run: InprocessRun, _count: int) -> ServingOutcome:
        raise KeyboardInterrupt

    execute(request(tmp_path / "whole"))
    monkeypatch.setattr(InprocessRun, "serve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        execute(request(tmp_path / "interrupted"))

    (whole,) = (tmp_path / "whole").glob("demo/*/summary.json")
    (record,) = (tmp_path / "interrupted").glob("demo/*.unfinished/unfinished.json")
    summary, kept = (json.loads(path.read_text()) for path in (whole, record))
    assert kept == {
        "ended": "interrupted",
        "steps_done": summary["steps"],
        "steps": summary["steps"],
        **{name: value for name, value in summary.items() if name.startswith("error_rate")},
        "missing": ["the serving pass and its latency"],
    }
