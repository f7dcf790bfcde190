"""Who is told how work goes on, and may ask it to end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from autoloop.app.interrupt import stop_on_interrupt
from autoloop.loop.lab import StopSignal
from autoloop.ports import Observer
from autoloop.records import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One piece of work, as it is watched."""

    observer: Observer
    stop: StopSignal


class Audience:
    """A person: at the progress display, or with a function of their own for every event."""

    def __init__(self, notify: Callable[[Event], None] | None = None) -> None:
        self._notify = notify

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """While open, events are shown, and Ctrl-C asks for a clean end."""
        with stop_on_interrupt() as stop, self._observer() as observer:
            yield Watch(observer=observer, stop=stop)

    def _observer(self) -> AbstractContextManager[Observer]:
        if self._notify is not None:
            return nullcontext(_Function(self._notify))
        from autoloop.decision import Estimates, noise_band
        from autoloop.report.live import LiveProgress
        from autoloop.report.standing import Gauge

        return LiveProgress(gauge=Gauge(score=Estimates().score, band=noise_band))


class _Function:
    """An observer made of a function."""

    def __init__(self, notify: Callable[[Event], None]) -> None:
        self._notify = notify

    def notify(self, event: Event) -> None:
        self._notify(event)
