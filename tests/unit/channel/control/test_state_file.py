from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.control.live_state import LiveState
from splitwave.channel.control.state_file import FILE, StateFile
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_changes import ChannelChange, PlannedValues
from splitwave.common.protocol.live_channel import ChannelValues

VALUES = st.builds(ChannelValues, psnr_db=st.floats(-100, 150), loss=st.none() | st.floats(0, 1))


@given(st.lists(st.builds(ChannelChange, st.integers(0, 63), VALUES), max_size=3), st.lists(VALUES, max_size=3))
def test_a_state_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, changes: list[ChannelChange], planned: list[ChannelValues]
) -> None:
    state = LiveState().changed(changes, range(0))
    if planned:
        state = state.planned([PlannedValues(n % 2, n, values) for n, values in enumerate(planned)])
    file = StateFile(tmp_path_factory.mktemp("state") / "new")
    assert file.read() == LiveState()
    file.write(state)
    assert file.read() == state


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"version": 1, "links": {"0": {"version": 1, "psnr_db": 1e9}}, "plans": {}}']
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"^--state: .*{FILE} is no state of a channel emulator: .*; remove it"):
        StateFile(tmp_path).read()
