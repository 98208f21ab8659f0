"""The contracts of a link before and behind its channel."""

import dataclasses

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.link_contract import link_contract, received_contract, received_dimension

PLAIN: dict[str, object] = {"csi": "perfect", "equaliser": "mmse"}


def config_of(receiver: dict[str, object]) -> RunConfig:
    return RunConfig.model_validate({"encoder": {"dimension": 5}, "channel": {"receiver": receiver}})


@pytest.mark.parametrize("receiver", [{}, PLAIN], ids=["none", "mmse"])
def test_a_receiver_without_inputs_leaves_the_contract_as_it_is(receiver: dict[str, object]) -> None:
    config = config_of(receiver)
    assert received_contract(config, 1) == link_contract(config, 1)
    assert received_dimension(config) == 5


def test_behind_a_receiver_with_inputs_a_sample_has_two_more_values_and_the_device_knows_nothing_of_it() -> None:
    config = config_of({**PLAIN, "inputs": True})
    sent, received = link_contract(config, 1), received_contract(config, 1)
    assert sent == link_contract(config_of(PLAIN), 1)
    assert received == dataclasses.replace(sent, dimension=7, inputs=2)
    assert received_dimension(config) == 7


def test_pilots_take_airtime() -> None:
    estimated = config_of({"csi": "estimated", "pilots": 3, "equaliser": "mmse"})
    assert estimated.airtime_s == pytest.approx(8 / 9600)
    assert config_of(PLAIN).airtime_s == pytest.approx(5 / 9600)
