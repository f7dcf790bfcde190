"""The one door to language models, and what a trial reaches through its socket."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from autoloop.records import (
    AgentEnd,
    ChatReply,
    ChatRequest,
    CommandResult,
    McpServer,
    Quota,
    TraceEvent,
    Usage,
)


class TaskEnv(Protocol):
    """What `env` of agent.py reaches: the task container, as the agent's user."""

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        """Run a command; a timeout is part of the result, never an exception.

        `user` takes the place of the agent's user where the task does not name that user.
        """

    def read(self, path: str) -> bytes:
        """Read a file; raises `FileNotFoundError` or `ValueError` as `Container.read`."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file as the agent's user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one trial may do at the gateway, and what is told to its agent once."""

    trial: str
    agent_source: str
    seed: int
    quota: Quota
    mcp_servers: tuple[McpServer, ...] = ()
    skills_dir: str | None = None
    trajectory: str | None = None
    """ATIF document with what went before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One call of `solve`: what is asked, and where to act."""

    instruction: str
    env: TaskEnv


class Session(Protocol):
    """One trial's door to the world, alive while its context is open."""

    @property
    def folder(self) -> Path:
        """Host folder holding the one socket; to be bound at /run/autoloop, world-traversable."""

    @property
    def usage(self) -> Usage:
        """What the model calls so far consumed.

        Once the context is left, calls that it did not wait for count with the most they may
        consume, until their answers come.
        """

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """Everything that went over the socket so far, in order."""

    @property
    def unrecorded(self) -> int:
        """How many events were left out, or lost their texts, since the record was full."""

    @property
    def trouble(self) -> Exception | None:
        """A failure (`ModelError`, `InfraError`) that the agent met in its present turn, or None.

        No fault of the agent's: it makes the trial invalid when the agent did not get over it.
        """

    @property
    def began(self) -> bool:
        """Whether the runtime in the agent container asked for agent.py, so that it could run."""

    @property
    def over_quota(self) -> str | None:
        """The sentence with which a call over the quota was refused, or None."""

    def begin(self, turn: Turn) -> None:
        """Give the agent its next instruction; its runtime may have been waiting for it."""

    def wait(self, timeout_s: float | None) -> AgentEnd | None:
        """Wait until the agent reported the end of its turn or `stop` was called.

        None at the timeout. Only after a report can another turn begin.
        """

    def stop(self, end: AgentEnd) -> None:
        """Tell the session that the agent is gone; a report that came first stands."""


class Gateway(Protocol):
    """The one door to language models."""

    @property
    def task_model(self) -> str:
        """Name of the model that every trial gets, whatever it asks for."""

    def open(self, grant: Grant) -> AbstractContextManager[Session]:
        """Open a trial's socket; leaving the context ends its calls and removes the socket."""


USUAL_REPLY_TOKENS = 32_000
"""Tokens that an answer is taken to have at most where nobody sets a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The most that one token may cost, in US dollars."""

    prompt_usd: float
    reply_usd: float


class ChatModel(Protocol):
    """A model that can be asked, as the meta-agent sees it."""

    @property
    def name(self) -> str:
        """The model's name, by litellm's naming, or `offline`."""

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait.

        Raises:
            AgentError: the request itself is refused: malformed, too long, against policy.
            ModelError: the provider refuses for good (key, name, account).
            ProviderError: it failed in a way that retries did not mend.
        """


@runtime_checkable
class PricedModel(ChatModel, Protocol):
    """A model of which it may be known beforehand what a call can cost."""

    @property
    def rates(self) -> Rates | None:
        """The most that its tokens may cost; None where no price is known."""
