"""Splitting images into horizontal views of one size."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.data.dataset import ImageShape
from splitwave.common.data.view import Place
from splitwave.common.data.view_kinds.parts import ROWS
from splitwave.common.data.views import row_view, view_rows
from splitwave.common.limits import MAX_LINKS

DIVISORS = (1, 2, 4, 7, 14, 28)
IMAGES = np.random.default_rng(20240607).integers(0, 256, size=(3, 28, 28), dtype=np.uint8)


def view_shape(image: ImageShape, links: int, overlap: float = 0.0) -> ImageShape:
    return ROWS.shape([image], Place(0, links, overlap=overlap))


def test_a_view_consists_of_its_rows_scaled_to_the_unit_interval() -> None:
    images = np.array([[[0, 51], [102, 153], [204, 255], [1, 254]]], dtype=np.uint8)

    upper, lower = row_view(images, links=2, link=0), row_view(images, links=2, link=1)

    assert upper.tolist() == [[np.float32(pixel) for pixel in (0.0, 0.2, 0.4, 0.6)]]
    assert lower.tolist() == [[np.float32(pixel) for pixel in (0.8, 1.0, 1 / 255, 254 / 255)]]


@given(st.sampled_from(DIVISORS))
def test_the_views_of_all_links_together_are_the_image(links: int) -> None:
    views = [row_view(IMAGES, links, link) for link in range(links)]

    assert all(view.shape == (3, 28 // links * 28) for view in views)
    assert np.array_equal(np.rint(np.concatenate(views, axis=1) * 255).reshape(IMAGES.shape), IMAGES)


@given(st.sampled_from(DIVISORS), st.data())
def test_a_view_is_contiguous_float32_within_the_unit_interval(links: int, data: st.DataObject) -> None:
    view = row_view(IMAGES, links, data.draw(st.integers(0, links - 1)))

    assert view.dtype == np.float32
    assert view.flags.c_contiguous
    assert view.min() >= 0
    assert view.max() <= 1


def test_an_image_need_not_be_square() -> None:
    images = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)

    view = row_view(images, links=4, link=2)

    assert np.rint(view * 255).tolist() == [[6, 7, 8], [18, 19, 20]]


def test_no_samples_give_no_views() -> None:
    assert row_view(np.empty((0, 28, 28), dtype=np.uint8), links=4, link=0).shape == (0, 196)


@given(st.integers(1, 100), st.integers(1, MAX_LINKS), st.floats(0, 0.95))
def test_views_of_any_number_of_links_have_one_size_and_cover_every_row(
    height: int, links: int, overlap: float
) -> None:
    views = [view_rows(height, links, link, overlap) for link in range(links)]

    assert {view.stop - view.start for view in views} == {view_shape((3, height, 5), links, overlap)[1]}
    assert all(0 <= view.start < view.stop <= height for view in views)
    assert {row for view in views for row in range(height)[view]} == set(range(height))
    assert [view.start for view in views] == sorted(view.start for view in views)


@given(st.integers(1, 100), st.integers(1, MAX_LINKS))
def test_views_without_overlap_have_the_smallest_height_that_covers_the_image(height: int, links: int) -> None:
    assert view_shape((1, height, 1), links)[1] == -(-height // links)


@pytest.mark.parametrize(
    ("height", "links", "expected"),
    [
        (28, 3, [(0, 10), (9, 19), (18, 28)]),
        (28, 8, [(0, 4), (3, 7), (7, 11), (10, 14), (14, 18), (17, 21), (21, 25), (24, 28)]),
        (3, 2, [(0, 2), (1, 3)]),
        (3, 5, [(0, 1), (0, 1), (1, 2), (2, 3), (2, 3)]),
        (1, 3, [(0, 1), (0, 1), (0, 1)]),
    ],
)
def test_rows_of_links_that_do_not_divide_the_height(height: int, links: int, expected: list[tuple[int, int]]) -> None:
    rows = [view_rows(height, links, link) for link in range(links)]

    assert [(part.start, part.stop) for part in rows] == expected


@pytest.mark.parametrize("links", [-2, 0])
def test_a_number_of_links_below_one_is_refused(links: int) -> None:
    with pytest.raises(ValueError, match="link 0 is not one of"):
        row_view(IMAGES, links, link=0)


@pytest.mark.parametrize("link", [-1, 4])
def test_a_link_out_of_range_is_refused(link: int) -> None:
    with pytest.raises(ValueError, match=f"link {link} is not one of 0 … 3"):
        row_view(IMAGES, links=4, link=link)


@given(st.sampled_from(DIVISORS), st.floats(0, 0.9))
def test_overlapping_views_are_equal_parts_that_cover_the_image(links: int, overlap: float) -> None:
    views = [range(28)[view_rows(28, links, link, overlap)] for link in range(links)]

    assert len({len(view) for view in views}) == 1
    assert (views[0].start, views[-1].stop) == (0, 28)
    assert all(after.start <= before.stop for before, after in itertools.pairwise(views))
    shared = [(before.stop - after.start) for before, after in itertools.pairwise(views)]
    assert all(abs(rows - overlap * len(views[0])) <= 1.5 for rows in shared)


@pytest.mark.parametrize(
    ("height", "links", "expected"),
    [(28, 2, [(0, 19), (9, 28)]), (28, 4, [(0, 11), (6, 17), (11, 22), (17, 28)]), (32, 2, [(0, 21), (11, 32)])],
)
def test_half_overlap_in_rows(height: int, links: int, expected: list[tuple[int, int]]) -> None:
    rows = [view_rows(height, links, link, overlap=0.5) for link in range(links)]

    assert [(part.start, part.stop) for part in rows] == expected


def test_an_overlapping_view_consists_of_its_flattened_rows() -> None:
    view = row_view(IMAGES, links=2, link=1, overlap=0.5)

    assert np.array_equal(np.rint(view * 255).reshape(3, 19, 28), IMAGES[:, 9:])


@pytest.mark.parametrize(
    ("links", "overlap", "height"), [(1, 0.0, 32), (2, 0.0, 16), (4, 0.0, 8), (2, 0.5, 21), (4, 0.5, 13)]
)
def test_a_view_of_a_colour_image_has_the_same_rows_of_every_channel(links: int, overlap: float, height: int) -> None:
    images = np.random.default_rng(3).integers(0, 256, size=(2, 3, 32, 32), dtype=np.uint8)
    shape = view_shape((3, 32, 32), links, overlap)

    assert shape == (3, height, 32)
    for link in range(links):
        view = row_view(images, links, link, overlap)
        rows = view_rows(32, links, link, overlap)
        assert np.array_equal(np.rint(view * 255).reshape(2, *shape), images[:, :, rows])


@pytest.mark.parametrize(("links", "link", "rows"), [(1, 0, [0, 1, 2]), (3, 1, [1])])
def test_views_of_measurements_are_unchanged_copies(links: int, link: int, rows: list[int]) -> None:
    measured = np.random.default_rng(4).standard_normal((5, 2, 3, 30)).astype(np.float32)
    measured.flags.writeable = False

    view = row_view(measured, links, link)

    assert view.dtype == np.float32
    assert np.array_equal(view.reshape(5, 2, len(rows), 30), measured[:, :, rows])
    assert view.flags.writeable


@pytest.mark.parametrize("overlap", [-0.1, 1.0, float("nan")])
def test_an_overlap_out_of_range_is_refused(overlap: float) -> None:
    with pytest.raises(ValueError, match=f"overlap = {overlap}"):
        view_rows(28, 2, 0, overlap)
