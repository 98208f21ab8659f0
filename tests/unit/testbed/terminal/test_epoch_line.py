"""One epoch in one line, at the widths of real terminals."""

import dataclasses
import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from splitwave.common.config.data_settings import DataSettings
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import EncoderSettings
from splitwave.common.records.results import EpochRecord
from splitwave.testbed.terminal.epoch_line import epoch_line

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
HELD_OUT = dataclasses.replace(RECORD, validation_error=0.1)
DIGITS = RunConfig().task.wording
DELAYS = RunConfig(links=1, data=DataSettings(name="wifi-csi"), encoder=EncoderSettings(backbone="csi")).task.wording
DELAY = dataclasses.replace(RECORD, distortion=0.01234, rate_nats=(51.0,), training_error=9.0, validation_error=16.0)


def test_a_wide_terminal_shows_an_epoch_with_all_its_units() -> None:
    assert epoch_line(HELD_OUT, 15, DIGITS, 200) == (
        "epoch  3/15  cross-entropy 0.4124 nats  training error 12.50 %  validation error 10.00 %"
        "  rate 50–52 nats a link  12,346 samples/s"
    )


def test_80_columns_show_an_abbreviated_epoch() -> None:
    assert epoch_line(RECORD, 15, DIGITS, 80) == (
        "epoch  3/15  CE 0.4124  error 12.50 %  rate 50–52 nats  12,346 samples/s"
    )
    assert epoch_line(HELD_OUT, 15, DIGITS, 80) == (
        "epoch  3/15  CE 0.4124  error 12.50 %, validation 10.00 %  rate 50–52 nats"
    )


def test_narrow_terminals_keep_the_errors_longest() -> None:
    assert epoch_line(HELD_OUT, 15, DIGITS, 60) == "epoch  3/15  CE 0.4124  error 12.50 %, validation 10.00 %"
    assert epoch_line(HELD_OUT, 15, DIGITS, 50) == "epoch  3/15  error 12.50 %, validation 10.00 %"
    assert epoch_line(HELD_OUT, 15, DIGITS, 40) == "epoch  3/15  validation 10.00 %"
    assert epoch_line(HELD_OUT, 15, DIGITS, 1) == "epoch  3/15  validation 10.00 %"


def test_errors_of_a_regression_are_in_metres_and_if_there_is_room_in_square_nanoseconds() -> None:
    assert epoch_line(DELAY, 15, DELAYS, 200) == (
        "epoch  3/15  standardised squared error 0.0123  training error 9.000 ns² (0.899 m)"
        "  validation error 16.000 ns² (1.199 m)  rate 51 nats a link  12,346 samples/s"
    )
    assert epoch_line(DELAY, 15, DELAYS, 80) == (
        "epoch  3/15  MSE 0.0123  error 0.899 m, validation 1.199 m  rate 51 nats"
    )


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ((51.0,), "rate 51 nats  "),
        ((0.31, 0.29), "rate 0.3 nats  "),  # the same to a tenth
        ((9.1, 7.8), "rate 7.8–9.1 nats  "),
        (tuple(40.0 + link for link in range(64)), "rate 40–103 nats  "),
    ],
    ids=["one link", "alike", "two links", "64 links"],
)
def test_the_rates_of_many_links_are_a_range(rates: tuple[float, ...], words: str) -> None:
    assert words in epoch_line(dataclasses.replace(RECORD, rate_nats=rates), 15, DIGITS, 80)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("links", [1, 2, 16, 64])
@pytest.mark.parametrize("epochs", [1, 15, 9999])
@pytest.mark.parametrize("record", [RECORD, HELD_OUT, DELAY], ids=["digits", "held out", "delays"])
def test_an_epoch_takes_one_line_of_a_console(record: EpochRecord, epochs: int, links: int, width: int) -> None:
    rates = tuple(0.5 + 2.3 * link for link in range(links))
    record = dataclasses.replace(record, epoch=0, rate_nats=rates)
    output = io.StringIO()
    # Without soft_wrap, this console breaks lines that are too long.
    console = Console(file=output, width=width, highlight=False, markup=False)
    console.print(epoch_line(record, epochs, DELAYS if record.training_error > 1 else DIGITS, width))
    (line,) = output.getvalue().splitlines()
    assert cell_len(line) <= width
    assert line.startswith("epoch ")


def test_a_training_without_success_keeps_its_line_short() -> None:
    diverged = dataclasses.replace(DELAY, distortion=2.3e27, training_error=2.36157e31, validation_error=float("nan"))

    assert epoch_line(diverged, 15, DELAYS, 80) == (
        "epoch  3/15  MSE 2.3e+27  error 1.46e+15 m, validation nan m  rate 51 nats"
    )
