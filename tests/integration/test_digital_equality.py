"""In digital mode, too, a distributed run and a run in one process have bitwise equal weights and errors."""

from pathlib import Path

import pytest

from tests.integration.test_equality import compare, config_of


@pytest.mark.parametrize(
    ("forward", "draws", "digital"),
    [
        ("soft", 1, {"modulation": "16-qam"}),
        ("straight-through", 1, {"modulation": "qpsk", "code": "hamming-7-4"}),
        ("straight-through", 3, {"modulation": "bpsk"}),
    ],
)
def test_equality_holds_for_level_indices_that_are_sent_as_bits(
    forward: str, draws: int, digital: dict[str, str], tmp_path: Path
) -> None:
    channel = {"psnr_db": [10.0, 4.0], "digital": digital}
    compare(config_of(2, draws, 2, forward, 15, channel=channel), tmp_path)
