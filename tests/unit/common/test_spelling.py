import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ConfigError
from splitwave.common.spelling import did_you_mean, likely
from splitwave.experiments.paper.preset import preset_named
from splitwave.testbed.compose.compose_command import board_file
from splitwave.testbed.engine import load_engine

NAMES = st.lists(st.text(min_size=1), max_size=8, unique=True)


@given(NAMES, st.text())
def test_only_known_names_are_suggested(known: list[str], written: str) -> None:
    assert set(likely(written, known)) <= set(known)
    assert len(likely(written, known)) <= 3


@pytest.mark.parametrize(
    ("written", "meant"),
    [("proces", ["process"]), ("Process", ["process"]), ("comp", ["compose"]), ("warp", []), ("", [])],
)
def test_similar_names_are_suggested_and_others_are_not(written: str, meant: list[str]) -> None:
    assert likely(written, ["compose", "inprocess", "process"])[:1] == meant


def test_suggestions_read_as_a_question() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a"]) == "; did you mean a?"
    assert did_you_mean(["a", "b", "c"]) == "; did you mean a, b or c?"


def test_engines_boards_and_presets_are_suggested() -> None:
    with pytest.raises(ConfigError, match=r"--engine proces: .*; did you mean process"):
        load_engine("proces")
    with pytest.raises(
        ConfigError, match=r"--board raspberry-pi: .*; did you mean raspberry-pi-4 or raspberry-pi-zero-2w"
    ):
        board_file("raspberry-pi")
    with pytest.raises(ConfigError, match=r"--preset papers: .*; did you mean paper\?"):
        preset_named("papers")
