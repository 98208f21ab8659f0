"""Ids of devices: made once, kept beside the state, held by one running device."""

from pathlib import Path

import pytest

from splitwave.common.errors import CheckpointError, ConfigError
from splitwave.device.session.kept_ids import held_ids


def test_a_device_has_the_same_id_whenever_it_returns(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    with held_ids(state, [None], shared=False) as first:
        pass
    with held_ids(state, [None], shared=False) as second:
        assert second == first
    assert [path.name for path in state.iterdir()] == ["device.id"]


def test_devices_on_one_host_have_different_ids(tmp_path: Path) -> None:
    with (
        held_ids(tmp_path / "a", [None], shared=False) as (a,),
        held_ids(tmp_path / "b", [None], shared=False) as (b,),
    ):
        assert a != b


def test_a_process_with_several_devices_keeps_one_id_for_each(tmp_path: Path) -> None:
    with held_ids(tmp_path, [0, 5], shared=False) as (of_0, of_5):
        assert of_0 != of_5
    with held_ids(tmp_path, [5, 0], shared=False) as again:
        assert again == (of_5, of_0)


@pytest.mark.parametrize("links", [[None], [2], [3, 2]])
def test_two_running_devices_with_one_folder_are_refused(links: list[int | None], tmp_path: Path) -> None:
    message = rf"--state {tmp_path}: another running device has this folder and the id in device(-2)?\.id"
    with (
        held_ids(tmp_path, links, shared=False) as first,
        pytest.raises(ConfigError, match=message),
        held_ids(tmp_path, links[-1:], shared=False),
    ):
        pass
    with held_ids(tmp_path, links, shared=False) as second:
        assert second == first


def test_devices_that_ask_for_different_links_may_have_one_folder(tmp_path: Path) -> None:
    with held_ids(tmp_path, [0], shared=False) as (a,), held_ids(tmp_path, [1], shared=False) as (b,):
        assert a != b


def test_devices_with_a_shared_folder_take_the_ids_that_are_not_in_use(tmp_path: Path) -> None:
    with held_ids(tmp_path, [None], shared=True) as a:
        with held_ids(tmp_path, [None], shared=True) as b, held_ids(tmp_path, [None], shared=True) as c:
            assert len({a, b, c}) == 3
        with held_ids(tmp_path, [None], shared=True) as again:
            assert again == b
    assert len(list(tmp_path.iterdir())) == 3


def test_a_shared_folder_keeps_no_ids_of_devices_that_ask_for_links(tmp_path: Path) -> None:
    with held_ids(tmp_path, [0, 1], shared=True) as a, held_ids(tmp_path, [0, 1], shared=True) as b:
        assert len({*a, *b}) == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shared", [False, True])
def test_without_a_folder_that_can_be_written_a_device_has_an_id_for_the_time_being(
    shared: bool, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with held_ids(tmp_path / "file" / "state", [None], shared=shared) as (device_id,):
        assert device_id


def test_a_device_whose_first_start_was_cut_off_makes_its_id_at_the_next(tmp_path: Path) -> None:
    (tmp_path / "device.id").touch()
    with held_ids(tmp_path, [None], shared=False) as (device_id,):
        assert (tmp_path / "device.id").read_text() == f"{device_id}\n"


@pytest.mark.parametrize("content", [b"two words\n", b"\x00\x00\x00", b"a\nb\n", b"x" * 101])
def test_a_file_that_holds_no_id_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "device.id").write_bytes(content)
    with (
        pytest.raises(CheckpointError, match=f"{tmp_path}/device.id: does not hold the id of a device: remove it"),
        held_ids(tmp_path, [None], shared=False),
    ):
        pass
