"""The distribution of a run's events to observers."""

import inspect
from typing import Any

from splitwave.basestation.run.events import RunEvents, RunObserver

EVENTS = [name for name, _ in inspect.getmembers(RunObserver, inspect.isfunction) if not name.startswith("_")]


class Recorder(RunObserver):
    """Records every event."""

    def __init__(self, received: list[tuple[object, ...]]) -> None:
        self.received = received


def _override(name: str) -> None:
    def record(self: Recorder, *arguments: object) -> None:
        self.received.append((self, name, *arguments))

    setattr(Recorder, name, record)


for each in EVENTS:
    _override(each)


def test_every_observer_receives_every_event_with_its_arguments_in_order() -> None:
    received: list[tuple[object, ...]] = []
    first, second = Recorder(received), Recorder(received)
    events = RunEvents([first]).and_to(second)
    assert len(EVENTS) > 10
    for name in EVENTS:
        event: Any = getattr(events, name)
        arguments = [object() for _ in inspect.signature(event).parameters]
        received.clear()
        event(*arguments)
        assert received == [(first, name, *arguments), (second, name, *arguments)]


def test_an_observer_without_overrides_ignores_all_events() -> None:
    events: Any = RunEvents([RunObserver()])
    for name in EVENTS:
        event = getattr(events, name)
        event(*[None for _ in inspect.signature(event).parameters])


def test_adding_an_observer_to_a_copy_does_not_change_the_original() -> None:
    received: list[tuple[object, ...]] = []
    events = RunEvents()
    events.and_to(Recorder(received))
    events.step_ended(3)
    assert received == []
