"""Who hears of what happens in a run."""

import inspect
from typing import Any

from splitwave.basestation.run.events import RunEvents, RunObserver

EVENTS = [name for name, _ in inspect.getmembers(RunObserver, inspect.isfunction) if not name.startswith("_")]


class Everything(RunObserver):
    """Overrides every event."""

    def __init__(self, heard: list[tuple[object, ...]]) -> None:
        self.heard = heard


def _override(name: str) -> None:
    def hear(self: Everything, *arguments: object) -> None:
        self.heard.append((self, name, *arguments))

    setattr(Everything, name, hear)


for each in EVENTS:
    _override(each)


def test_every_event_reaches_every_observer_in_their_order_with_what_it_says() -> None:
    heard: list[tuple[object, ...]] = []
    first, second = Everything(heard), Everything(heard)
    events = RunEvents([first]).and_to(second)
    assert len(EVENTS) > 10
    for name in EVENTS:
        event: Any = getattr(events, name)
        arguments = [object() for _ in inspect.signature(event).parameters]
        heard.clear()
        event(*arguments)
        assert heard == [(first, name, *arguments), (second, name, *arguments)]


def test_an_observer_that_overrides_nothing_hears_nothing_and_does_no_harm() -> None:
    events: Any = RunEvents([RunObserver()])
    for name in EVENTS:
        event = getattr(events, name)
        event(*[None for _ in inspect.signature(event).parameters])


def test_more_observers_are_more_for_the_copy_alone() -> None:
    heard: list[tuple[object, ...]] = []
    events = RunEvents()
    events.and_to(Everything(heard))
    events.step_ended(3)
    assert heard == []
