"""What comes out of the container: questions as JSON text, handed to the thread of the step."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TypeAlias

from autoloop.records import CommandResult

_NO_FILES = "Only `autoloop-step` is answered here; files are in the workspace."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """A question that somebody in the container waits for the answer of."""

    text: str
    answer: "Future[CommandResult]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The container's main process is gone."""

    how: str
    error: Exception | None = None
    """The engine failed, so that nobody knows what became of it."""


News: TypeAlias = "SimpleQueue[Asked | Ended]"


class DeskEnv:
    """Port `TaskEnv` in front of a step's desk. Any thread may call; one answers."""

    def __init__(self, news: News, *, is_over: Callable[[], bool]) -> None:
        """`is_over`: nobody answers any more."""
        self._news = news
        self._is_over = is_over

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        """Have a question answered."""
        del timeout_s, user
        if self._is_over():
            return refused("The step is over.")
        asked = Asked(text=command)
        self._news.put(asked)
        return asked.answer.result()

    def read(self, path: str) -> bytes:
        """Refuse: raises ValueError."""
        raise ValueError(f"{path!r} is not read. {_NO_FILES}")

    def write(self, path: str, data: bytes) -> None:
        """Refuse: raises ValueError."""
        raise ValueError(f"{path!r} is not written, {len(data)} bytes or any. {_NO_FILES}")


def refused(sentence: str) -> CommandResult:
    """The answer to what is not done."""
    return CommandResult(exit_code=1, stdout=f"Refused: {sentence}")


def refuse_the_rest(news: News) -> None:
    """Let nobody wait who will not be answered any more."""
    while not news.empty():
        item = news.get()
        if isinstance(item, Asked):
            item.answer.set_result(refused("The step is over."))
