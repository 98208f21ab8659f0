"""Variables with our prefix that are no settings: they stop nothing, unless a setting was meant."""

import pytest

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError


def service_links(service: str) -> dict[str, str]:
    """The variables that Kubernetes adds to every container beside a Service."""
    url = "tcp://10.0.0.1:50051"
    return {
        f"{service}_SERVICE_HOST": "10.0.0.1",
        f"{service}_SERVICE_PORT": "50051",
        f"{service}_SERVICE_PORT_GRPC": "50051",
        f"{service}_PORT": url,
        f"{service}_PORT_50051_TCP": url,
        f"{service}_PORT_50051_TCP_PROTO": "tcp",
        f"{service}_PORT_50051_TCP_PORT": "50051",
        f"{service}_PORT_50051_TCP_ADDR": "10.0.0.1",
        f"{service}_PORT_53_UDP": "udp://10.0.0.1:53",
    }


def load(**environment: str) -> tuple[RunConfig, list[str]]:
    warnings: list[str] = []
    return load_config(environment=environment, warn=warnings.append), warnings


@pytest.mark.parametrize("service", ["SPLITWAVE", "SPLITWAVE_BASESTATION", "SPLITWAVE_DATA", "SPLITWAVE_LINK_1"])
def test_the_service_links_of_kubernetes_are_ignored(service: str) -> None:
    assert load(**service_links(service), SPLITWAVE_SEED="3") == (RunConfig(seed=3), [])


@pytest.mark.parametrize(
    "variable", ["ROOT", "HOME", "VERSION", "IMAGE", "LOG_LEVEL", "BANNER", "FOO__BAR", "TRAINING__WARP", "", "__"]
)
def test_another_variable_is_one_warning(variable: str) -> None:
    config, warnings = load(**{f"SPLITWAVE_{variable}": "[not yaml"})

    assert config == RunConfig()
    assert warnings == [f"environment variable SPLITWAVE_{variable} is ignored: no such setting"]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("THREADS", "SPLITWAVE_RUNTIME__TORCH_THREADS"),
        ("MODE", "SPLITWAVE_CHANNEL__MODEL or SPLITWAVE_CHANNEL__DIGITAL__CODE"),
        ("LICENSE", "SPLITWAVE_LINKS"),
    ],
)
def test_a_distant_resemblance_is_named_in_the_warning(variable: str, meant: str) -> None:
    config, (warning,) = load(**{f"SPLITWAVE_{variable}": "3"})

    assert config == RunConfig()
    assert warning.endswith(f"no such setting; did you mean {meant}?")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TRAINING__EPOCH", "SPLITWAVE_TRAINING__EPOCHS"),
        ("TRAINIG__EPOCHS", "SPLITWAVE_TRAINING__EPOCHS"),
        ("TRAINING_EPOCHS", "SPLITWAVE_TRAINING__EPOCHS"),
        ("TRAINING_EPOCH", "SPLITWAVE_TRAINING__EPOCHS"),
        ("EPOCHS", "SPLITWAVE_TRAINING__EPOCHS"),
        ("CHANNEL_PSNR", "SPLITWAVE_CHANNEL__PSNR_DB"),
        ("BETA", "SPLITWAVE_HYPERNETWORK__BETA or SPLITWAVE_OBJECTIVE__BETA"),
        ("SEEDS", "SPLITWAVE_DATA__SEED or SPLITWAVE_SEED"),
        ("LINK", "SPLITWAVE_LINKS or SPLITWAVE_TRAINING__LINK_DROPOUT"),
        ("DATADIR", "SPLITWAVE_DATA_DIR"),
        ("DATA", "SPLITWAVE_DATA_DIR"),
        ("DATA_DIRECTORY", "SPLITWAVE_DATA_DIR"),
    ],
)
def test_a_misspelled_setting_is_refused_with_the_variable_that_was_meant(variable: str, meant: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(**{f"SPLITWAVE_{variable}": "3"})

    assert f"(from environment variable SPLITWAVE_{variable})" in str(error.value)
    assert str(error.value).endswith(f"did you mean {meant}?")


def test_a_port_without_a_scheme_is_not_a_service_link() -> None:
    assert load(SPLITWAVE_PORT="50051")[1] == ["environment variable SPLITWAVE_PORT is ignored: no such setting"]


def test_a_variable_can_hold_a_section() -> None:
    assert load(SPLITWAVE_TRAINING="{epochs: 3}")[0].training.epochs == 3
    with pytest.raises(ConfigError, match=r"training.epoch: .* SPLITWAVE_TRAINING\); did you mean training.epochs\?"):
        load(SPLITWAVE_TRAINING="{epoch: 3}")


def test_a_value_that_is_not_yaml_names_the_variable() -> None:
    with pytest.raises(ConfigError, match=r"^environment variable SPLITWAVE_LINKS: while parsing a flow sequence"):
        load(SPLITWAVE_LINKS="[1")


def test_warnings_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    load_config(environment={"SPLITWAVE_ROOT": "/srv"})

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "warning: environment variable SPLITWAVE_ROOT is ignored: no such setting\n"
