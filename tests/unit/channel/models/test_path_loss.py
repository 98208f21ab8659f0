from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.path_loss import PathLossChannel
from splitwave.common.config.registry import AWGN
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.files.data_folder import use_data_folder
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from splitwave.common.protocol.phases import Phase
from tests.unit.channel.models import laws

FOUR_METRES = {"name": "path-loss", "distance_m": 4.0}
"""(1/4)³ of the power at 1 m."""
HEADER = "time_s,link,distance_m\n"


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Link 1 moves from 2 m to 4 m, between the times 0.02 and 0.06; the data folder is that of the file."""
    monkeypatch.setenv("SPLITWAVE_DATA_DIR", str(tmp_path))
    use_data_folder(None)
    path = tmp_path / "walk.csv"
    path.write_text(f"{HEADER}0.02,1,2\n0.5,0,9\n0.06,1,4\n")
    return path


def moving(path: str = "walk.csv") -> object:
    return FOUR_METRES | {"exponent": 2, "mobility": path}


@pytest.mark.parametrize(
    ("options", "gain"),
    [
        ({"distance_m": 4.0}, 1 / 8),
        ({"distance_m": 4, "exponent": 2}, 1 / 4),
        ({"distance_m": 100.0, "reference_m": 50.0, "exponent": 4.0}, 1 / 4),
        ({"distance_m": 1.0}, 1.0),
        ({"distance_m": 0.5, "exponent": 2}, 2.0),
    ],
)
def test_the_power_falls_with_the_distance_to_the_exponent(options: dict[str, float], gain: float) -> None:
    gains = laws.gains({"name": "path-loss"} | options, laws.KEY, 2, 5)
    np.testing.assert_array_equal(gains, np.full((2, 5), gain))


def test_a_moving_device_has_the_gain_of_its_distance_at_each_samples_time(trace: Path) -> None:
    """3 symbols at 300 baud: sample i is sent at i·10 ms. Before and after the trace, the distance is constant."""
    distances = [2, 2, 2, 2.5, 3, 3.5, 4, 4]
    channel, of_blocks = {"model": moving(), "baud": 300}, {"block_size": 4}
    keys = [BlockKey(Phase.TEST, 0, n) for n in range(2)]
    blocks = [laws.gains(None, key, 1, 4, channel=channel, inference=of_blocks)[0] for key in keys]
    assert trace.exists()
    np.testing.assert_allclose(np.concatenate(blocks), 1 / np.array(distances), rtol=1e-6)


@pytest.mark.usefixtures("trace")
def test_the_gain_of_a_sample_does_not_depend_on_its_block() -> None:
    laws.check_positions(FOUR_METRES)
    laws.check_positions(None, channel={"model": moving(), "baud": 9000})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"channel\.model = path-loss, mobility = walk\.csv: .*walk\.csv does not exist"),
        (f"{HEADER}0,0,5\n", r"walk\.csv: it has no row with link = 1; it has 0"),
        ("time_s,distance_m\n0,5\n", r"walk\.csv: it has no column link"),
        (f"{HEADER}0,1,5\n1,1,0\n", r"walk\.csv, line 3: distance_m = 0: expected 0\.001 to 1e\+09 metres"),
        (f"{HEADER}0,1,far\n", r"walk\.csv, line 2: distance_m = 'far': expected a finite number"),
        (f"{HEADER}1,1,5\n0,1,6\n", r"walk\.csv, line 3: time_s = 0: expected a time after that of the row before"),
    ],
)
def test_a_damaged_trace_is_named_when_a_link_is_set_up(trace: Path, content: str | None, message: str) -> None:
    trace.unlink() if content is None else trace.write_text(content)
    config = laws.config_of([moving(), AWGN])
    check_rate_noise(config)  # devices have no trace
    with pytest.raises(DataError, match=message):
        ChannelLink(config, 1)


def test_gains_on_the_way_are_bounded(trace: Path) -> None:
    trace.write_text(f"{HEADER}0,1,1e9\n1,1,0.001\n")
    model = {"name": "path-loss", "distance_m": 1.0, "exponent": 20, "mobility": "walk.csv"}
    channel = {"model": model, "baud": 3}  # a sample each second
    far, near = laws.gains(None, BlockKey(Phase.TEST, 0, 0), 1, 2, channel=channel)[0]
    assert (far, near) == pytest.approx((1e-10, 1e10))


@pytest.mark.parametrize("draws", [1, 3])
def test_it_keeps_the_laws_of_all_models(draws: int) -> None:
    laws.check_shapes_and_types(FOUR_METRES, draws)
    laws.check_adjoint(FOUR_METRES, draws)
    laws.check_shapes_and_types([FOUR_METRES, AWGN], draws)
    laws.check_draws_are_keyed([FOUR_METRES, AWGN])


@given(laws.cases())
def test_gradients_return_through_the_adjoint(case: laws.Case) -> None:
    laws.check_adjoint_of(FOUR_METRES, case)


@pytest.mark.parametrize("chain", [[FOUR_METRES, AWGN], [AWGN, FOUR_METRES]], ids=["before noise", "behind noise"])
def test_the_rate_sees_the_noise_of_the_emulator(chain: object) -> None:
    for key in laws.KEYS:
        laws.check_rate_noise(laws.config_of(chain, psnr_db=3.0), key)


@pytest.mark.usefixtures("trace")
def test_the_rate_of_a_moving_device_is_that_at_its_distance_of_the_settings() -> None:
    config = laws.config_of([moving(), AWGN])
    assert rate_noise_variances(config, 1, laws.KEY).tolist() == [config.noise_variance(1) * 16]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance_m": 0}, r"distance_m = 0: expected a number in \[0\.001, 1e\+09\]"),
        ({"distance_m": "far"}, r"distance_m = far: expected a number"),
        ({"distance_m": 1, "exponent": -2}, r"exponent = -2: expected a number in \[0, 20\]"),
        ({"distance_m": 1, "reference_m": 0}, r"reference_m = 0: expected a number"),
        ({"distance_m": 1e6, "exponent": 9}, r"distance_m = 1000000\.0, exponent = 9: expected a gain between"),
        ({"distance_m": 1, "mobility": 3}, r"mobility = 3: expected the name of a file"),
        ({}, r"it needs the option 'distance_m'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"path-loss, link 0: .*{message}"):
        check_rate_noise(laws.config_of([{"name": "path-loss"} | options, AWGN]))


def test_a_link_keeps_its_gain_in_all_draws() -> None:
    channel = PathLossChannel(laws.config_of(AWGN), 1, distance_m=3.0)
    np.testing.assert_array_equal(channel.draw(laws.KEY, (3, 4, 2))[0], channel.draw(laws.KEY, (1, 4, 2))[0])
