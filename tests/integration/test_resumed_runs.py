"""Distributed runs that were stopped in training, or lost a link there, go on from the last checkpoint, to the bit."""

import asyncio
from pathlib import Path

import pytest

from splitwave.basestation.run.earlier_training import Resume
from splitwave.basestation.run.policy import Policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.records.results import RunResult
from splitwave.common.records.training_manifest import TrainingManifest
from tests.integration.followed_runs import CASES, Follower, followed, same, stopped_after
from tests.integration.servers import servers
from tests.integration.test_resumed_training import (
    config_of,
    digest,
    interrupt_after,
    resumed,
    without_times,
)
from tests.integration.testbed import DeviceThread, Pause, run_distributed, tiny_data
from tests.limits import LIMIT_S


@pytest.mark.parametrize("config", CASES.values(), ids=CASES)
def test_a_run_that_was_stopped_goes_on_to_the_bit(config: RunConfig, tmp_path: Path) -> None:
    data = tiny_data(config.links)
    expected, undisturbed = asyncio.run(followed(config, data, tmp_path / "undisturbed"))

    first = asyncio.run(stopped_after(config, data, tmp_path, 3))
    stopped_at = first.kept[-1]
    asyncio.run(stopped_after(config, data, tmp_path, 11, resume=Resume.ALWAYS, checkpoint_every=2))
    again = TrainingManifest.newest(tmp_path)
    result, last = asyncio.run(followed(config, data, tmp_path, resume=Resume.ALWAYS))

    assert again is not None
    assert 3 <= stopped_at < 11 <= again.step < 20
    assert same(result, expected)
    assert without_times([*again.epochs, *last.epochs]) == without_times(undisturbed.epochs)
    # It was not trained from the beginning again.
    assert [record.epoch for record in last.epochs] == [record.epoch for record in undisturbed.epochs][
        len(again.epochs) :
    ]


@pytest.mark.parametrize("links_a_stream", [1, 2])
def test_a_run_that_lost_a_link_goes_on_from_its_last_checkpoint(links_a_stream: int, tmp_path: Path) -> None:
    config = config_of(2 * links_a_stream, "straight-through")
    data = tiny_data(config.links)
    expected = asyncio.run(run_distributed(config, data, tmp_path / "undisturbed", links_a_stream=links_a_stream))
    follower = Follower()

    async def scenario() -> RunResult | None:
        policy = Policy(rejoin_s=LIMIT_S, checkpoint_every=7)
        async with servers(tmp_path, config, policy, observers=[follower]) as running:
            address, pause = running.addresses["channel"], Pause(8)
            stays = DeviceThread(address, range(links_a_stream), data.views, tmp_path)
            leaves = DeviceThread(address, range(links_a_stream, config.links), data.views, tmp_path, pause=pause)
            await follower.kept_one.wait()
            leaves.client.stop()
            pause.over.set()
            await leaves.join()
            returns = DeviceThread(address, range(links_a_stream, config.links), data.views, tmp_path)
            result = await running.run
            for device in (stays, leaves, returns):
                await device.join()
                assert device.error is None
        return result

    result = asyncio.run(scenario())
    assert result is not None
    assert same(result, expected)
    assert follower.began_again_at == [7]
    assert follower.kept == [7, 14, 20]


def test_the_engines_go_on_from_each_others_checkpoints(tmp_path: Path) -> None:
    config = config_of(2)
    data = tiny_data(2)
    expected = asyncio.run(run_distributed(config, data, tmp_path / "undisturbed"))

    interrupt_after(config, 6, tmp_path / "in one process")
    asyncio.run(stopped_after(config, data, tmp_path / "distributed", 9))

    assert same(asyncio.run(run_distributed(config, data, tmp_path / "in one process", resume=Resume.ALWAYS)), expected)
    run, _ = resumed(config, tmp_path / "distributed")
    assert digest(run) == expected.weights_sha256


def test_a_run_with_nothing_to_go_on_from_begins(tmp_path: Path) -> None:
    config = config_of(1)
    data = tiny_data(1)
    expected = asyncio.run(run_distributed(config, data, tmp_path / "undisturbed"))
    assert same(asyncio.run(run_distributed(config, data, tmp_path / "new", resume=Resume.ALWAYS)), expected)


def test_other_settings_are_refused_before_a_device_connects(tmp_path: Path) -> None:
    asyncio.run(stopped_after(config_of(1), tiny_data(1), tmp_path, 3))
    other = config_of(1, seed=6)
    with pytest.raises(CheckpointError, match=r"seed = 5 became 6; only training\.epochs may change"):
        asyncio.run(run_distributed(other, tiny_data(1), tmp_path, resume=Resume.ALWAYS))


@pytest.mark.parametrize("harm", ["other settings", "another format"])
def test_resume_if_same_begins_where_the_training_that_was_kept_cannot_go_on(harm: str, tmp_path: Path) -> None:
    config, data = config_of(1), tiny_data(1)
    before = config_of(1, seed=6) if harm == "other settings" else config
    asyncio.run(stopped_after(before, data, tmp_path, 3))
    if harm == "another format":
        (manifest,) = tmp_path.glob("step-*/training.json")
        manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 999'))
    expected = asyncio.run(run_distributed(config, data, tmp_path / "undisturbed"))

    result, last = asyncio.run(followed(config, data, tmp_path, resume=Resume.IF_SAME, checkpoint_every=50))

    assert same(result, expected)
    assert last.epochs[0].epoch == 0
    newest = TrainingManifest.newest(tmp_path)
    assert newest is not None
    assert newest.config == config  # that of the other training is gone
    again, repeated = asyncio.run(followed(config, data, tmp_path, resume=Resume.IF_SAME))
    assert (again.weights_sha256, again.error) == (expected.weights_sha256, expected.error)
    assert repeated.epochs == []  # it goes on after the last step


def test_a_device_that_cannot_write_its_part_ends_the_run_with_the_reason(tmp_path: Path) -> None:
    config, data = config_of(1), tiny_data(1)
    (tmp_path / "step-000003").touch()
    with pytest.raises((CheckpointError, RunFailedError), match="step-000003"):
        asyncio.run(run_distributed(config, data, tmp_path, checkpoint_every=3))
