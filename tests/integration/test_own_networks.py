"""Networks of a user's file: a distributed run and a run in one process have bitwise equal weights."""

from pathlib import Path

import pytest

from tests.integration.test_equality import compare, config_of
from tests.unit.common.learning.own_networks import networks_of_a_user

MODULE = networks_of_a_user.__name__


@pytest.mark.parametrize(
    ("encoder", "decoder", "micro_batches", "links_a_stream", "more"),
    [
        ("small", "decoder", 2, 1, {}),
        ("small", "decoder", 1, 2, {"data": {"validation": 14}, "objective": {"bound": "prior"}}),
        ("recurrent", "decoder", 1, 1, {}),
        ("tied", "decoder", 2, 2, {}),
    ],
)
def test_distributed_training_equals_one_process_bit_for_bit(
    encoder: str, decoder: str, micro_batches: int, links_a_stream: int, more: dict[str, object], tmp_path: Path
) -> None:
    own = {
        "encoder": {"dimension": 6, "network": f"{MODULE}:{encoder}"},
        "decoder": {"network": f"{MODULE}:{decoder}"},
    }
    if "data" in more:  # 56 samples are 4 batches
        own["training"] = {"epochs": 5, "batch_size": 16, "micro_batches": micro_batches}
    config = config_of(2, 1, micro_batches, "soft", 15, **own, **more)
    compare(config, tmp_path, links_a_stream=links_a_stream)
