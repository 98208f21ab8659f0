"""No secret is in a log, a result or a report: no private key, and no value of a variable that is named as a secret."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.protocol.identity import Identity, Role
from splitwave.testbed.certificates.store import LOCAL_HOSTS, CertificateStore
from tests.e2e.services import Services
from tests.installed_command import ENVIRONMENT, SHORT, SPLITWAVE
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

SECRETS = {
    name: f"hunter2-{name.lower()}"
    for name in ("DB_PASSWORD", "SPLITWAVE_API_TOKEN", "WANDB_API_KEY", "CLIENT_SECRET", "http_proxy_password")
}
PROXY = {"http_proxy": "http://me:hunter2-proxy@proxy.invalid:3128"}
ROLES = (Role.BASESTATION, Role.CHANNEL, Role.OPERATOR)


@pytest.fixture(name="services")
def _services(tmp_path: Path) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(tmp_path, stack)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> CertificateStore:
    store = CertificateStore.create(tmp_path / "certificates", days=2)
    for party in (*(Identity(role, role.value) for role in ROLES), Identity(Role.DEVICE, "device")):
        store.add(party, LOCAL_HOSTS if party.role.serves else (), days=1)
    return store


def splitwave(*arguments: object) -> str:
    """Run a command with secret variables; returns all that it printed."""
    command, environment = [str(SPLITWAVE), *map(str, arguments)], {**ENVIRONMENT, **SECRETS, **PROXY}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=LIMIT_S)
    assert answer.returncode in (ExitCode.OK, ExitCode.NOT_READY), answer.stderr
    return answer.stdout + answer.stderr


def contents(folder: Path) -> str:
    return "\n".join(
        path.read_bytes().decode("utf-8", errors="replace") for path in sorted(folder.rglob("*")) if path.is_file()
    )


def key_lines(store: CertificateStore) -> list[str]:
    """The lines of all private keys, which are long enough to be found nowhere by chance."""
    texts = [path.read_text() for path in [*store.folder.rglob("identity.pem"), store.folder / "ca.key"]]
    keys = [text.partition("BEGIN PRIVATE KEY-----")[2].partition("-----END")[0] for text in texts]
    return [line for key in keys for line in key.split()]


def test_a_run_and_a_report_contain_no_secret_of_the_environment(tmp_path: Path) -> None:
    results = tmp_path / "results"
    printed = splitwave("train", "-c", "demo", *SHORT, "--results", results)
    printed += splitwave("doctor", "--results", results) + splitwave("doctor", "--json", "--results", results)
    (folder,) = results.glob("demo/*")
    assert json.loads((folder / "env.json").read_text())["command"][:2] == ["splitwave", "train"]
    assert "SPLITWAVE_API_TOKEN" in printed  # the variable is named, and its value is not
    assert "hunter2" not in printed + contents(results)


def test_services_with_certificates_write_no_key(store: CertificateStore, services: Services, tmp_path: Path) -> None:
    config, state = tmp_path / "run.yaml", tmp_path / "state"
    config.write_text("{links: 1, encoder: {dimension: 8}, training: {epochs: 2}, inference: {latency_samples: 20}}")

    def tls(party: str) -> str:
        return f"--tls-dir={store.folder / party}"

    options = (f"--state={state}", f"--summaries={tmp_path / 'summaries'}", "--log-format=json")
    basestation, address = services.serve(
        "basestation", "splitwave.basestation", f"--config={config}", tls("basestation"), *options, "--serve-every=inf"
    )
    channel, uplink = services.serve(
        "channel", "splitwave.channel", f"--connect={address}", tls("channel"), "--log-format=json"
    )
    device = services.start("device", "splitwave.device", f"--connect={uplink}", f"--state={state}", tls("device"))
    printed = splitwave("status", "--address", address, "--tls-dir", store.folder / "operator")
    assert address in printed
    while not list((tmp_path / "summaries").glob("*.json")):
        assert device.poll() is None, services.log("device")
        printed += splitwave("status", "--address", address, "--tls-dir", store.folder / "operator")
    for process in (basestation, channel):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(LIMIT_S) for process in (basestation, channel)] == [ExitCode.OK] * 2
    device.wait(LIMIT_S)
    assert "link leased" in services.log("device")
    written = printed + contents(state) + contents(tmp_path / "summaries")
    written += "".join(services.log(name) for name in ("basestation", "channel", "device"))
    lines = key_lines(store)
    assert len(lines) >= 2 * 5
    assert [line for line in lines if line in written] == []
    assert "PRIVATE KEY" not in written
