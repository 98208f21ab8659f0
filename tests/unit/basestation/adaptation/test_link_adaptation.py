"""The closed loop without messages."""

from typing import Any

import pytest

from splitwave.basestation.adaptation.link_adaptation import LinkAdaptation
from splitwave.basestation.adaptation.policies.table import Table
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.link_setting import AS_CONFIGURED, LinkSetting

SILENT, COARSE = LinkSetting(sends=False), LinkSetting(bits=1)
ROWS = [{"sends": False}, {"from_db": 2.0, "bits": 1}, {"from_db": 9.5}]


def config(**channel: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "links": 3,
            "channel": {"receiver": {"csi": "perfect"}, **channel},
            "adaptation": {"policy": "table", "rows": ROWS},
        }
    )


def test_a_pass_begins_as_the_psnr_of_the_settings_says_whatever_was_measured_before() -> None:
    adaptation = LinkAdaptation(config(psnr_db=[0.0, 5.0, 10.0]))
    first = adaptation.begin_pass()
    assert first == {0: SILENT, 1: COARSE, 2: AS_CONFIGURED}
    adaptation.take({0: 20.0, 1: 20.0, 2: 3.0})
    assert adaptation.begin_pass() == first


def test_only_changed_settings_come_out_and_links_without_a_measurement_stay() -> None:
    adaptation = LinkAdaptation(config(psnr_db=[0.0, 5.0, 10.0]))
    adaptation.begin_pass()
    assert adaptation.take({0: 1.0, 1: 11.0, 2: None}) == {1: AS_CONFIGURED}
    assert adaptation.take({2: 4.0}) == {2: COARSE}
    assert adaptation.settings == [SILENT, AS_CONFIGURED, COARSE]


def test_the_strongest_link_sends_where_the_policy_would_silence_all() -> None:
    adaptation = LinkAdaptation(config(psnr_db=10.0))
    adaptation.begin_pass()
    adaptation.take({0: -5.0, 1: -3.0, 2: -4.0})
    assert adaptation.settings == [SILENT, AS_CONFIGURED, SILENT]
    adaptation.take({0: -5.0, 1: -6.0, 2: -5.0})
    assert adaptation.settings == [AS_CONFIGURED, SILENT, SILENT]  # of equal ones the first
    adaptation.take({0: -5.0, 1: -6.0, 2: 4.0})
    assert adaptation.settings == [SILENT, SILENT, COARSE]


def test_a_link_that_had_to_send_follows_the_policy_again_once_another_one_sends() -> None:
    """Also where its own part of the query is missing, so that nothing new was measured on it."""
    adaptation = LinkAdaptation(config(psnr_db=10.0))
    adaptation.begin_pass()
    adaptation.take({0: -5.0, 1: -3.0, 2: -4.0})
    assert adaptation.settings == [SILENT, AS_CONFIGURED, SILENT]
    assert adaptation.take({0: 4.0, 1: None}) == {0: COARSE, 1: SILENT}
    assert adaptation.take({0: -5.0}) == {0: SILENT, 1: AS_CONFIGURED}  # again the strongest of those known


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (LinkSetting(bits=5), "link 0: bits = 5: expected 1 to 4"),
        (LinkSetting(bits=0), "link 0: bits = 0: expected 1 to 4"),
        (LinkSetting(beta=0.1), "link 0: networks of this run are not β-conditioned"),
        (LinkSetting(modulation="qpsk"), "link 0: modulation = qpsk needs channel.digital.modulation"),
    ],
)
def test_a_policy_that_asks_for_what_links_cannot_do_ends_the_run(
    setting: LinkSetting, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Table, "of", lambda _: Table(settings=(setting,)))
    with pytest.raises(RunFailedError, match=f"adaptation.policy = table, {message}"):
        LinkAdaptation(config()).begin_pass()


@pytest.mark.parametrize(
    ("modulation", "equaliser", "message"),
    [
        ("64-qam", "zero-forcing", "modulation = 64-qam: expected one of bpsk, qpsk, 16-qam"),
        ("16-qam", "mmse", "modulation = 16-qam is decided by amplitude, which .* = mmse shrinks: choose zero-forcing"),
    ],
)
def test_a_policy_that_asks_for_symbols_that_cannot_be_decided_ends_the_run(
    modulation: str, equaliser: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Table, "of", lambda _: Table(settings=(LinkSetting(modulation=modulation),)))
    receiver = {"csi": "perfect", "equaliser": equaliser}
    with pytest.raises(RunFailedError, match=f"adaptation.policy = table, link 0: {message}"):
        LinkAdaptation(config(receiver=receiver, digital={"modulation": "qpsk"})).begin_pass()
