"""Sessions on a real gateway, and the real SDKs at their sockets."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest

from autoloop.gateway import SocketGateway, TraceLimits
from autoloop.harness.door import Answer, Door, Json
from autoloop.ports import ChatModel, Grant, Session, TaskEnv, Turn
from autoloop.records import Quota
from autoloop.testing.environments import LocalEnv


class TickingClock:
    """A clock that moves on by a second whenever it is asked for the time."""

    def __init__(self) -> None:
        self._ticks = 0

    def now(self) -> datetime:
        """The next second."""
        self._ticks += 1
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._ticks)

    def monotonic(self) -> float:
        """The same second as a number."""
        return float(self._ticks)


@dataclass(frozen=True)
class Trial:
    """A session and the ways to reach it."""

    session: Session
    gateway: SocketGateway

    @property
    def socket(self) -> str:
        return str(self.session.folder / "sock")

    def openai(self, *, retries: int = 2) -> openai.OpenAI:
        transport = httpx2.HTTPTransport(uds=self.socket)
        return openai.OpenAI(
            base_url="http://gateway/v1",
            api_key="unused",
            max_retries=retries,
            http_client=httpx2.Client(transport=transport),
        )

    def anthropic(self, *, retries: int = 2) -> anthropic.Anthropic:
        transport = httpx2.HTTPTransport(uds=self.socket)
        return anthropic.Anthropic(
            base_url="http://gateway",
            api_key="unused",
            max_retries=retries,
            http_client=httpx2.Client(transport=transport),
        )

    def get(self, route: str) -> Answer:
        return Door(self.socket).get(route)

    def post(self, route: str, body: Json) -> Answer:
        return Door(self.socket).post(route, body)

    def send(self, route: str, raw: bytes) -> Answer:
        return Door(self.socket)._ask("POST", route, raw)

    def chat(self, text: str = "hi", *, max_tokens: int | None = None) -> Answer:
        messages = [{"role": "user", "content": text}]
        return self.post("/v1/chat/completions", {"messages": messages, "max_tokens": max_tokens})


OpenTrial = Callable[..., Trial]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def open_trial(stack: ExitStack, tmp_path: Path) -> OpenTrial:
    """Open a trial at a gateway of its own, its first turn begun; it ends with the test."""

    def open_one(
        model: ChatModel,
        *,
        quota: Quota | None = None,
        env: TaskEnv | None = None,
        limits: TraceLimits | None = None,
        seed: int = 7,
    ) -> Trial:
        gateway = stack.enter_context(SocketGateway(model, clock=TickingClock(), limits=limits))
        grant = Grant(
            trial="task__abc",
            agent_source="def solve(): ...",
            seed=seed,
            quota=quota or Quota(),
        )
        session = stack.enter_context(gateway.open(grant))
        session.begin(Turn(instruction="Do it.", env=env or LocalEnv(tmp_path)))
        return Trial(session, gateway)

    return open_one
