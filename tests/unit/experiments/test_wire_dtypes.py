"""The program that compares float32 and bfloat16 on the wire."""

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.exit_codes import ExitCode
from splitwave.experiments.wire_dtypes import main, step_bytes

B, D, DRAWS = 64, 28, 2


def config_of(dtype: str, forward: str) -> RunConfig:
    return RunConfig.model_validate(
        {
            "encoder": {"dimension": D},
            "quantizer": {"breakpoints": 15, "forward": forward},
            "objective": {"draws": DRAWS},
            "training": {"batch_size": B},
            "runtime": {"wire_dtype": dtype},
        }
    )


@pytest.mark.parametrize(("forward", "halved"), [("soft", (1, DRAWS, DRAWS, 1)), ("straight-through", (0, 2, 2, 1))])
def test_bfloat16_takes_half_the_bytes_of_real_values_and_leaves_level_indices(
    forward: str, halved: tuple[int, ...]
) -> None:
    counted = {dtype: step_bytes(config_of(dtype, forward)) for dtype in ("float32", "bfloat16")}
    saved = [before - after for before, after in zip(counted["float32"], counted["bfloat16"], strict=True)]
    lengths_and_dtype = 4
    for found, blocks in zip(saved, halved, strict=True):
        assert found == pytest.approx(2 * blocks * B * D, abs=lengths_and_dtype)


def test_it_trains_with_each_dtype_and_prints_both_errors(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--set", "training.epochs=1", "--set", "training.batch_size=256"]
    assert main(["-c", "configs/demo.yaml", "--seeds", "1", *settings]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines if "bytes a training step" in line] == ["float32", "bfloat16"]
    errors = [float(line.split()[2]) for line in lines if line.startswith("  seed 0")]
    assert len(errors) == 2
    assert all(0 < error < 90 for error in errors)


def test_a_number_of_seeds_without_an_interval_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", "configs/demo.yaml", "--seeds", "11"]) == ExitCode.CONFIG
    assert "--seeds 11: expected 1 to 10" in capsys.readouterr().err
