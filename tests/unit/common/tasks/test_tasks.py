"""Properties that all tasks have."""

from pathlib import Path

import numpy as np
import pytest
import torch

from splitwave.basestation.learning.losses import loss_of
from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import DATA_SETS
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import Prediction
from splitwave.common.protocol.phases import Phase
from splitwave.common.tasks import task as tasks_room
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.task import SeveralNumbers, Task
from splitwave.common.tasks.vector_regression import VectorRegression
from splitwave.common.wire.downlink import downlink_from_proto, downlink_to_proto

TASKS: dict[str, Task] = {
    "classification": Classification(10),
    "regression": Regression(50.0, 28.0),
    "vector_regression": VectorRegression(("x", "y"), ("m", "m"), (1.0, 2.0), (3.0, 4.0)),
}
FRAMEWORK = {"__init__", "task", "wording"}


def test_every_task_is_in_this_list_and_has_tests_of_its_own() -> None:
    modules = {path.stem for path in Path(tasks_room.__file__).parent.glob("*.py")} - FRAMEWORK
    assert modules == TASKS.keys()
    assert all((Path(__file__).parent / f"test_{module}.py").is_file() for module in modules)
    assert {type(DATA_SETS.load(name).TASK) for name in DATA_SETS.built_in} <= {type(task) for task in TASKS.values()}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_every_task_satisfies_the_protocol(task: Task) -> None:
    assert isinstance(task, Task)
    outputs = np.random.Generator(np.random.Philox(key=1)).standard_normal((5, task.outputs)).astype(np.float32)

    answers = task.answers(outputs)

    assert answers.shape == ((5, task.answer_size) if isinstance(task, SeveralNumbers) else (5,))
    assert answers.dtype == task.answer_dtype
    task.check_answers(answers)


@pytest.mark.parametrize("name", ["mnist5k", "wifi-csi"])
def test_every_task_has_a_differentiable_loss_and_answers_that_can_be_encoded(name: str) -> None:
    config = RunConfig.model_validate({"links": 1, "data": {"name": name}})
    data_set = DATA_SETS.load(name)
    task, labels = data_set.TASK, data_set.load_labels("test", None)
    targets = labels[:: len(labels) // 5].copy()
    task.check_targets(targets)
    outputs = torch.zeros(5, task.outputs, requires_grad=True)

    losses = loss_of(task)(outputs, torch.from_numpy(targets))
    losses.sum().backward()  # type: ignore[no-untyped-call]
    answers = task.answers(outputs.detach().numpy())
    sent = Prediction(BlockKey(Phase.TEST, 0, 0), answers)
    received = downlink_from_proto(downlink_to_proto(sent), link_contract(config, 0))

    assert losses.shape == (5,)
    assert outputs.grad is not None
    assert outputs.grad.abs().sum() > 0
    assert isinstance(received, Prediction)
    np.testing.assert_array_equal(received.answers, answers)
    assert task.errors(answers, targets) > 0
    assert task.chance_level(lambda: targets, targets).error <= task.errors(answers, targets) / len(targets)
