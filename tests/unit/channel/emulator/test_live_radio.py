"""Blocks meet the channel of their link's state, and gradients meet that of their block."""

import asyncio
import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.control.overrides import timing_of
from splitwave.channel.control.state_file import FILE, StateFile
from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.emulator.link_timing import LinkDelays
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, ProtocolError
from splitwave.common.files.data_folder import use_data_folder
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.channel_changes import PLAN, ChannelChange, ChannelReport, PlannedValues
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols


def settings(**channel: object) -> RunConfig:
    sections = {"encoder": {"dimension": 3}, "objective": {"draws": 1}, "quantizer": {"breakpoints": 0}}
    return RunConfig.model_validate({"links": 2, **sections, "channel": channel})


CONFIG = settings()


def block(phase: Phase = Phase.SERVE, number: int = 0) -> SymbolBlock:
    values = np.full((1, 2 if phase is Phase.TRAIN else 1, 3), 0.5, dtype=np.float32)
    return SymbolBlock(1, 0, BlockKey(phase, 0, number), np.arange(values.shape[1]), RealPayload(values))


class Link(ChannelLink):
    """Numbers blocks in the order in which they pass."""

    def __init__(self, config: RunConfig, control: LiveControl | None = None) -> None:
        super().__init__(config, 1, control)
        self._numbers = itertools.count()
        self.begin_pass(Symbols.SOFT)

    def passed(self, sent: SymbolBlock) -> tuple[Float32, LiveChannel | None]:
        passed = self.transmit(dataclasses.replace(sent, sequence=next(self._numbers)))
        assert isinstance(passed.payload, RealPayload)
        return passed.payload.values, passed.channel


def set_(control: LiveControl, **values: float) -> ChannelReport:
    return asyncio.run(control.change([ChannelChange(1, ChannelValues(**values))]))


def test_a_block_is_what_the_static_channel_of_its_state_makes_of_it() -> None:
    control = LiveControl()
    link = Link(CONFIG, control)
    for number, psnr_db in enumerate([None, 0.0, 20.0]):
        if psnr_db is not None:
            set_(control, psnr_db=psnr_db)
        static = CONFIG if psnr_db is None else settings(psnr_db=psnr_db)
        for phase in (Phase.SERVE, Phase.TRAIN, Phase.TEST):
            values, state = link.passed(block(phase, number))
            np.testing.assert_array_equal(values, Link(static).passed(block(phase, number))[0])
            assert state == (None if psnr_db is None else LiveChannel(number, ChannelValues(psnr_db=psnr_db)))
    set_(control, gain_db=-6.0)
    static = settings(model=[{"name": "gain", "gain_db": -6.0}, "awgn"], psnr_db=20.0)
    np.testing.assert_array_equal(link.passed(block())[0], Link(static).passed(block())[0])


def test_a_lost_sample_arrives_as_zeros() -> None:
    control = LiveControl()
    link = Link(CONFIG, control)
    set_(control, loss=1.0)
    np.testing.assert_array_equal(link.passed(block())[0], np.zeros((1, 1, 3)))
    set_(control, loss=0.0)
    np.testing.assert_array_equal(link.passed(block())[0], Link(CONFIG).passed(block())[0])


def test_times_are_settings_of_the_next_block() -> None:
    control = LiveControl()
    link = Link(CONFIG, control)
    assert link.passed(block())[1] is None
    set_(control, delay_ms=3.0, rate_limit_bps=9600.0)
    state = link.passed(block())[1]
    assert state is not None
    assert LinkDelays.of(timing_of(CONFIG.channel.timing, state.values)) == LinkDelays(3.0, 0.0, 9600.0)


def test_where_links_meet_only_times_can_be_set() -> None:
    control = LiveControl()
    Link(settings(model=["over-the-air", "awgn"]), control)
    with pytest.raises(
        ProtocolError, match=r"^link 1: no psnr_db where links meet: channel\.model = over-the-air, awgn$"
    ):
        set_(control, psnr_db=0.0)
    assert set_(control, delay_ms=1.0).version == 1


def test_the_psnr_that_a_trace_has_is_not_set(tmp_path: Path) -> None:
    """It would change the noise, and the trace's gain with it, so that nothing changed but the report."""
    for column in ("psnr_db", "gain_db"):
        (tmp_path / f"{column}.csv").write_text(f"time_s,{column}\n0,5\n", encoding="utf-8")
    use_data_folder(tmp_path)
    control = LiveControl()
    Link(settings(model=[{"name": "trace", "path": "psnr_db.csv"}, "awgn"]), control)
    with pytest.raises(ProtocolError, match=r"^link 1: no psnr_db, which the trace psnr_db\.csv has: set gain_db$"):
        set_(control, psnr_db=0.0)
    assert set_(control, gain_db=-3.0).version == 1
    other = LiveControl()
    Link(settings(model=[{"name": "trace", "path": "gain_db.csv"}, "awgn"]), other)
    assert set_(other, psnr_db=0.0).version == 1
    use_data_folder(None)


