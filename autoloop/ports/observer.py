"""Who watches a run."""

from typing import Protocol

from autoloop.records import Event


class Observer(Protocol):
    """Watches a run. Called from the loop's thread; must return quickly and never raise."""

    def notify(self, event: Event) -> None:
        """Take note of an event."""
