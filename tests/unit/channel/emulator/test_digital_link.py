"""One link in digital mode: level indices pass the modem, soft symbols do not, and gradients go straight through."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from splitwave.channel.digital.modem import DigitalModem
from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols

LEVELS = np.linspace(-1, 1, 16, dtype=np.float32)
INDICES = np.arange(12, dtype=np.uint8).reshape(4, 3)
TRAIN, TEST = BlockKey(Phase.TRAIN, 0, 0), BlockKey(Phase.TEST, 0, 0)
BLOCK = SymbolBlock(1, 0, TEST, np.arange(4), LevelPayload(INDICES, 0, LEVELS))


def config_of(psnr_db: float, forward: str = "straight-through", **digital: str) -> RunConfig:
    return RunConfig.model_validate(
        {
            "encoder": {"dimension": 3},
            "objective": {"draws": 2},
            "quantizer": {"forward": forward},
            "channel": {"psnr_db": psnr_db, "digital": digital or {"modulation": "16-qam"}},
        }
    )


def received(link: ChannelLink, block: SymbolBlock) -> Float32:
    payload: Any = link.transmit(block).payload
    values: Float32 = payload.values
    return values


def test_over_a_good_link_the_levels_arrive_without_noise() -> None:
    np.testing.assert_array_equal(received(ChannelLink(config_of(30.0), 1), BLOCK)[0], LEVELS[INDICES])


def test_over_a_bad_link_other_levels_arrive_the_same_whenever_the_block_is_sent() -> None:
    config = config_of(3.0)
    arrived = received(ChannelLink(config, 1), BLOCK)
    assert np.isin(arrived, LEVELS).all()
    assert (arrived != LEVELS[INDICES]).any()
    np.testing.assert_array_equal(arrived, received(ChannelLink(config, 1), BLOCK))
    modem, channel = DigitalModem(config), link_channel(config, 1)
    sent = modem.modulate(INDICES)
    by_hand = modem.demodulate(channel.apply(sent, channel.draw(TEST, (1, *sent.shape[1:]))), LEVELS)
    np.testing.assert_array_equal(arrived, by_hand)


def test_training_blocks_get_a_decision_a_draw_and_their_gradients_go_straight_through() -> None:
    link = ChannelLink(config_of(6.0), 1)
    arrived = received(link, dataclasses.replace(BLOCK, key=TRAIN))
    assert arrived.shape == (2, 4, 3)
    assert (arrived[0] != arrived[1]).any()
    gradient = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(
        link.return_gradient(Gradient(TRAIN, gradient)).values, gradient.sum(0, keepdims=True)
    )


def test_soft_symbols_stay_amplitudes() -> None:
    values = np.full((1, 4, 3), 0.25, dtype=np.float32)
    block = dataclasses.replace(BLOCK, payload=RealPayload(values))
    digital, plain = (
        ChannelLink(config_of(6.0, "soft"), 1),
        ChannelLink(RunConfig.model_validate({"encoder": {"dimension": 3}, "channel": {"psnr_db": 6.0}}), 1),
    )
    for link in (digital, plain):
        link.begin_pass(Symbols.SOFT)
    np.testing.assert_array_equal(received(digital, block), received(plain, block))


def test_another_modulation_holds_from_the_next_block_on() -> None:
    link = ChannelLink(config_of(30.0), 1)
    received(link, BLOCK)
    link.retune(config_of(30.0, modulation="bpsk", code="hamming-7-4"))
    later = dataclasses.replace(BLOCK, sequence=1, payload=LevelPayload(INDICES, 0, None))
    np.testing.assert_array_equal(received(link, later)[0], LEVELS[INDICES])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quantizer": {"breakpoints": 0}}, "modulation = 16-qam carries level indices, and quantizer.breakpoints = 0"),
        (
            {"channel": {"digital": {"modulation": "16-qam"}, "receiver": {"csi": "perfect", "equaliser": "mmse"}}},
            "16-qam is decided by amplitude, which channel.receiver.equaliser = mmse shrinks: choose zero-forcing",
        ),
    ],
)
def test_a_modulation_that_cannot_work_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RunConfig.model_validate({"channel": {"digital": {"modulation": "16-qam"}}} | settings)
