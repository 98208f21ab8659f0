from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.config.layers import load_config, to_yaml
from splitwave.common.config.registry import BACKBONES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.setting_names import settings, variable_of
from splitwave.common.errors import ConfigError, ProtocolError

EXAMPLES = sorted((Path(__file__).parents[4] / "configs").glob("*.yaml"))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    return path


def test_layers_override_each_other_in_order(tmp_path: Path) -> None:
    path = write(tmp_path, "seed: 1\nlinks: 4\ntraining: {epochs: 2, batch_size: 8}\n")
    environment = {"SPLITWAVE_TRAINING__EPOCHS": "3", "SPLITWAVE_SEED": "2", "SPLITWAVE_DATA_DIR": "/x", "PATH": "/y"}
    config = load_config(path, environment=environment, overrides=["training.epochs=5", "channel.psnr_db=1e1"])
    assert (config.seed, config.links) == (2, 4)
    assert (config.training.epochs, config.training.batch_size) == (5, 8)
    assert config.channel.psnr_db == 10.0


@pytest.mark.parametrize(
    ("yaml", "named"),
    [
        ("trainning: {epochs: 3}", ["trainning", "no such setting", "run.yaml"]),
        ("training: {epoch: 3}", ["training.epoch:", "no such setting", "run.yaml"]),
        ("training: {learning_rate: 1_0.0}", ["training.learning_rate = '1_0.0'", "run.yaml", "the underscores"]),
        ("objective: {beta: 1_0.0}", ["objective.beta = '1_0.0'", "the underscores"]),
        ("training: {epochs: '3'}", ["training.epochs = '3'", "valid integer"]),
        ("links: 0", ["links = 0", "greater than or equal to 1", "run.yaml"]),
        ("quantizer: {breakpoints: -1}", ["quantizer.breakpoints = -1", "greater than or equal to 0"]),
        ("channel: {psnr_db: .inf}", ["channel.psnr_db = inf", "finite"]),
        ("channel: {psnr_db: .nan}", ["channel.psnr_db = nan", "finite"]),
        ("channel: {psnr_db: [.inf, 3.0]}", ["channel.psnr_db = inf", "finite"]),
        ("channel: {psnr_db: inf}", ["channel.psnr_db = 'inf'", "finite"]),
        ("channel: {psnr_db: [1000.0, 3.0]}", ["channel.psnr_db = 1000.0", "less than or equal to 150"]),
        ("training:\n  epoch: 3", ["training.epoch:", "did you mean training.epochs?", "run.yaml"]),
        ("trainig: {epochs: 3}", ["trainig.epochs:", "did you mean training.epochs?"]),
        ("trainig: {epochs: 3, batch_size: 2}", ["trainig:", "did you mean training?"]),
        ("epochs: 3", ["epochs:", "did you mean training.epochs?"]),
        ("beta: 3.0", ["beta:", "did you mean hypernetwork.beta or objective.beta?"]),
        ("encoder: {dim: 3}", ["encoder.dim:", "did you mean encoder.dimension?"]),
        ("foo: 3", ["foo:", "see `splitwave config schema`"]),
        ("encoder: {backbone: liner}", ["encoder.backbone = 'liner'", "did you mean 'linear'?"]),
        ("data: {name: MNIST5K}", ["data.name = 'MNIST5K'", "did you mean 'mnist5k'"]),
        ("channel: {psnr_db: [10.0]}", ["channel.psnr_db = [10.0]", "1 values for 2 links", "run.yaml"]),
        ("objective: {beta: [1.0, 2.0, 3.0]}", ["objective.beta", "3 values for 2 links"]),
        ("objective: {beta: -1.0}", ["objective.beta = -1.0", "greater than or equal to 0"]),
        ("training: {batch_size: 2, micro_batches: 3}", ["micro_batches = 3", "batch_size = 2"]),
        ("data: {name: cifar100}", ["data.name = 'cifar100'", "mnist5k"]),
        ("channel: {psnr_db: 1000.0}", ["channel.psnr_db = 1000.0", "150"]),
        (
            "channel: {training_psnr_db: [20.0, 10.0]}",
            ["channel.training_psnr_db = [20.0, 10.0]", "low ≤ high", "run.yaml"],
        ),
        ("channel: {training_psnr_db: [0.0, 151.0]}", ["channel.training_psnr_db", "151.0", "150"]),
        ("channel: {training_psnr_db: [0.0]}", ["channel.training_psnr_db = [0.0]", "at least 2"]),
        ("channel: {training_psnr_db: 10.0}", ["channel.training_psnr_db = 10.0", "list"]),
        ("objective: {bound: exact}", ["objective.bound = 'exact'", "quadrature"]),
        (
            "inference: {block_size: 65536}\nencoder: {dimension: 4096}",
            ["inference.block_size = 65536", "fit a message"],
        ),
        ("inference: {latency_samples: 400000}", ["inference.latency_samples = 400000", "fit a message"]),
        ("encoder: {width: 0.5}", ["width = 0.5 needs the backbone conv", "linear", "run.yaml"]),
        ("encoder: {backbone: conv, width: 0.0}", ["encoder.width = 0.0", "greater than 0"]),
        ("links: 65\ndata: {name: cifar10}", ["links = 65", "less than or equal to 64"]),
        ("runtime: {torch_device: tpu}", ["runtime.torch_device = 'tpu'", "cuda"]),
        ("seed: -1", ["seed = -1"]),
        ("training: 3", ["training = 3", "run.yaml", "expected a section"]),
        ("links: 2\nlinks: 4", ["'links' is set twice", "run.yaml"]),
        ("links: '2'", ["links = '2'", "remove the quotes"]),
        ("7: 2", ["7 is not the name of a setting"]),
        ("[1, 2]", ["expected a mapping", "list"]),
        ("a: [", ["run.yaml, line 1, column 5", "while parsing a flow", "found the end"]),
        (
            "objective: {draws: 64}\nencoder: {dimension: 4096}\ntraining: {batch_size: 1024}",
            ["objective.draws", "training.batch_size", "MiB"],
        ),
    ],
)
def test_a_bad_setting_is_refused_by_name_with_its_value_and_origin(
    yaml: str, named: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, yaml), environment={})
    for part in named:
        assert part in str(error.value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_shipped_configurations_are_valid(path: Path) -> None:
    assert load_config(path, environment={}).seed == 0


def message_of(
    path: Path | None = None, environment: Mapping[str, str] | None = None, overrides: Sequence[str] = ()
) -> str:
    with pytest.raises(ConfigError) as error:
        load_config(path, environment=environment or {}, overrides=overrides)
    return str(error.value)


def numbers() -> list[str]:
    """The settings that are numbers: those whose default is a number, and an optional one."""
    defaults = {dotted: attrgetter(dotted)(RunConfig()) for dotted in settings()}
    return ["quantizer.gamma_final", *(dotted for dotted, value in defaults.items() if type(value) in {int, float})]


@pytest.mark.parametrize("text", [".inf", "-.inf", ".nan", "[.inf]"])
@pytest.mark.parametrize("dotted", numbers())
def test_an_infinite_number_is_refused_with_the_same_message_from_every_source(
    dotted: str, text: str, tmp_path: Path
) -> None:
    *section, leaf = dotted.split(".")
    opened = "".join(f"{name}: {{" for name in section)
    path = write(tmp_path, f"{opened}{leaf}: {text}{'}' * len(section)}")
    variable = variable_of(dotted)

    column = len(opened) + 1
    in_file = message_of(path).replace(f"{path}, line 1, column {column}", "ORIGIN")

    expected = "a finite number" if text[0] != "[" or dotted in {"objective.beta", "channel.psnr_db"} else "a valid"
    assert f": Input should be {expected}" in in_file
    assert message_of(overrides=[f"{dotted}={text}"]).replace(f"--set {dotted}={text}", "ORIGIN") == in_file
    assert message_of(environment={variable: text}).replace(f"environment variable {variable}", "ORIGIN") == in_file


def test_the_command_line_accepts_the_number_formats_of_files() -> None:
    overrides = ["training.learning_rate=.5", "channel.psnr_db=[.5, 1.]", "seed=+3"]
    config = load_config(environment={}, overrides=overrides)
    assert (config.training.learning_rate, config.channel.psnr_db, config.seed) == (0.5, [0.5, 1.0], 3)


@pytest.mark.parametrize(
    ("override", "ending"),
    [
        ("training.epoch=3", "did you mean training.epochs?"),
        ("trainig.epochs=3", "did you mean training.epochs?"),
        ("training_epochs=3", "did you mean training.epochs?"),
        ("encoder.backbone=liner", "did you mean 'linear'?"),
        ("encoder.backbone=nan", f"there are: {', '.join(BACKBONES.names)}"),
    ],
)
def test_similar_settings_are_suggested_in_one_line(override: str, ending: str) -> None:
    said = message_of(overrides=[override])
    assert said.endswith(ending)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SPLITWAVE_TRAINING__EPOCH", "SPLITWAVE_TRAINING__EPOCHS"),
        ("SPLITWAVE_TRAINING_EPOCHS", "SPLITWAVE_TRAINING__EPOCHS"),
        ("SPLITWAVE_DATADIR", "SPLITWAVE_DATA_DIR"),
    ],
)
def test_similar_variables_are_suggested(variable: str, meant: str) -> None:
    assert message_of(environment={variable: "3"}).endswith(
        f"(from environment variable {variable}); did you mean {meant}?"
    )


