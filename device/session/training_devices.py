"""The devices of a process that takes part in runs: their data, sessions and networks, which take torch."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from splitwave import __version__
from splitwave.common.config.run_config import RunConfig
from splitwave.common.named_object import check_consent
from splitwave.device.learning.views import HostedViews, SeparateViews, StackedViews, load_views
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.session import DeviceSession


class TrainingDevices:
    """Opens hosts with fresh sessions of the same devices, which keep the data that one of them has loaded."""

    def __init__(
        self, state: Path, links: Sequence[int], ids: Sequence[str], data: Path | None, python_path: Path | None
    ) -> None:
        """Nothing is loaded yet.

        Args:
            state: folder of the devices' parts of checkpoints.
            links: to ask for, by device; empty for one device that takes any link.
            ids: by device.
            data: folder with the data sets; None for each data set's own source.
            python_path: the consent to run what the settings name as module:object; None for none.
        """
        self._state = state
        self._requested: Sequence[int | None] = links or (None,)
        self._ids = ids
        self._data = data
        self._python_path = python_path
        self._views = HostedViews(tuple(links), self._load)

    def open_host(self) -> DeviceHost:
        """Return the devices with fresh sessions."""
        sessions = [
            DeviceSession(
                device_id=device_id,
                software=__version__,
                requested_link=link,
                state_dir=self._state,
                open_views=self._views.open,
                clock=time.perf_counter_ns,
            )
            for device_id, link in zip(self._ids, self._requested, strict=True)
        ]
        return DeviceHost(sessions, lambda: self._views.stacked)

    def _load(self, config: RunConfig, links: Sequence[int]) -> StackedViews | SeparateViews:
        named = {setting: name for setting, name in config.named_objects.items() if setting != "decoder.network"}
        check_consent(named, self._python_path)
        torch.set_num_threads(config.runtime.torch_threads)
        return load_views(config, links, self._data)
