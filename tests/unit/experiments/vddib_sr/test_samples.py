import pytest
import torch

from splitwave.common.data.catalog import load_images
from splitwave.experiments.vddib_sr.samples import load_samples, load_training
from splitwave.experiments.vddib_sr.settings import Settings


@pytest.mark.parametrize(("overlap", "rows"), [(0.0, [(0, 14), (14, 28)]), (0.5, [(0, 19), (9, 28)])])
def test_views_are_the_rows_that_a_device_of_the_testbed_sees(overlap: float, rows: list[tuple[int, int]]) -> None:
    samples = load_samples(Settings(data="mnist5k", overlap=overlap), "test", None)
    images = torch.from_numpy(load_images("mnist5k", "test", None))
    for view, (first, end) in zip(samples.views, rows, strict=True):
        assert torch.equal(view, images[:, first:end].flatten(start_dim=1) / 255)


def test_training_and_held_out_samples_together_are_the_whole_split() -> None:
    settings = Settings(data="mnist5k", links=1, validation=500)
    train, validation = load_training(settings, None)
    assert (len(train), len(validation)) == (3500, 500)
    whole = load_samples(settings, "train", None)
    together = torch.cat([train.views[0], validation.views[0]]).double().sum(dim=0)
    torch.testing.assert_close(together, whole.views[0].double().sum(dim=0))