def test_an_empty_variable_sets_nothing() -> None:
    assert load_config(environment={"SPLITWAVE_LINKS": "", "SPLITWAVE_SEED": "3"}) == RunConfig(seed=3)


def test_a_bad_value_from_the_environment_names_the_variable() -> None:
    with pytest.raises(ConfigError, match=r"training.epochs = 'many' \(from environment variable SPLITWAVE_TRAINING"):
        load_config(environment={"SPLITWAVE_TRAINING__EPOCHS": "many"})
    with pytest.raises(ConfigError, match=r"training\.epoch: no such setting"):
        load_config(environment={"SPLITWAVE_TRAINING__EPOCH": "3"})
    with pytest.raises(ConfigError, match=r"training_epochs: no such setting \(from environment variable SPLITWAVE_TR"):
        load_config(environment={"SPLITWAVE_TRAINING_EPOCHS": "3"})


def test_an_invalid_section_is_refused_although_a_later_layer_sets_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training = 3 \(from .*run.yaml, line 1, column 1\): expected a section"):
        load_config(write(tmp_path, "training: 3"), environment={}, overrides=["training.epochs=1"])


def test_an_empty_section_changes_nothing(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "training:\n  # epochs: 3\n"), environment={}) == RunConfig()


def test_a_setting_that_may_be_a_list_has_one_error_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, "objective: {beta: 1_0.0}"), environment={})
    assert len(str(error.value).splitlines()) == 1


