"""The display of a run without a terminal."""

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.testbed.engine import Message, Progress, StartedOver
from splitwave.testbed.terminal.display import Display
from splitwave.testbed.terminal.epoch_line import epoch_line
from tests.unit.testbed.terminal.test_epoch_line import RECORD

WORDING = RunConfig().task.wording


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_without_a_terminal_each_epoch_is_one_line_of_the_available_columns(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with Display(RunConfig()) as display:
        display(Progress("training", epoch=2, epochs=15, step=40, steps=240))
        display(RECORD)
        display(Progress("evaluating", epoch=15, epochs=15, step=240, steps=240))

    assert capsys.readouterr().out == epoch_line(RECORD, 15, WORDING, columns) + "\n"


def test_messages_and_restarts_are_printed_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(RunConfig()) as display:
        display(Message("project splitwave-1"))
        display(StartedOver("a link was lost"))

    assert capsys.readouterr().out == "project splitwave-1\na link was lost: the run starts over\n"
