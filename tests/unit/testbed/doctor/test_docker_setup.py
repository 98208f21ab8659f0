"""Docker on this machine; the programs are replaced by a PATH without any, and the engine by a closed port."""

from pathlib import Path

import pytest

from splitwave.testbed.doctor.docker_setup import check_docker
from splitwave.testbed.doctor.finding import Circumstances, Finding, Outcome


@pytest.fixture(autouse=True)
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


def examined(*, needs_docker: bool) -> dict[str, Finding]:
    circumstances = Circumstances(None, Path("results"), needs_docker=needs_docker)
    return {finding.name: finding for finding in check_docker(circumstances)}


@pytest.mark.parametrize(("needs_docker", "outcome"), [(False, Outcome.NOTE), (True, Outcome.FAILED)])
def test_missing_docker_is_a_failure_only_for_those_who_ask_for_it(needs_docker: bool, outcome: Outcome) -> None:
    findings = examined(needs_docker=needs_docker)

    assert {name: finding.outcome for name, finding in findings.items()} == dict.fromkeys(
        ("client", "compose", "engine"), outcome
    )
    assert "no Docker engine answers at tcp://127.0.0.1:1" in findings["engine"].value
    assert all(finding.remedy for finding in findings.values())


def test_the_client_is_named_with_its_version(tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text('#!/bin/sh\ntest "$1" = --version && echo "Docker version 99.1"\n')
    client.chmod(0o755)

    findings = examined(needs_docker=True)

    assert findings["client"] == Finding("client", f"Docker version 99.1, {client}")
    assert findings["compose"].outcome is Outcome.FAILED


def test_the_plugin_and_the_stand_alone_compose_are_distinguished(tmp_path: Path) -> None:
    standalone = tmp_path / "docker-compose"
    standalone.write_text("#!/bin/sh\necho 1.29.2\n")
    standalone.chmod(0o755)

    assert examined(needs_docker=True)["compose"].value == "1.29.2 (stand-alone)"
