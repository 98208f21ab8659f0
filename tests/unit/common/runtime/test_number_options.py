"""Whole numbers on the command lines of tools."""

import argparse
from collections.abc import Callable, Sequence

import pytest

from splitwave.benchmarks import core, encoding
from splitwave.common.exit_codes import ExitCode
from splitwave.common.runtime.number_options import whole_number

NONSENSE = ("nan", "inf", "1e12", "1000000000000", "-1", "0", "ten")


def test_whole_numbers_within_the_range_are_parsed() -> None:
    parse = whole_number(1, 64)
    assert [parse(text) for text in ("1", "64")] == [1, 64]


@pytest.mark.parametrize("text", ["0", "65", *NONSENSE])
def test_other_texts_are_refused_with_the_range(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=rf"^{text}: expected a whole number from 1 to 64$"):
        whole_number(1, 64)(text)


@pytest.mark.parametrize("text", NONSENSE)
@pytest.mark.parametrize(
    ("main", "option"),
    [
        *(
            (core.main, f"--{name}")
            for name in ("batch", "links", "dimension", "breakpoints", "threads", "repetitions")
        ),
        *((encoding.main, f"--{name}") for name in ("batch", "links", "repetitions")),
    ],
)
def test_the_tools_that_time_a_step_refuse_nonsense_by_name(
    main: Callable[[Sequence[str]], None], option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refusal:
        main([option, text])

    assert refusal.value.code == ExitCode.CONFIG
    assert f"argument {option}: {text}: expected a whole number from 1 to " in capsys.readouterr().err
