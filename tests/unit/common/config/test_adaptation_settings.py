"""The section `adaptation`: what is refused, and what leaves the hash of older settings as it is."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig

PERFECT = {"receiver": {"csi": "perfect"}}
DIGITAL = {"receiver": {"csi": "perfect"}, "digital": {"modulation": "bpsk"}}


def config(adaptation: dict[str, Any], channel: dict[str, Any], **more: Any) -> RunConfig:
    return RunConfig.model_validate({"adaptation": adaptation, "channel": channel, **more})


def test_links_are_not_adapted_by_default_and_the_hash_of_older_settings_stays() -> None:
    assert not RunConfig().adaptation.is_on
    assert "adaptation" not in RunConfig().canonical_json()
    table = config({"policy": "table", "rows": [{"sends": False}, {"from_db": 3.0}]}, PERFECT)
    assert table.adaptation.is_on
    assert RunConfig.from_handshake(table.canonical_json()) == table
    assert config({"rows": [{"bits": 2}]}, {}).adaptation.is_on


@pytest.mark.parametrize(
    ("adaptation", "channel", "more", "message"),
    [
        ({"policy": "fixd"}, {}, {}, "there is no 'fixd'; there are: fixed, table"),
        ({"policy": "table"}, PERFECT, {}, "policy = table needs rows"),
        ({"rows": [{}, {"from_db": 3.0}]}, {}, {}, "policy = fixed takes at most one row, without from_db"),
        ({"rows": [{"from_db": 3.0}]}, {}, {}, "policy = fixed takes at most one row, without from_db"),
        ({"policy": "table", "rows": [{"from_db": 3.0}]}, PERFECT, {}, "the first row to have none"),
        ({"policy": "table", "rows": [{}, {"from_db": 3.0}, {"from_db": 3.0}]}, PERFECT, {}, "from_db to ascend"),
        ({"policy": "table", "rows": [{"sends": False}]}, PERFECT, {}, "at least one row with sends = true"),
        ({"rows": [{"sends": False, "bits": 2}]}, {}, {}, "bits = 2 does nothing with sends = false"),
        ({"policy": "table", "rows": [{}]}, {}, {}, "channel.receiver.csi = none measures nothing"),
        ({"rows": [{"bits": 5}]}, {}, {}, "adaptation.rows[0].bits = 5: expected at most the 4 bits of quantizer"),
        ({"rows": [{"beta": 0.1}]}, {}, {}, "adaptation.rows[0].beta = 0.1: the networks are not β-conditioned"),
        (
            {"rows": [{"beta": 2.0}]},
            {},
            {"hypernetwork": {"beta": [1e-3, 1.0]}},
            "adaptation.rows[0].beta = 2.0: the networks are trained on hypernetwork.beta = [0.001, 1.0]",
        ),
        ({"rows": [{"modulation": "qpsk"}]}, {}, {}, "adaptation.rows[0].modulation = qpsk does nothing without"),
        (
            {"rows": [{"modulation": "16-qam"}]},
            {"receiver": {"csi": "perfect", "equaliser": "mmse"}, "digital": {"modulation": "qpsk"}},
            {},
            "adaptation.rows[0].modulation = 16-qam is decided by amplitude",
        ),
        ({"rows": [{}]}, {}, {"quantizer": {"breakpoints": 0}}, "needs level indices, and quantizer.breakpoints = 0"),
    ],
)
def test_settings_that_no_link_can_have_are_refused(
    adaptation: dict[str, Any], channel: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        config(adaptation, channel, **more)


def test_rows_within_the_means_of_the_run_are_taken() -> None:
    rows = [{"bits": 1}, {"from_db": 5.0, "modulation": "qpsk"}, {"from_db": 12.0, "modulation": "16-qam", "beta": 0.1}]
    conditioned = {"hypernetwork": {"beta": [1e-3, 1.0]}}
    assert len(config({"policy": "table", "rows": rows}, DIGITAL, **conditioned).adaptation.rows) == 3
