"""docker-compose.serving.yml makes the services of live serving: TLS everywhere, and a device sees its part alone."""

from pathlib import Path
from typing import cast

import pytest
import yaml

ROOT = Path(__file__).parents[4]
SERVICES = cast(
    "dict[str, dict[str, object]]",
    yaml.safe_load((ROOT / "docker-compose.serving.yml").read_text(encoding="utf-8"))["services"],
)
TRAINING = cast(
    "dict[str, dict[str, object]]",
    yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"],
)
DEVICES = ("device-0", "device-1")


def _option(service: str, name: str) -> str:
    words = str(SERVICES[service]["command"]).split()
    return words[words.index(name) + 1]


@pytest.mark.parametrize("service", ["basestation", "channel", *DEVICES])
def test_every_connection_has_tls(service: str) -> None:
    assert f":{_option(service, '--tls-dir')}:ro" in str(SERVICES[service]["volumes"])


def test_certificates_are_made_as_for_a_training() -> None:
    assert SERVICES["certs"] == TRAINING["certs"] | {
        "networks": SERVICES["certs"]["networks"],
        "tmpfs": SERVICES["certs"]["tmpfs"],
    }


@pytest.mark.parametrize("service", ["basestation", *DEVICES])
def test_a_model_is_mounted_read_only(service: str) -> None:
    folder = _option(service, "--serve" if service == "basestation" else "--model")
    (mount,) = (
        each
        for each in cast("list[object]", SERVICES[service]["volumes"])
        if isinstance(each, dict) and each["target"] == folder
    )
    own_part = "" if service == "basestation" else f"/{service}"
    assert mount == {"type": "bind", "source": f"${{MODEL:-./model}}{own_part}", "target": folder, "read_only": True}


@pytest.mark.parametrize("service", DEVICES)
def test_a_device_has_a_socket_of_its_own_that_its_health_check_asks(service: str) -> None:
    path = _option(service, "--serve-app").removeprefix("unix:")
    assert path == f"/run/splitwave/{service}.sock"
    assert cast("dict[str, list[str]]", SERVICES[service]["healthcheck"])["test"][-1] == path


def test_devices_are_without_torch_by_default() -> None:
    for service in DEVICES:
        assert SERVICES[service]["image"] == "splitwave/${DEVICE_IMAGE:-device-light}:${TAG:-latest}"