def test_a_change_whose_caller_has_gone_is_completed_in_file_and_memory(tmp_path: Path) -> None:
    async def cancel_then_set() -> LiveControl:
        control = LiveControl(StateFile(tmp_path))
        first = asyncio.create_task(control.change([ChannelChange(1, ChannelValues(psnr_db=1.0))]))
        await asyncio.sleep(0)  # it has begun
        first.cancel()
        await control.change([ChannelChange(1, ChannelValues(psnr_db=2.0))])
        return control

    control = asyncio.run(cancel_then_set())
    assert [each.channel for each in control.report().links] == [LiveChannel(2, ChannelValues(psnr_db=2.0))]
    assert StateFile(tmp_path).read().links == {1: LiveChannel(2, ChannelValues(psnr_db=2.0))}


def test_a_gradient_meets_the_state_of_its_block() -> None:
    control = LiveControl()
    link, gradient = Link(CONFIG, control), np.ones((1, 2, 3), dtype=np.float32)
    sent = [block(Phase.TRAIN, number) for number in range(3)]
    link.passed(sent[0])
    set_(control, gain_db=-20.0)
    link.passed(sent[1])
    set_(control, gain_db=-40.0)
    link.passed(sent[2])
    assert [link.returns_unchanged(each.key) for each in sent] == [True, False, False]
    for each, gain in zip(sent, [1.0, 0.1, 0.01], strict=True):
        returned = link.return_gradient(Gradient(each.key, gradient)).values
        np.testing.assert_allclose(returned, gain * gradient, rtol=1e-6)
    assert link.returns_unchanged(sent[1].key)  # nothing is kept of a block that was answered


def test_queries_follow_a_plan_and_other_blocks_do_not() -> None:
    control = LiveControl()
    link = Link(CONFIG, control)
    asyncio.run(control.plan([PlannedValues(1, 2, ChannelValues(psnr_db=0.0))]))
    met = [link.passed(block(Phase.SERVE, number))[1] for number in (1, 2, 3)]
    assert met == [None, *[LiveChannel(1, ChannelValues(psnr_db=0.0))] * 2]
    assert link.passed(block(Phase.TEST, 3))[1] is None


def test_a_restarted_emulator_goes_on_with_state_and_version(tmp_path: Path) -> None:
    control = LiveControl(StateFile(tmp_path))
    first = Link(CONFIG, control)
    set_(control, psnr_db=3.0)
    asyncio.run(control.plan([PlannedValues(1, 1, ChannelValues(psnr_db=5.0))]))
    second = Link(CONFIG, LiveControl(StateFile(tmp_path)))
    for number in (0, 1):
        (values, state), (again, same) = (link.passed(block(Phase.SERVE, number)) for link in (first, second))
        np.testing.assert_array_equal(values, again)
        assert state == same
        assert state is not None
        assert state.version == number + 1
    assert LiveControl(StateFile(tmp_path)).report().version == 2


def test_what_cannot_be_kept_is_not_effective(tmp_path: Path) -> None:
    control = LiveControl(StateFile(tmp_path / "state"))
    (tmp_path / "state").touch()  # a file where the folder is to be made
    with pytest.raises(ProtocolError, match="the state cannot be kept: "):
        set_(control, psnr_db=3.0)
    assert control.report().version == 0
    assert not (tmp_path / "state" / FILE).exists()


def test_a_state_that_a_link_cannot_have_is_refused_where_it_enters() -> None:
    config = settings(model=f"{__name__}:Fragile")
    control = LiveControl()
    Link(config, control)
    with pytest.raises(ProtocolError, match=r"channel\.model = .*Fragile, link 1: .*no noise below 0 dB"):
        set_(control, psnr_db=-1.0)
    assert control.report().version == 0
    before = LiveControl()
    set_(before, psnr_db=-1.0)
    with pytest.raises(ConfigError, match="no noise below 0 dB"):
        Link(config, before)


class Fragile:
    """A user's model, which cannot be made of all settings."""

    is_additive = True

    def __init__(self, config: RunConfig, _link: int) -> None:
        if isinstance(config.channel.psnr_db, float) and config.channel.psnr_db < 0:
            raise ValueError("no noise below 0 dB")


def test_watchers_get_the_state_now_and_the_latest_after_changes() -> None:
    async def scenario() -> list[int]:
        control = LiveControl()
        reports = control.reports()
        versions = [(await anext(reports)).version]
        for link in (0, 1):
            await control.change([ChannelChange(link, ChannelValues(loss=0.0))])
        versions.append((await anext(reports)).version)
        await control.change([ChannelChange(0, reset=frozenset({PLAN}))])
        versions.append((await anext(reports)).version)
        await reports.aclose()
        return versions

    assert asyncio.run(scenario()) == [0, 2, 3]
