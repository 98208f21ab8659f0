"""The settings of sources: what they may say, and that runs on named data sets do not change by them."""

import pytest
import yaml

from splitwave.common.config.data_settings import DataSettings
from splitwave.common.config.layers import load_config, to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.source_settings import SourceSettings, facts_as_settings
from splitwave.common.data.sources.known import KNOWN
from splitwave.common.data.sources.options import Facts
from splitwave.common.errors import ConfigError

HASH_BEFORE_SOURCES = "782bb669c743159e52a37dcf5e75fcf7cebbe39fa6da547c3d00063d6173dd58"


def test_named_data_sets_have_the_hash_and_the_record_that_they_had_before_sources() -> None:
    assert RunConfig().config_hash == HASH_BEFORE_SOURCES
    assert (
        yaml.safe_load(to_yaml(RunConfig()))["data"].keys()
        == DataSettings.model_fields.keys() - SourceSettings.model_fields
    )


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (["data.path=x"], r"path = x does nothing with name = mnist5k: it is for idx, npz, images, cifar, python"),
        (["data.name=idxx"], r"data\.name = 'idxx' .*sources of data of your own: idx, npz, images, cifar, python"),
        (["data.name=idx", "data.shape=[1,2,3]"], "shape is found in the data, together with sha256"),
        (["data.name=npz", "data.units=[m]"], r"units = \['m'\]: expected one for each of names = None"),
        (["data.name=npz", "data.classes=65536"], "less than or equal to 65535"),
        (["data.name=npz", "data.sha256=[a,b]"], "data.sha256"),
    ],
)
def test_settings_without_a_meaning_are_refused(overrides: list[str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load_config(overrides=overrides, environment={})


def test_shape_and_task_are_unknown_before_the_data_were_read() -> None:
    config = load_config(overrides=["data.name=idx"], environment={})
    with pytest.raises(ConfigError, match=r"data\.name = idx: shape and classes are not known"):
        _ = config.task


def test_a_known_digest_names_a_published_data_set() -> None:
    (digests,) = (digests for digests, name in KNOWN.items() if name == "Fashion-MNIST")
    settings = {"name": "idx", "path": "mine", "shape": [1, 28, 28], "classes": 10}
    assert DataSettings.model_validate({**settings, "sha256": list(digests)}).title == "idx mine (Fashion-MNIST)"
    assert DataSettings.model_validate({**settings, "sha256": ["0" * 64] * 2}).title == "idx mine"
    assert DataSettings().title == "mnist5k"


def test_the_shapes_of_several_arrays_are_recorded() -> None:
    facts = Facts(((1, 2, 3), (3, 4, 5)), 7, (), (), (), (), ("0" * 64, "1" * 64))
    data = DataSettings.model_validate({"name": "npz", "path": "a.npz", **facts_as_settings(facts)})
    assert data.facts == facts
    assert data.model_dump()["shapes"] == [[1, 2, 3], [3, 4, 5]]
