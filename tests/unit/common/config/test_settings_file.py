"""Config files as users write them: what is accepted, and the one line with which the rest is refused."""

from pathlib import Path

import pytest

from splitwave.common.config.layers import load_config, to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.settings_file import LARGEST_FILE_BYTES
from splitwave.common.errors import ConfigError


def load(tmp_path: Path, content: bytes, warnings: list[str] | None = None) -> RunConfig:
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    return load_config(path, environment={}, warn=([] if warnings is None else warnings).append)


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (b"seed: 010", {"seed": 10}),
        (b"training: {learning_rate: 1e-3}", {"training": {"learning_rate": 1e-3}}),
        (b"\xef\xbb\xbfseed: 3", {"seed": 3}),
        ("seed: 3  # é".encode("utf-16"), {"seed": 3}),
        (b"seed: 3\r\nlinks: 4\r\n", {"seed": 3, "links": 4}),
        (
            b"objective: &o {draws: 2, beta: 0.5}\nhypernetwork:\n  <<: *o\n  beta: [0.1, 1.0]\n",
            {"objective": {"draws": 2, "beta": 0.5}, "hypernetwork": {"draws": 2, "beta": [0.1, 1.0]}},
        ),
    ],
)
def test_a_file_of_yaml_1_2_is_accepted(content: bytes, settings: dict[str, object], tmp_path: Path) -> None:
    warnings: list[str] = []

    assert load(tmp_path, content, warnings) == RunConfig.model_validate(settings)
    assert warnings == []


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"# seed: 3\n", b"---\n"])
def test_an_empty_file_means_the_defaults_and_warns(content: bytes, tmp_path: Path) -> None:
    warnings: list[str] = []

    assert load(tmp_path, content, warnings) == RunConfig()
    assert warnings == [f"{tmp_path / 'run.yaml'} has no settings in it: the defaults apply"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"training:\n  epochs: 2024-13-45", "training.epochs = '2024-13-45' (from FILE, line 2, column 3): Input"),
        (b"seed: 1_000", "seed = '1_000' (from FILE, line 1, column 1): Input should be a valid integer; YAML 1.2 rea"),
        (b"links: yes", "links = 'yes' (from FILE, line 1, column 1): Input should be a valid integer"),
        (b"seed:", "seed = None (from FILE, line 1, column 1): Input should be a valid integer"),
        (b"seed: '3'", "seed = '3' (from FILE, line 1, column 1): Input should be a valid integer; it is quoted"),
        (b"runtime:\n  bf16: yes", "runtime.bf16 = 'yes' (from FILE, line 2, column 3): Input should be a valid boole"),
        (
            b"links: 4\n\ntraining:\n  epoch: 3",
            "training.epoch: no such setting (from FILE, line 4, column 3); did you",
        ),
        (
            b"links: 2\nchannel: {psnr_db: [1]}",
            "channel.psnr_db = [1.0] has 1 values for 2 links: give one, or one a link (channel.psnr_db is from "
            "FILE, line 2, column 11)",
        ),
        (b"data: {name: " + b"x" * 9999 + b"}", "data.name = 'xxxxxxxxxxxx"),
        (
            b"links: 2\nlinks: 4",
            "FILE, line 2, column 1: cannot be read as a config file: 'links' is set twice, first in line 1",
        ),
        (
            "# é\nseed: 1 # é".encode("latin-1"),
            "FILE, line 1, column 3: cannot be read as a config file: the byte 0xe9 is not text in UTF-8: save the",
        ),
        (
            "seed: 3".encode("utf-16") + b"\0",
            "FILE, line 1, column 8: cannot be read as a config file: the byte 0x00 is not text in UTF-16",
        ),
        (
            b"training:\n\tepochs: 3",
            "FILE, line 2, column 1: cannot be read as a config file: a tab, where YAML allows spaces alone",
        ),
        (b"# mine\n- seed\n", "FILE, line 2, column 1: expected a mapping of settings, got a list"),
        (b"seed 3", "FILE, line 1, column 1: expected a mapping of settings, got the value 'seed 3'"),
        (
            b"training.epochs: 3",
            "FILE, line 1, column 1: cannot be read as a config file: 'training.epochs' is not the name of a se",
        ),
    ],
)
def test_a_mistake_has_one_line_with_file_line_and_column(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, content)

    said = str(error.value).replace(str(tmp_path / "run.yaml"), "FILE")
    assert said.startswith(message)
    assert len(said.splitlines()) == 1