def test_a_bad_override_is_quoted() -> None:
    with pytest.raises(ConfigError, match=r"--set training\.epochs: expected dotted\.path=value"):
        load_config(environment={}, overrides=["training.epochs"])


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, "training: {epochs: 0, batch_size: 0}"), environment={})
    assert len(str(error.value).splitlines()) == 2


@given(st.integers(0, 2**64 - 1), st.sampled_from([1, 2, 4, 7]), st.floats(-30, 60), st.integers(0, 255))
def test_a_resolved_config_reads_back_equal(seed: int, links: int, psnr_db: float, breakpoints: int) -> None:
    config = RunConfig.model_validate(
        {"seed": seed, "links": links, "channel": {"psnr_db": psnr_db}, "quantizer": {"breakpoints": breakpoints}}
    )
    assert RunConfig.model_validate_json(config.canonical_json()) == config
    assert RunConfig.model_validate_json(config.canonical_json()).config_hash == config.config_hash


def test_the_yaml_form_reads_back_equal(tmp_path: Path) -> None:
    config = load_config(environment={}, overrides=["objective.beta=[1e-5, 1e-2]", "training.learning_rate=1e-7"])
    assert load_config(write(tmp_path, to_yaml(config)), environment={}) == config


def test_settings_of_another_version_are_refused_at_the_handshake() -> None:
    assert RunConfig.from_handshake(RunConfig(seed=3).canonical_json()) == RunConfig(seed=3)
    with pytest.raises(ProtocolError, match="settings are not understood here"):
        RunConfig.from_handshake('{"warp_factor": 9}')


@pytest.mark.parametrize(("breakpoints", "bits"), [(1, 1), (2, 2), (3, 2), (6, 3), (7, 3), (8, 4), (15, 4), (255, 8)])
def test_bits_per_symbol_are_ceil_log2_of_the_levels(breakpoints: int, bits: int) -> None:
    config = RunConfig.model_validate({"quantizer": {"breakpoints": breakpoints}})
    assert config.bits_per_symbol == bits
    assert config.payload_bits_per_sample == 28 * bits


def test_the_default_link_is_112_bits_and_2_9_ms_of_airtime() -> None:
    config = RunConfig()
    assert config.payload_bits_per_sample == 112
    assert config.airtime_s == pytest.approx(28 / 9600)
    assert config.noise_variance(0) == pytest.approx(0.1)
