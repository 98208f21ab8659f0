"""Live links carry what the settings of their model say, and nothing else, where that model has adapted links."""

from pathlib import Path

import numpy as np
import pytest

from splitwave.basestation.serving.live_admission import LiveAdmission
from splitwave.basestation.serving.model_store import ModelStore
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, Payload, SilentPayload, SymbolBlock
from splitwave.common.protocol.link_contract import received_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello
from splitwave.common.protocol.phases import Phase
from splitwave.common.wire.uplink import uplink_from_proto, uplink_to_proto
from splitwave.device.inference.torch_encoder import TorchEncoder
from tests.integration.live_stations import export
from tests.integration.test_live_queries import changed

ADAPTED = changed(
    channel={"receiver": {"csi": "perfect"}},
    adaptation={"policy": "table", "rows": [{"sends": False}, {"from_db": 3.0, "bits": 1}]},
)
MERGED = LevelPayload(np.zeros((1, 6), dtype=np.uint8), 0, np.array([-0.5, 0.5], dtype=np.float32))


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapted") / "model"
    export(ADAPTED, folder)
    return folder


@pytest.mark.parametrize(("payload", "bits"), [(SilentPayload(), None), (MERGED, 1)], ids=["silent", "merged"])
def test_a_live_device_sends_as_the_settings_say(folder: Path, payload: Payload, bits: int | None) -> None:
    hello = Hello(PROTOCOL_VERSION, "device", "test", 0, ADAPTED.encoder.dimension, model_version="")
    session = LiveAdmission(ModelStore(folder), "station").connect(hello, "peer")
    block = SymbolBlock(0, 0, BlockKey(Phase.SERVE, 0, 0), np.array([0]), payload, bits=bits)
    of_run = received_contract(ADAPTED, 0)
    message = uplink_to_proto(block, of_run)
    uplink_from_proto(message, of_run)
    with pytest.raises(ProtocolError, match="says how it was sent: only serving blocks of adapted links do"):
        uplink_from_proto(message, session.contract)


def test_a_device_with_torch_opens_its_part_of_such_a_model(folder: Path) -> None:
    assert not TorchEncoder.open(folder / "device-0").contract.adapts
