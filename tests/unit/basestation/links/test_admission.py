"""The admission of devices to a run."""

import pytest

from splitwave.basestation.links.admission import Admission
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Ready, Welcome
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.training_manifest import TrainingManifest
from tests.unit.basestation.base_station_parts import CONFIG


def new_admission() -> Admission:
    return Admission(CONFIG, "run", (8, 10), "digest")


def test_welcomes_a_device_with_the_runs_settings() -> None:
    session = new_admission().connect(Hello(PROTOCOL_VERSION, "dev", "0.1", None, 4096), "peer")
    assert session.outbox.popleft() == Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), None)


def test_is_complete_when_every_link_is_ready_and_not_before() -> None:
    admission = new_admission()
    sessions = [admission.connect(Hello(PROTOCOL_VERSION, name, "0.1", None, 4096), "peer") for name in "ab"]
    admission.admit(sessions[0], Ready(8, 10, "digest"))
    assert not admission.complete
    admission.admit(sessions[1], Ready(8, 10, "digest"))
    assert admission.complete


def test_refuses_another_protocol_version() -> None:
    with pytest.raises(ProtocolError, match=f"speaks protocol version 1, this base station version {PROTOCOL_VERSION}"):
        new_admission().connect(Hello(1, "dev", "0.1", None, 4096), "peer")


def test_refuses_a_device_that_encodes_too_few_features() -> None:
    with pytest.raises(ProtocolError, match="encodes at most 2 features, this run needs 3"):
        new_admission().connect(Hello(PROTOCOL_VERSION, "dev", "0.1", None, 2), "peer")


@pytest.mark.parametrize("ready", [Ready(7, 10, "digest"), Ready(8, 10, "other")])
def test_refuses_other_data(ready: Ready) -> None:
    admission = new_admission()
    session = admission.connect(Hello(PROTOCOL_VERSION, "dev", "0.1", None, 4096), "peer")
    with pytest.raises(ProtocolError, match="link 0 holds other data"):
        admission.admit(session, ready)


def test_the_link_of_a_dismissed_device_is_free_again() -> None:
    admission = new_admission()
    admission.dismiss(admission.connect(Hello(PROTOCOL_VERSION, "a", "0.1", 1, 4096), "peer"))
    assert admission.connect(Hello(PROTOCOL_VERSION, "b", "0.1", 1, 4096), "peer").link == 1


def test_starting_over_sends_every_device_a_welcome_with_its_checkpoint_part() -> None:
    admission = new_admission()
    session = admission.connect(Hello(PROTOCOL_VERSION, "a", "0.1", 1, 4096), "peer")
    admission.admit(session, Ready(8, 10, "digest"))
    admission.start_over(Manifest(20, CONFIG.canonical_json(), ("sha-0", "sha-1"), "sha"))
    assert not session.ready
    welcomes = [session.outbox.popleft() for _ in range(2)]
    assert welcomes[1] == Welcome(PROTOCOL_VERSION, "run", 1, CONFIG.canonical_json(), "sha-1")
    later = admission.connect(Hello(PROTOCOL_VERSION, "b", "0.1", None, 4096), "peer")
    assert later.outbox.popleft() == Welcome(PROTOCOL_VERSION, "run", 0, CONFIG.canonical_json(), "sha-0")


def test_starting_over_in_the_middle_of_a_training_names_the_step() -> None:
    admission = new_admission()
    session = admission.connect(Hello(PROTOCOL_VERSION, "a", "0.1", 1, 4096), "peer")
    admission.start_over(TrainingManifest(7, CONFIG.canonical_json(), "digest", ("sha-0", "sha-1"), "sha"))
    welcomes = [session.outbox.popleft() for _ in range(2)]
    assert welcomes[1] == Welcome(PROTOCOL_VERSION, "run", 1, CONFIG.canonical_json(), "sha-1", 7)


def test_a_device_of_the_checkpoint_gets_its_link_again() -> None:
    kept = TrainingManifest(7, CONFIG.canonical_json(), "digest", ("sha-0", "sha-1"), "sha", ("a", "b"))
    admission = Admission(CONFIG, "run", (8, 10), "digest", restore=kept)
    assert admission.connect(Hello(PROTOCOL_VERSION, "b", "0.1", None, 4096), "peer").link == 1
