"""The views of Splitwave: what each device sees, and what does not fit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.dataset import Images
from splitwave.common.data.view import VIEWS, Place, View
from splitwave.common.data.view_features import view_of
from splitwave.common.data.view_kinds.parts import squarest
from splitwave.common.data.views import row_view
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.limits import MAX_LINKS

IMAGES = np.random.default_rng(4).integers(0, 256, (50, 3, 28, 20), dtype=np.uint8)
SHAPE = (3, 28, 20)


def features(name: str, place: Place, arrays: Sequence[Images] = (IMAGES,), **more: Any) -> np.ndarray[Any, Any]:
    view = VIEWS.load(name)
    shape = view.shape([array.shape[1:] for array in arrays], place)
    return view_of(view, arrays, place, more.pop("split", "train"), shape=shape, **more)


@pytest.mark.parametrize("name", VIEWS.built_in)
def test_every_name_has_an_implementation(name: str) -> None:
    assert isinstance(VIEWS.load(name), View)


@given(st.integers(1, MAX_LINKS), st.floats(0, 0.9), st.data())
def test_rows_are_bit_for_bit_those_of_the_published_results(links: int, overlap: float, data: st.DataObject) -> None:
    link = data.draw(st.integers(0, links - 1))
    found = features("rows", Place(link, links, overlap=overlap))
    assert np.array_equal(found, row_view(IMAGES, links, link, overlap))


def test_columns_are_the_rows_of_the_transposed_image() -> None:
    for link in range(3):
        found = features("columns", Place(link, 3, overlap=0.3)).reshape(50, 3, 28, -1)
        rows = row_view(IMAGES.transpose(0, 1, 3, 2), 3, link, 0.3).reshape(50, 3, -1, 28)
        assert np.array_equal(found, rows.transpose(0, 1, 3, 2))


def test_a_grid_of_four_has_the_quarters() -> None:
    quarters = [features("grid", Place(link, 4)).reshape(50, 3, 14, 10) for link in range(4)]
    whole = np.block([[quarters[0], quarters[1]], [quarters[2], quarters[3]]])
    assert np.array_equal(np.rint(whole * 255), IMAGES)


@pytest.mark.parametrize(("links", "layout"), [(1, (1, 1)), (4, (2, 2)), (6, (3, 2)), (7, (7, 1)), (12, (4, 3))])
def test_a_grid_is_as_square_as_the_number_of_links_allows(links: int, layout: tuple[int, int]) -> None:
    assert squarest(links) == layout


def test_the_same_view_has_all_pixels_at_every_device() -> None:
    first, second = (features("same", Place(link, 2)) for link in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(np.rint(first * 255).reshape(IMAGES.shape), IMAGES)


def test_each_devices_noise_is_its_own_and_a_function_of_its_key() -> None:
    def noise(link: int, seed: int = 1, split: str = "train") -> np.ndarray[Any, Any]:
        place = Place(link, 2, seed)
        noisy: np.ndarray[Any, Any] = features("same", place, noise=0.5, split=split)
        difference: np.ndarray[Any, Any] = noisy - features("same", place)
        return difference

    reference = noise(0)
    assert np.array_equal(noise(0), reference)
    count = reference.size
    assert abs(reference.mean()) < 5 * 0.5 / count**0.5
    assert abs(reference.std() - 0.5) < 5 * 0.5 / (2 * count) ** 0.5
    for other in (noise(1), noise(0, seed=2), noise(0, split="test")):
        assert abs(np.corrcoef(reference.ravel(), other.ravel())[0, 1]) < 5 / count**0.5


def test_the_noise_of_a_sample_does_not_depend_on_how_many_follow() -> None:
    many = np.zeros((3000, 1, 2, 2), dtype=np.uint8)
    place = Place(0, 1, 3)
    assert np.array_equal(
        features("same", place, [many[:7]], noise=1.0), features("same", place, [many], noise=1.0)[:7]
    )


def test_a_crop_is_a_window_of_its_sample_at_a_keyed_place() -> None:
    rows, columns = np.meshgrid(np.arange(28), np.arange(20), indexing="ij")
    places = np.stack([rows, columns]).astype(np.float32)
    samples = np.broadcast_to(places, (400, 2, 28, 20)).copy()

    def corners(link: int, seed: int = 1, split: str = "train") -> np.ndarray[Any, Any]:
        found = features("crop", Place(link, 2, seed, crop=0.25), [samples], split=split).reshape(400, 2, 7, 5)
        corner: np.ndarray[Any, Any] = found[:, :, 0, 0]
        assert np.array_equal(found - corner[:, :, None, None], np.broadcast_to(places[:, :7, :5], found.shape))
        return corner

    reference = corners(0)
    assert np.array_equal(corners(0), reference)
    assert set(reference[:, 0]) == set(range(22))  # every place of 28 − 7 + 1
    assert set(reference[:, 1]) == set(range(16))
    for other in (corners(1), corners(0, seed=2), corners(0, split="test")):
        assert (other == reference).all(axis=1).mean() < 0.1


def test_sensors_have_their_own_arrays_and_shapes() -> None:
    arrays = [np.full((5, 1, side, 2 * side), side, dtype=np.float32) for side in (2, 3, 4)]
    for link, side in enumerate((2, 3, 4)):
        found = features("sensors", Place(link, 3), arrays)
        assert found.shape == (5, 2 * side * side)
        assert (found == side).all()


@pytest.mark.parametrize("name", ["rows", "columns", "grid", "crop", "same"])
def test_a_view_of_one_array_refuses_several(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"data\.view = {name}: expected a data set with one array .*got one with 2"):
        VIEWS.load(name).shape([SHAPE, SHAPE], Place(0, 2))


def test_sensors_that_do_not_match_the_links_are_refused() -> None:
    config = RunConfig.model_validate({"data": {"view": "sensors"}, "links": 3})
    with pytest.raises(ConfigError, match=r"data\.view = sensors: expected .* with 3 arrays .*, got one with 1"):
        config.view_shape_of(0)


class BrokenView:
    """Promises two rows, and cuts three."""

    def shape(self, *_: object) -> tuple[int, int, int]:
        return 3, 2, 20

    def cut(self, arrays: Sequence[Images], *_: object) -> Images:
        return arrays[0][:, :, :3]


def test_a_view_of_another_shape_than_promised_is_refused() -> None:
    with pytest.raises(DataError, match=r"link 1: the view is \(50, 3, 3, 20\) uint8: expected .*\('N', 3, 2, 20\)"):
        view_of(BrokenView(), [IMAGES], Place(1, 2), "train", shape=(3, 2, 20))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"view": "same", "overlap": 0.5},
            r"data\.overlap = 0\.5 does nothing without data\.view = rows or columns or",
        ),
        ({"seed": 3}, r"data\.seed = 3 does nothing without data\.view = crop, or data\.noise"),
        ({"crop": 0.3}, r"data\.crop = 0\.3 does nothing without data\.view = crop"),
        ({"view": "row"}, r"there is no 'row'; there are: rows, .*did you mean"),
    ],
)
def test_a_setting_that_does_nothing_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RunConfig.model_validate({"data": data})
