"""The file in which an emulator keeps its state, so that one that is started again goes on with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from splitwave.channel.control.live_state import LiveState, Plan
from splitwave.common.errors import ConfigError
from splitwave.common.files.whole_file import write_durable_json
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel

FILE = "channel-state.json"


class StateFile:
    """One emulator's file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Args: the folder, which is made when the first state is written."""
        self._path = folder / FILE

    def read(self) -> LiveState:
        """The state that was kept; one without changes if there is no file.

        Raises:
            ConfigError: the file cannot be read, or is damaged.
        """
        try:
            return _state(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return LiveState()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(
                f"--state: {self._path} is no state of a channel emulator: {type(error).__name__}: {error}; "
                "remove it to begin with the settings of the run"
            ) from None

    def write(self, state: LiveState) -> None:
        """Keep a state; it is on the disk when this returns.

        Raises:
            OSError: the file cannot be written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_durable_json(self._path, _content(state))


def _content(state: LiveState) -> dict[str, Any]:
    return {
        "version": state.version,
        "links": {str(link): channel.fields() for link, channel in state.links.items()},
        "plans": {
            str(link): [
                {"query": query, **channel.fields()} for query, channel in zip(plan.queries, plan.channels, strict=True)
            ]
            for link, plan in state.plans.items()
        },
    }


def _state(content: Mapping[str, Any]) -> LiveState:
    return LiveState(
        version=int(content["version"]),
        links={int(link): _channel(fields) for link, fields in content["links"].items()},
        plans={int(link): _plan(rows) for link, rows in content["plans"].items()},
    )


def _plan(rows: list[dict[str, Any]]) -> Plan:
    return Plan.of({int(row.pop("query")): _channel(row) for row in rows})


def _channel(fields: Mapping[str, Any]) -> LiveChannel:
    values = {name: float(value) for name, value in fields.items() if name != "version"}
    return LiveChannel(int(fields["version"]), ChannelValues(**values))