def test_a_later_layer_takes_the_blame_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("training:\n  epochs: 3\n  batch_size: 0\n")

    with pytest.raises(ConfigError) as error:
        load_config(path, environment={}, overrides=["training.epochs=0"])

    assert "training.epochs = 0 (from --set training.epochs=0)" in str(error.value)
    assert f"training.batch_size = 0 (from {path}, line 3, column 3)" in str(error.value)


def test_a_huge_file_is_refused_after_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    with path.open("wb") as file:
        file.write(b"a: &a [x, x]\n")
        file.write(b"b: [*a, *a, *a, *a, *a]\n" * 2_000)
        file.truncate(50 << 20)

    with pytest.raises(ConfigError) as error:
        load_config(path, environment={})

    lines = 1 + 48_000 // 24 + 1
    place = f"line {lines}, column {LARGEST_FILE_BYTES - 13 - 48_000 + 1}"
    assert str(error.value) == f"{path}, {place}: cannot be read as a config file: it is longer than 64 KiB"


def test_the_settings_of_64_links_are_far_below_the_limit_of_a_file() -> None:
    values = f"[{', '.join(['0.12345678901234567'] * 64)}]"
    overrides = ["links=64", "data.name=cifar10", "data.overlap=0.9", f"objective.beta={values}"]
    config = load_config(environment={}, overrides=[*overrides, f"channel.psnr_db={values}"])

    assert len(to_yaml(config)) < LARGEST_FILE_BYTES // 8


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_a_path_that_cannot_be_read_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read as a config file: (Is a directory|File name too long)$"):
        load_config(tmp_path / name, environment={})


@pytest.mark.parametrize(
    ("override", "settings"),
    [
        ("seed=012", {"seed": 12}),
        ("seed=0x1F", {"seed": 31}),
        ("runtime.bf16=True", {"runtime": {"bf16": True}}),
        ("training.learning_rate=1e-3", {"training": {"learning_rate": 1e-3}}),
        ("quantizer.gamma_final=~", {}),
        ("training={epochs: 3}", {"training": {"epochs": 3}}),
        ('training={"epochs":3}', {"training": {"epochs": 3}}),
    ],
)
def test_the_command_line_reads_values_as_files_do(override: str, settings: dict[str, object]) -> None:
    assert load_config(environment={}, overrides=[override]) == RunConfig.model_validate(settings)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("channel.psnr_db=nan", "channel.psnr_db = 'nan' (from --set channel.psnr_db=nan): Input should be a finite"),
        ("seed=1_000", "seed = '1_000' (from --set seed=1_000): Input should be a valid integer; YAML 1.2 reads it as"),
        ("seed='3'", "seed = '3' (from --set seed='3'): Input should be a valid integer; it is quoted, so it is text:"),
        ("seed=2024-13-45", "seed = '2024-13-45' (from --set seed=2024-13-45): Input should be a valid integer"),
        ("seed=[1", "--set seed=[1: while parsing a flow sequence, expected ',' or ']', but got the end"),
        ("data.name=*x", "--set data.name=*x: found undefined alias 'x'"),
        ("seed=", "--set seed=: expected dotted.path=value"),
        ("seed=1\n2", r"seed = '1 2' (from --set 'seed=1\n2'): Input should be a valid integer"),
    ],
)
def test_a_bad_value_on_the_command_line_has_one_line_with_fitting_advice(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(environment={}, overrides=[override])

    assert str(error.value).startswith(message)
    assert len(str(error.value).splitlines()) == 1
    assert ("quotes" in str(error.value)) == ("'" in override)
