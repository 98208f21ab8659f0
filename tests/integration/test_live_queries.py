"""Live queries over real servers: their answers are those of a serving pass, to the bit."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.live_messages import Outcome, QueryAnswer
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.tasks.task import Answers
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.inprocess_run import InprocessRun
from tests.integration.live_stations import export, live_devices, station
from tests.integration.testbed import tiny_data

QUERIES, PASSES = 6, 2
TWO_LINKS = RunConfig.model_validate(
    {
        "links": 2,
        "encoder": {"dimension": 6},
        "quantizer": {"breakpoints": 6},
        "channel": {"psnr_db": [6.0, 12.0]},
        "inference": {"latency_samples": QUERIES},
    }
)


def changed(**sections: object) -> RunConfig:
    return RunConfig.model_validate({**TWO_LINKS.model_dump(mode="json"), **sections})


class Reference:
    """The serving passes of one process with the weights of a model."""

    def __init__(self, config: RunConfig, networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
        data = tiny_data(config.links)
        self._run = networks.put_into(InprocessRun(config, data.views, data.labels.train, data.labels.test))
        self._outputs: list[Tensor] = []
        objective = self._run.trainer.objective
        answer = objective.answers

        def record(outputs: Tensor) -> Answers:
            self._outputs.append(outputs)
            return answer(outputs)

        monkeypatch.setattr(objective, "answers", record)

    def queries(self, serving_pass: int) -> list[tuple[list[Float32], Answers, Float32]]:
        """The samples of all links, the answer and the probabilities of each query of a pass."""
        self._outputs.clear()
        found = []
        for each in self._run.answered_blocks(Phase.SERVE, serving_pass, Symbols.HARD):
            ids = each.blocks[0].sample_ids
            samples = [worker.view(Phase.SERVE, ids)[0].numpy() for worker in self._run.workers]
            found.append((samples, each.answers, torch.softmax(self._outputs[-1][0], dim=0).numpy()))
        return found


CONFIGS = {
    "plain": TWO_LINKS,
    "real symbols": changed(quantizer={"breakpoints": 0}),
    "real symbols in bfloat16": changed(quantizer={"breakpoints": 0}, runtime={"wire_dtype": "bfloat16"}),
    "levels, received as bfloat16": changed(runtime={"wire_dtype": "bfloat16"}),
    "conditioned": changed(
        hypernetwork={"beta": [1e-4, 1.0], "psnr": True},
        channel={"training_psnr_db": [0.0, 20.0]},
        data={"validation": 10},
    ),
    "a link is down": changed(fusion={"down": [1]}),
    "channel state": changed(
        channel={
            "model": ["rayleigh", "awgn"],
            "receiver": {"csi": "estimated", "equaliser": "mmse", "inputs": True},
        },
    ),
}


@pytest.mark.parametrize("name", list(CONFIGS))
def test_answers_are_those_of_a_serving_pass(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIGS[name]
    networks = export(config, tmp_path / "model", weights_seed=3)
    reference = Reference(config, networks, monkeypatch)
    expected = {each: reference.queries(each) for each in range(PASSES)}

    async def scenario() -> list[list[QueryAnswer]]:
        async with (
            station(tmp_path / "model") as served,
            live_devices(served, config, tmp_path, (0, 1)) as devices,
        ):
            for link, device in enumerate(devices):
                names = [QueryName(stream, number) for stream in expected for number in range(QUERIES)]
                for query in names if link == 0 else reversed(names):
                    await device.submit(query, expected[query.stream][query.sequence][0][link])
            return [await device.listen_until(PASSES * QUERIES) for device in devices]

    for answers in asyncio.run(scenario()):
        assert len(answers) == PASSES * QUERIES
        for answer in answers:
            query = QueryName.of(answer.key)
            _, given, probabilities = expected[query.stream][query.sequence]
            assert answer.outcome is Outcome.ANSWERED
            assert answer.answers is not None
            np.testing.assert_array_equal(answer.answers, given)
            assert answer.probabilities is not None
            np.testing.assert_array_equal(answer.probabilities, probabilities)
            assert answer.links == ((0,) if config.fusion.down else (0, 1))
