"""An observer that remembers."""

from typing import TypeVar

from autoloop.records import Event

_Kind = TypeVar("_Kind")


class RecordingObserver:
    """Keeps every event of a run in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        self.events.append(event)

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
