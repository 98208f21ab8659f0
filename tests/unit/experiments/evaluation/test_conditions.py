"""The conditions of an evaluation: what the options mean, and the settings that follow."""

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.experiments.evaluation.conditions import Condition, ablations, link_numbers, psnr_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("10", [10.0]),
        ("0,5,12.5", [0.0, 5.0, 12.5]),
        ("-5:20:2.5", [-5.0, -2.5, 0.0, 2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0]),
        ("20:0:-10", [20.0, 10.0, 0.0]),
        ("0:1:0.4", [0.0, 0.4, 0.8]),
        ("3:3:1", [3.0]),
    ],
)
def test_psnr_values_are_a_number_a_list_or_a_range(text: str, values: list[float]) -> None:
    assert psnr_values(text) == values


def test_a_range_reaches_its_end_in_spite_of_rounding() -> None:
    assert psnr_values("0:1:0.1")[-1] == 10 * 0.1


@pytest.mark.parametrize("text", ["", "x", "1,", "0:5", "0:5:1:2", "0:5:0", "0:5:-1", "0:5:nan", "0:inf:1", "0:1e9:1"])
def test_other_texts_are_refused_with_the_option_and_the_value(text: str) -> None:
    with pytest.raises(ConfigError, match=rf"^--psnr-db {text}: expected "):
        psnr_values(text)


@pytest.mark.parametrize("text", ["", "a", "-1", "0,,1", "1.5"])
def test_links_are_numbers(text: str) -> None:
    assert link_numbers("0, 2", "--links-down") == [0, 2]
    with pytest.raises(ConfigError, match=rf"^--links-down {text}: expected link numbers"):
        link_numbers(text, "--links-down")


def test_a_condition_changes_channel_links_and_noise_alone() -> None:
    trained = RunConfig.model_validate({"seed": 7, "links": 3, "channel": {"psnr_db": [1.0, 2.0, 3.0]}})
    settings = Condition(-5.0, ("awgn",), (1,), noise_number=2).settings(trained)
    assert settings == RunConfig.model_validate(
        {"seed": 9, "links": 3, "channel": {"psnr_db": -5.0}, "fusion": {"down": [1]}}
    )
    assert Condition().settings(trained) == trained


def test_the_noise_number_of_the_largest_seed_begins_again_at_0() -> None:
    assert Condition(noise_number=1).settings(RunConfig(seed=(1 << 64) - 1)).seed == 0


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Condition(psnr_db=-500.0), r"channel\.psnr_db = -500\.0 \(from psnr_db of the evaluation\)"),
        (
            Condition(channel=("fog",)),
            r"channel\.model = \['fog'\] \(from channel of the evaluation\): there is no 'fog'",
        ),
        (Condition(links_down=(0, 1)), r"fusion\.down = \[0, 1\]: expected different links"),
    ],
)
def test_a_wrong_condition_names_the_value_and_the_argument(condition: Condition, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        condition.settings(RunConfig())


def test_networks_with_the_psnr_as_an_input_are_evaluated_within_their_range() -> None:
    trained = RunConfig.model_validate(
        {"hypernetwork": {"beta": [1e-4, 1e-2], "psnr": True}, "encoder": {"backbone": "vib"},
         "channel": {"training_psnr_db": [0.0, 20.0]}}
    )  # fmt: skip
    assert Condition(psnr_db=20.0).settings(trained).channel.psnr_db == 20.0
    with pytest.raises(ConfigError, match=r"channel\.psnr_db = 21\.0 is an input of the networks, trained on"):
        Condition(psnr_db=21.0).settings(trained)


def test_an_ablation_has_each_link_without_and_alone() -> None:
    assert ablations(1, ()) == {}
    assert ablations(2, ()) == {"without link 0": (0,), "without link 1": (1,)}
    assert ablations(3, ()) == {
        "without link 0": (0,),
        "without link 1": (1,),
        "without link 2": (2,),
        "link 0 alone": (1, 2),
        "link 1 alone": (0, 2),
        "link 2 alone": (0, 1),
    }
    assert ablations(3, (1,)) == {"without link 0": (1, 0), "without link 2": (1, 2)}


@pytest.mark.parametrize(("data", "seed"), [({"noise": 0.1}, 3), ({"view": "crop", "seed": 9}, 9), ({}, None)])
def test_other_noise_leaves_what_the_devices_see(data: dict[str, object], seed: int | None) -> None:
    trained = RunConfig.model_validate({"seed": 3, "data": data})
    settings = Condition(noise_number=2).settings(trained)
    assert (settings.seed, settings.data.seed) == (5, seed)
    assert seed is None or settings.place(0) == trained.place(0)
