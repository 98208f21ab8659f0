"""Replay of CSV and Parquet traces and of scenarios, and what is said of mistakes in them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.draws.gain_trace import GainTrace
from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError, MissingDataError
from splitwave.common.files.data_folder import use_data_folder
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import GainModel, LoadedModel, check_rate_noise, rate_noise_variances
from splitwave.common.protocol.phases import Phase
from tests.unit.channel.models import laws

TRACE = {"name": "trace", "path": "trace.csv", "period_s": 1.0}
SCENARIO = """time_s,tx,rx,tap,delay_s,re,im
0,1,9,0,0,0.6,0
0,1,9,1,1e-6,0,0.8
0,2,9,0,0,-0.5,0
1.0,1,9,0,0,0.3,0
1.0,1,9,1,2e-6,-0.3,0
"""


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLITWAVE_DATA_DIR", str(tmp_path))
    use_data_folder(None)


def write(folder: Path, text: str, name: str = "trace.csv") -> None:
    folder.joinpath(name).write_text(text, encoding="utf-8")


def config_of(**options: object) -> RunConfig:
    return laws.config_of([{**TRACE, **options}])


def gains(samples: int, link: int = 0, **options: object) -> list[float]:
    """The gains of the first samples of a load pass."""
    symbols = np.ones((1, samples, 3), dtype=np.float32)
    received = laws.passed(link_channel(config_of(**options), link), BlockKey(Phase.LOAD, 0, 0), symbols, draws=1)
    assert (received == received[..., :1]).all()
    values: list[float] = received[0, :, 0].tolist()
    return values


@pytest.mark.parametrize("draws", [1, 3])
def test_traces_pass_the_checks_of_all_models(tmp_path: Path, draws: int) -> None:
    write(tmp_path, "time_s,gain_db\n" + "".join(f"{second},{-second}\n" for second in range(20)))
    for model in (TRACE, [TRACE, "awgn"], ["awgn", TRACE]):
        laws.check_shapes_and_types(model, draws)
        laws.check_adjoint(model, draws)
    channel = link_channel(laws.config_of(TRACE), 1)
    assert isinstance(channel, GainModel)
    assert isinstance(channel, LoadedModel)
    realisation = channel.draw(laws.KEY, (draws, 6, 3))
    received = channel.apply(laws.random(1, 6, 3), realisation)
    np.testing.assert_array_equal(received, laws.random(1, 6, 3) * channel.gains(realisation))


def test_a_gain_holds_until_the_next_and_the_last_for_ever(tmp_path: Path) -> None:
    write(tmp_path, "time_s,gain_db\n1,0\n2.5,-20\n4,-40\n")
    assert gains(7) == pytest.approx([1, 1, 1, 0.1, 0.01, 0.01, 0.01])
    assert gains(3, period_s=2.5) == pytest.approx([1, 0.1, 0.01])
    assert gains(3, start_s=2.0) == pytest.approx([1, 0.1, 0.01])


@given(
    steps=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    start=st.integers(-10, 60),
    samples=st.integers(1, 40),
    period=st.sampled_from([0.25, 1.0, 3.5]),
)
def test_the_gain_at_any_time_is_the_last_before_it(steps: list[int], start: int, samples: int, period: float) -> None:
    times = np.cumsum(steps).astype(np.float64)
    trace = GainTrace(times, np.arange(len(steps), dtype=np.float32))
    asked = start + period * np.arange(samples).astype(np.float64)
    expected = [max((place for place, time in enumerate(times) if time <= at), default=0) for at in asked]
    assert trace.at(asked).tolist() == expected


def test_each_link_has_its_own_rows_and_a_file_without_links_is_for_all(tmp_path: Path) -> None:
    write(tmp_path, "link,time_s,gain_db\n0,0,0\n1,0,-20\n0,1,-40\n1,1,-60\n")
    assert gains(2) == pytest.approx([1, 0.01])
    assert gains(2, link=1) == gains(2, node=1) == pytest.approx([0.1, 0.001])
    write(tmp_path, "time_s,gain_db\n0,-20\n", "all.csv")
    assert gains(1, link=1, path="all.csv") == gains(1, path="all.csv") == pytest.approx([0.1])


def test_a_psnr_is_met_behind_noise_of_the_configured_psnr(tmp_path: Path) -> None:
    write(tmp_path, "time_s,gain_db,psnr_db\n0,0,16\n1,-3,3\n")
    config = laws.config_of([TRACE, "awgn"], psnr_db=10.0)
    assert config.noise_variance(1) == pytest.approx(0.1)
    channel = link_channel(laws.config_of(TRACE, psnr_db=10.0), 1)
    (first, second) = channel.draw(BlockKey(Phase.LOAD, 0, 0), (1, 2, 3)).ravel()
    assert 10 * np.log10(first**2 / 0.1) == pytest.approx(16)
    assert 10 * np.log10(second**2 / 0.1) == pytest.approx(0)


def test_the_blocks_of_a_pass_go_on_in_time_and_each_pass_begins_anew(tmp_path: Path) -> None:
    write(tmp_path, "time_s,gain_db\n" + "".join(f"{second},{-second}\n" for second in range(100)))
    symbols = np.ones((1, 1, 3), dtype=np.float32)
    for number in range(2):
        channel = link_channel(config_of(), 0)
        live = [laws.passed(channel, BlockKey(Phase.SERVE, number, n), symbols, 1)[0, 0, 0] for n in range(50)]
        np.testing.assert_allclose(20 * np.log10(live), -np.arange(50), atol=1e-4)


def test_the_default_period_is_the_airtime_of_a_sample(tmp_path: Path) -> None:
    write(tmp_path, "time_s,gain_db\n0,0\n0.0025,-20\n")
    config = laws.config_of({"name": "trace", "path": "trace.csv"}, baud=1000.0)
    assert config.airtime_s == pytest.approx(0.003)
    draws = link_channel(config, 0).draw(BlockKey(Phase.LOAD, 0, 0), (1, 2, 3))
    assert draws.ravel().tolist() == pytest.approx([1, 0.1])


def test_a_scenarios_taps_are_added_up(tmp_path: Path) -> None:
    """0.6 + 0.8j has amplitude 1; later the two taps cancel each other."""
    write(tmp_path, SCENARIO, "scenario.csv")
    assert gains(3, path="scenario.csv", node=1) == pytest.approx([1.0, 0.0, 0.0], abs=1e-7)
    assert gains(2, path="scenario.csv", node=2, receiver=9) == pytest.approx([0.5, 0.5])


def test_parquet_files_are_replayed_like_csv_files(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs splitwave[traces]")
    from pyarrow import parquet  # noqa: PLC0415

    rows = {"time_s": [0.0, 1.0, 0.0, 1.0], "link": [0, 0, 1, 1], "gain_db": [0.0, -20.0, -40.0, -60.0]}
    parquet.write_table(pa.table(rows), tmp_path / "trace.parquet")
    assert gains(2, path="trace.parquet") == pytest.approx([1, 0.1])
    assert gains(2, link=1, path="trace.parquet") == pytest.approx([0.01, 0.001])


def test_devices_need_no_file_and_reckon_with_the_unfaded_link() -> None:
    config = laws.config_of([TRACE, "awgn"], psnr_db=10.0)
    check_rate_noise(config)
    np.testing.assert_allclose(rate_noise_variances(config, 1, laws.KEY), [0.1])


def test_the_emulator_reads_the_file_before_the_first_block_and_after_a_change(tmp_path: Path) -> None:
    with pytest.raises(
        MissingDataError, match=r"channel\.model = trace, path = trace\.csv: .*trace\.csv does not exist"
    ):
        ChannelLink(config_of(), 0)
    write(tmp_path, "time_s,gain_db\n0,0\n")
    ChannelLink(config_of(), 0)
    assert gains(1) == pytest.approx([1])
    write(tmp_path, "time_s,gain_db\n0,-20.0\n")
    assert gains(1) == pytest.approx([0.1])


@pytest.mark.parametrize("path", ["../trace.csv", "/etc/passwd", "a/../../b.csv"])
def test_a_path_out_of_the_data_directory_is_refused(path: str) -> None:
    with pytest.raises(DataError, match="expected a path within the data directory"):
        ChannelLink(config_of(path=path), 0)


def test_without_a_data_directory_no_file_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path, "time_s,gain_db\n0,-20\n")
    monkeypatch.delenv("SPLITWAVE_DATA_DIR")
    with pytest.raises(MissingDataError, match="is read from the data directory, and none is named: --data-dir DIR"):
        ChannelLink(config_of(), 0)
    use_data_folder(tmp_path)
    assert gains(1) == pytest.approx([0.1])
    use_data_folder(None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_s,gain_db\n0,1\n2,0\n1,3\n", "line 4: time_s = 1: expected a time after that of the row before"),
        ("time_s,gain_db\n0,0\n0,3\n", "line 3: time_s = 0: expected a time after"),
        ("time_s,gain_db,snr\n0,0,1\n", "unknown column snr; expected time_s, and optionally link, gain_db, psnr_db"),
        ("time,gain_db\n0,0\n", "it has no column time_s; its columns: time, gain_db"),
        ("time_s,link\n0,0\n", "expected a column gain_db or psnr_db; its columns: time_s, link"),
        ("time_s,link,gain_db\n0,1,0\n0,2,0\n", "it has no row with link = 0; it has 1, 2"),
        ("time_s,link,gain_db\n0,0,0\n1,0.5,0\n", r"line 3: link = 0\.5: expected a whole number, 0 or more"),
        ("time_s,gain_db\n0,4000\n", "line 2: gain_db = 4000: expected −300 to 300 decibels"),
    ],
)
def test_a_mistake_in_a_trace_is_named_by_its_place(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(DataError, match=f"trace.csv[:,] {message}"):
        gains(1)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ("0,1,9,0,0,1,0\n0,1,8,0,0,1,0\n", {}, "tx = 1 has several receivers, rx = 8, 9: name one, receiver: …"),
        ("0,2,9,0,0,1,0\n", {}, "it has no row of tx → rx = 1 → any; it has 2 → 9"),
        ("0,1,9,0,0,1,0\n", {"receiver": 3}, "it has no row of tx → rx = 1 → 3; it has 1 → 9"),
        ("0,1,9,0,6e-6,1,0\n", {}, r"line 2: delay_s = 6e-06: expected 0 to 5\.12e-06 s"),
        ("1,1,9,0,0,1,0\n0,1,9,0,0,1,0\n", {}, "line 3: time_s = 0: expected no time before that of the row before"),
        ("".join(f"0,1,9,{tap},0,1,0\n" for tap in range(5)), {}, "line 2: time_s = 0: expected at most 4 taps"),
    ],
)
def test_a_mistake_in_a_scenario_is_named_by_its_place(
    tmp_path: Path, rows: str, options: dict[str, object], message: str
) -> None:
    write(tmp_path, "time_s,tx,rx,tap,delay_s,re,im\n" + rows)
    with pytest.raises(DataError, match=f"trace.csv[:,] {message}"):
        link_channel(config_of(**{"node": 1, **options}), 0)


def test_a_scenario_is_refused_where_a_symbol_is_as_short_as_its_delays(tmp_path: Path) -> None:
    write(tmp_path, SCENARIO)
    fast = laws.config_of([{**TRACE, "node": 1}], baud=1e6)
    with pytest.raises(
        DataError, match=r"line 3: delay_s = 1e-06: expected at most 0\.1 symbols at channel\.baud = 1e\+06"
    ):
        link_channel(fast, 0)


def test_a_receiver_is_refused_where_there_are_no_nodes(tmp_path: Path) -> None:
    write(tmp_path, "time_s,gain_db\n0,0\n")
    with pytest.raises(DataError, match=r"receiver = 3, but it is no scenario, whose columns are time_s, tx, rx"):
        gains(1, receiver=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": ""}, "path = : expected the name of a file in the data directory"),
        ({"period_s": 0}, r"period_s = 0: expected a number in \[1e-09, 1e\+09\]"),
        ({"node": -1}, "node = -1: expected a whole number ≥ 0"),
        ({"receiver": 1.5}, r"receiver = 1\.5: expected a whole number ≥ 0"),
    ],
)
def test_a_bad_option_is_refused_by_its_value(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^channel.model = trace, link 0: {message}$"):
        check_rate_noise(laws.config_of([{**TRACE, **options}, "awgn"]))
