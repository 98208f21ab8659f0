from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.cross_link import check_cross_link, check_links_apart, shared_place

SHARED = {"name": "interference", "share": 0.5}


def config_of(model: object, channel: Mapping[str, object] = MappingProxyType({}), **more: object) -> RunConfig:
    return RunConfig.model_validate({"links": 2, **more, "channel": {"model": model, **channel}})


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ("awgn", None),
        (["awgn", "interference"], 1),
        ([["interference", "awgn"], ["interference"]], 0),
    ],
)
def test_the_place_where_links_meet_is_the_same_for_all(model: object, place: int | None) -> None:
    config = config_of(model)
    assert shared_place(config) == place
    check_cross_link(config)


@pytest.mark.parametrize(
    "model",
    [
        ["interference", "over-the-air"],
        [["interference"], ["awgn"]],
        [["awgn", "interference"], ["interference", "awgn"]],
        [["interference"], [SHARED]],
    ],
    ids=str,
)
def test_links_that_would_not_meet_in_one_place_are_refused(model: object) -> None:
    with pytest.raises(ConfigError, match="expected the one model in which links meet at the same place"):
        check_cross_link(config_of(model))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"fusion": {"policy": "deadline", "deadline_ms": 50.0}},
            r"fusion\.policy = deadline: expected all where links meet",
        ),
        ({"channel": {"digital": {"modulation": "qpsk"}}}, r"channel\.digital\.modulation = qpsk: expected none"),
        ({"channel": {"receiver": {"csi": "perfect"}}}, r"channel\.receiver\.csi = perfect: expected none"),
    ],
)
def test_settings_that_need_links_apart_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        check_cross_link(config_of(["interference", "awgn"], **settings))
    check_cross_link(config_of("awgn", **settings))


def test_live_queries_need_links_apart() -> None:
    check_links_apart(config_of("awgn"), "a live query")
    with pytest.raises(ConfigError, match=r"over-the-air, awgn: links meet in it, so that a live query would wait"):
        check_links_apart(config_of(["over-the-air", "awgn"]), "a live query")


def test_a_nonlinear_model_where_links_meet_is_refused() -> None:
    with pytest.raises(ConfigError, match="clipping is nonlinear, and where links meet, all models must be linear"):
        check_cross_link(config_of([{"name": "clipping", "amplitude": 0.5}, "interference", "awgn"]))
