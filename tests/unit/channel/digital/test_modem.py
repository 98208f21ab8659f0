"""Level indices over the radio as bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.digital.error_rates import symbol_error_rate
from splitwave.channel.digital.modem import DigitalModem
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase

MODULATIONS = ("bpsk", "qpsk", "16-qam")
KEY = BlockKey(Phase.TEST, 0, 0)


def config_of(dimension: int = 3, breakpoints: int = 15, psnr_db: float = 10.0, **digital: str) -> RunConfig:
    return RunConfig.model_validate(
        {
            "encoder": {"dimension": dimension},
            "quantizer": {"breakpoints": breakpoints},
            "channel": {"psnr_db": psnr_db, "digital": {"modulation": "qpsk", **digital}},
        }
    )


def levels_of(breakpoints: int) -> Float32:
    return np.linspace(-1, 1, breakpoints + 1, dtype=np.float32)


@given(
    st.sampled_from(MODULATIONS),
    st.sampled_from(["none", "hamming-7-4"]),
    st.integers(1, 9),
    st.sampled_from([1, 3, 6, 15, 255]),
    st.integers(0, 2**32),
)
def test_without_noise_the_levels_arrive(
    modulation: str, code: str, dimension: int, breakpoints: int, seed: int
) -> None:
    config = config_of(dimension, breakpoints, modulation=modulation, code=code)
    modem, levels = DigitalModem(config), levels_of(breakpoints)
    indices = np.random.default_rng(seed).integers(0, breakpoints + 1, (5, dimension)).astype(np.uint8)
    sent = modem.modulate(indices)
    assert sent.shape == (1, 5, modem.reals)
    assert np.square(sent.reshape(5, config.symbols_per_sample, -1)).sum(axis=-1).max() <= 1 + 1e-6
    np.testing.assert_array_equal(modem.indices(sent)[0], indices)
    np.testing.assert_array_equal(modem.demodulate(sent, levels)[0], levels[indices])


@pytest.mark.parametrize(
    ("modulation", "code", "symbols"),
    [
        ("bpsk", "none", 12),
        ("qpsk", "none", 6),
        ("16-qam", "none", 3),
        ("bpsk", "hamming-7-4", 21),
        ("qpsk", "hamming-7-4", 11),
        ("16-qam", "hamming-7-4", 6),
    ],
)
def test_airtime_counts_the_symbols_of_a_sample(modulation: str, code: str, symbols: int) -> None:
    """3 features of 4 bits are 12 bits, or 21 with a Hamming code."""
    config = config_of(3, 15, modulation=modulation, code=code)
    assert config.symbols_per_sample == symbols
    assert config.airtime_s == symbols / 9600
    assert config.payload_bits_per_sample == 12


def test_the_most_significant_bits_are_sent_first() -> None:
    sent = DigitalModem(config_of(1, 15, modulation="bpsk")).modulate(np.array([[0b1010]], dtype=np.uint8))
    assert sent.tolist() == [[[-1.0, 1.0, -1.0, 1.0]]]


def test_decided_indices_that_no_level_has_count_as_the_last() -> None:
    modem = DigitalModem(config_of(1, 5, modulation="bpsk"))
    received = np.full((1, 1, 3), -1.0, dtype=np.float32)
    assert modem.indices(received).tolist() == [[[7]]]
    assert modem.demodulate(received, levels_of(5)).tolist() == [[[1.0]]]


def test_inputs_of_the_network_behind_the_symbols_are_unchanged() -> None:
    modem, levels = DigitalModem(config_of(3)), levels_of(15)
    sent = modem.modulate(np.array([[0, 7, 15]], dtype=np.uint8))
    with_inputs = np.concatenate([sent, np.full((1, 1, 2), 0.625, np.float32)], axis=-1)
    assert modem.demodulate(with_inputs, levels).tolist() == [[[*levels[[0, 7, 15]], 0.625, 0.625]]]


@pytest.mark.parametrize(("modulation", "psnr_db"), [("bpsk", 3.0), ("qpsk", 5.0), ("16-qam", 14.0)])
def test_a_symbol_that_carries_one_level_fails_as_often_as_the_closed_form_says(
    modulation: str, psnr_db: float
) -> None:
    """Over AWGN, an index of as many bits as a symbol is wrong if and only if the symbol is."""
    bits = {"bpsk": 1, "qpsk": 2, "16-qam": 4}[modulation]
    config = config_of(50, 2**bits - 1, psnr_db=psnr_db, modulation=modulation)
    modem, channel = DigitalModem(config), link_channel(config, 0)
    indices = np.random.default_rng(5).integers(0, 2**bits, (2000, 50)).astype(np.uint8)
    sent = modem.modulate(indices)
    received = channel.apply(sent, channel.draw(KEY, (1, *sent.shape[1:])))
    measured, expected = float((modem.indices(received)[0] != indices).mean()), symbol_error_rate(modulation, psnr_db)
    assert abs(measured - expected) <= 5 * (expected * (1 - expected) / indices.size) ** 0.5


def test_a_code_makes_fewer_errors_at_the_price_of_airtime() -> None:
    errors, indices = {}, np.random.default_rng(6).integers(0, 16, (4000, 10)).astype(np.uint8)
    for code in ("none", "hamming-7-4"):
        config = config_of(10, psnr_db=9.0, code=code)
        modem, channel = DigitalModem(config), link_channel(config, 0)
        sent = modem.modulate(indices)
        received = channel.apply(sent, channel.draw(KEY, (1, *sent.shape[1:])))
        errors[code] = float((modem.indices(received)[0] != indices).mean())
    q = 1 - (1 - symbol_error_rate("qpsk", 9.0)) ** 0.5  # the error rate of a bit
    word = 1 - (1 - q) ** 7 - 7 * q * (1 - q) ** 6
    deviation = (word * (1 - word) / indices.size) ** 0.5
    assert abs(errors["none"] - (1 - (1 - q) ** 4)) < 5 * (errors["none"] / indices.size) ** 0.5
    assert errors["hamming-7-4"] < word + 5 * deviation < errors["none"]
