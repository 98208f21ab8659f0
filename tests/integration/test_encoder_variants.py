"""A device whose encoder has 8 bits belongs to the model that was trained, whichever encoders the station has."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import splitwave as sw
from splitwave.basestation.serving.live_model import LiveModel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError, SplitwaveError
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.records.model_folder import read_model
from splitwave.device.application.opening import EncoderKind
from splitwave.testbed.control_client import ask_status, deploy, roll_back
from tests.integration.live_stations import export, station
from tests.integration.test_live_queries import TWO_LINKS

ONE_LINK = RunConfig.model_validate({**TWO_LINKS.model_dump(mode="json"), "links": 1, "channel": {"psnr_db": 60.0}})
X = np.random.default_rng(5).random((4, 784), dtype=np.float32)


@pytest.fixture(name="exports")
def _exports(tmp_path: Path) -> Path:
    """The folders `float` and `int8` of one model, and `other` of a model with other weights."""
    export(ONE_LINK, tmp_path / "float")
    export(ONE_LINK, tmp_path / "int8", int8=True)
    export(ONE_LINK, tmp_path / "other", weights_seed=1, int8=True)
    return tmp_path


def test_an_8_bit_encoder_does_not_change_the_version_of_its_model(exports: Path) -> None:
    plain, small, other = (read_model(exports / name) for name in ("float", "int8", "other"))
    assert plain.manifest.version == small.manifest.version != other.manifest.version
    assert plain.digest != small.digest  # what a station keeps and sends is another folder
    assert LiveModel.open(1, plain).content != LiveModel.open(1, small).content


@pytest.mark.parametrize(("own", "kind"), [("int8", "onnx-int8"), ("int8", "onnx"), ("float", "onnx"), (None, "torch")])
def test_a_station_with_the_float_export_answers_devices_with_every_encoder(
    own: str | None, kind: EncoderKind, exports: Path
) -> None:
    async def run() -> tuple[list[sw.Answer], str]:
        part = None if own is None else exports / own / "device-0"
        async with (
            station(exports / "float") as served,
            sw.AsyncDevice(served.uplink, model=part, encoder=kind) as device,
        ):
            return [await device.infer(x) for x in X], (await ask_status(served.address)).model_version

    with capture_logs() as logs:
        answers, version = asyncio.run(run())
    assert {answer.outcome for answer in answers} == {Outcome.ANSWERED}
    assert version == read_model(exports / "float").manifest.version
    (leased,) = (entry for entry in logs if entry["event"] == "link leased" and "software" in entry)
    assert leased["software"] == f"{sw.__version__}, encoder {kind}"


def test_a_deployment_of_other_encoders_of_the_same_model_reaches_the_devices(exports: Path) -> None:
    async def run() -> tuple[list[int], list[str]]:
        async with station(exports / "float") as served, sw.AsyncDevice(served.uplink, encoder="onnx"):
            replies = [await deploy(served.address, exports / "int8"), await deploy(served.address, exports / "int8")]
            replies.append(await roll_back(served.address))
            return [reply.number for reply in replies], [reply.version for reply in replies]

    numbers, versions = asyncio.run(run())
    assert numbers == [2, 2, 1]
    assert set(versions) == {read_model(exports / "float").manifest.version}


def test_a_device_that_asks_for_8_bits_is_refused_by_a_station_without_such_an_encoder(exports: Path) -> None:
    async def run() -> None:
        async with station(exports / "float") as served, sw.AsyncDevice(served.uplink, encoder="onnx-int8"):
            raise AssertionError("it has no such encoder")

    with pytest.raises(SplitwaveError, match=r"no encoder\.int8\.onnx: export the run with --int8") as refused:
        asyncio.run(run())
    assert isinstance(refused.value, CheckpointError)
