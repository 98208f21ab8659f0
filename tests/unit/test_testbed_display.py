"""What a run looks like where there is no terminal."""

import dataclasses

import pytest

from common.config import DataSettings, EncoderSettings, RunConfig
from common.results import EpochRecord
from testbed.display import Display, epoch_line
from testbed.engine import Note, Progress, StartedOver
from testbed.wording import wording_of

WORDING = wording_of(RunConfig().task)
RECORD = EpochRecord(
    epoch=2,
    step=48,
    distortion=0.41239,
    rate_nats=(50.0, 52.0),
    training_error=0.125,
    validation_error=None,
    samples_per_s=12345.6,
    seconds=0.5,
)


def test_an_epoch_is_a_line_with_its_units() -> None:
    assert epoch_line(RECORD, 15, WORDING) == (
        "epoch  3/15  cross-entropy 0.4124 nats  training error 0.1250  rate 51.0 nats/link  12,346 samples/s"
    )


def test_the_validation_error_is_shown_where_there_is_one() -> None:
    line = epoch_line(dataclasses.replace(RECORD, validation_error=0.1), 15, WORDING)

    assert "training error 0.1250  validation error 0.1000  rate" in line


def test_a_regressions_errors_are_told_in_square_nanoseconds_and_in_metres() -> None:
    config = RunConfig(links=1, data=DataSettings(name="wifi-csi"), encoder=EncoderSettings(backbone="csi"))
    record = dataclasses.replace(RECORD, distortion=0.01234, training_error=9.0, validation_error=16.0)

    assert epoch_line(record, 15, wording_of(config.task)) == (
        "epoch  3/15  standardised squared error 0.0123  training error 9.000 ns² (0.899 m)"
        "  validation error 16.000 ns² (1.199 m)  rate 51.0 nats/link  12,346 samples/s"
    )


def test_without_a_terminal_a_run_is_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(RunConfig()) as display:
        display(Progress("training", epoch=2, epochs=15, step=40, steps=240))
        display(RECORD)
        display(Progress("evaluating", epoch=15, epochs=15, step=240, steps=240))

    assert capsys.readouterr().out == epoch_line(RECORD, 15, WORDING) + "\n"


def test_notes_and_new_starts_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(RunConfig()) as display:
        display(Note("project splitwave-1"))
        display(StartedOver("a link was lost"))

    assert capsys.readouterr().out == "project splitwave-1\na link was lost: the run starts over\n"
