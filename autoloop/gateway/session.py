"""One trial's side of the gateway: what it may do, what it did, and how it ended."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path

from autoloop.errors import AutoloopError, InfraError, ModelError, QuotaError
from autoloop.gateway.meter import Admission, QuotaMeter
from autoloop.gateway.payer import paid_by
from autoloop.gateway.recorder import Recorder
from autoloop.gateway.threads import Threads
from autoloop.gateway.turns import Turns
from autoloop.ports import ChatModel, Clock, Grant, Rates, Turn
from autoloop.records import (
    AgentEnd,
    ChatReply,
    ChatRequest,
    ModelCall,
    TraceEvent,
    Usage,
    charged,
)

MAX_PARALLEL_CALLS = 16
"""Model calls of one trial at once; further ones wait."""
ENDED = "The trial ended before the answer came."
_LOOP_S = 60.0
"""How long a thread waits for a word of the event loop, which may have ended."""


class TrialSession:
    """Implements the port `Session`; the routes on its socket work through it.

    Made on the event loop that serves the socket.
    """

    def __init__(
        self,
        grant: Grant,
        *,
        folder: Path,
        clock: Clock,
        recorder: Recorder,
        rates: Rates | None = None,
    ) -> None:
        self.grant = grant
        self.turns = Turns()
        self.clock = clock
        self.recorder = recorder
        self.meter = QuotaMeter(grant.quota, rates=rates)
        self._folder = folder
        self._trouble: Exception | None = None
        self._began = False
        self._over_quota: str | None = None

    @property
    def folder(self) -> Path:
        """Host folder holding the one socket."""
        return self._folder

    @property
    def usage(self) -> Usage:
        """What the model calls so far consumed, and those may that it did not wait for."""
        return self.meter.usage

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """Everything that went over the socket so far, in order."""
        return self.recorder.events

    @property
    def unrecorded(self) -> int:
        """How many events were left out, or lost their texts, since the record was full."""
        return self.recorder.unrecorded

    @property
    def trouble(self) -> Exception | None:
        """The first failure of provider or machine that the agent met in its turn, or None."""
        return self._trouble

    @property
    def began(self) -> bool:
        """Whether the runtime in the agent container asked for agent.py, so that it could run."""
        return self._began

    @property
    def over_quota(self) -> str | None:
        """The sentence with which a call over the quota was refused, or None."""
        return self._over_quota

    def begin(self, turn: Turn) -> None:
        """Give the agent its next instruction; its runtime may have been waiting for it."""
        # What the agent got over in an earlier turn excuses nothing in this one.
        self._trouble = None
        self.turns.begin(turn)

    def wait(self, timeout_s: float | None) -> AgentEnd | None:
        """Wait until the agent reported the end of its turn or `stop` was called."""
        return self.turns.wait(timeout_s)

    def stop(self, end: AgentEnd) -> None:
        """Tell the session that the agent is gone; a report that came first stands."""
        self.turns.stop(end)

    def remember_trouble(self, error: Exception) -> None:
        """Note a failure that is not the agent's fault; the first one stands."""
        self._trouble = self._trouble or error

    def remember_began(self) -> None:
        """Note that the runtime asked for agent.py."""
        self._began = True

    def refuse_over_quota(self, error: QuotaError) -> None:
        """Note that the quota ended the agent's calls."""
        self._over_quota = str(error)


class ModelDoor:
    """Puts a trial's requests to the upstream model: metered, recorded, each in a thread."""

    def __init__(self, session: TrialSession, upstream: ChatModel, *, threads: Threads) -> None:
        self.threads = threads
        self._session = session
        self._upstream = upstream
        self._parallel = asyncio.Semaphore(MAX_PARALLEL_CALLS)

    @property
    def model(self) -> str:
        """Name of the one model that is offered."""
        return self._upstream.name

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Ask the upstream model, whatever model the agent named.

        Raises:
            QuotaError: over the trial's quota; the upstream was not asked.
            AgentError: the provider refuses this request.
            ModelError: as `ChatModel.complete`.
            InfraError: as `ChatModel.complete`.
        """
        async with self._parallel:
            call = _Call(self._session, replace(request, seed=self._session.grant.seed))
            admission = await self._admit(call)
            return await self._send(call, admission)

    async def _admit(self, call: "_Call") -> Admission:
        try:
            return await self._session.meter.admit(call.request)
        except (QuotaError, ModelError) as error:
            call.record(None, refusal=str(error))
            if isinstance(error, QuotaError):
                self._session.refuse_over_quota(error)
            raise

    async def _send(self, call: "_Call", admission: Admission) -> ChatReply:
        meter, loop = self._session.meter, asyncio.get_running_loop()
        call.request = admission.request

        def correct(usage: Usage) -> None:
            meter.correct(admission, replace(usage, calls=1))

        def pays_on(spent: Usage) -> bool:
            return _told(meter.goes_on(admission, spent), loop)

        def complete() -> ChatReply:
            with paid_by(pays_on):
                return self._upstream.complete(admission.request)

        try:
            reply = await self.threads.do(
                complete,
                late=lambda reply: correct(reply.usage),
                late_error=lambda error: correct(charged(error)),
            )
        except AutoloopError as error:
            await self._fail(call, admission, error)
            raise
        except (OSError, ValueError) as error:
            failure = InfraError(f"The way to the model's provider failed with {error!r}.")
            await self._fail(call, admission, failure)
            raise failure from error
        except asyncio.CancelledError:
            call.record(None, refusal=ENDED)
            meter.abandon(admission)
            raise
        call.record(reply)
        await meter.settle(admission, replace(reply.usage, calls=1))
        return replace(reply, model=self._upstream.name)

    async def _fail(self, call: "_Call", admission: Admission, error: AutoloopError) -> None:
        call.record(None, refusal=str(error))
        await self._session.meter.settle(admission, replace(charged(error), calls=1))


def _told(answer: Coroutine[None, None, bool], loop: asyncio.AbstractEventLoop) -> bool:
    """What the event loop says to a thread; no, where it has ended."""
    try:
        promise = asyncio.run_coroutine_threadsafe(answer, loop)
    except RuntimeError:
        answer.close()
        return False
    try:
        return promise.result(_LOOP_S)
    except (CancelledError, TimeoutError):
        return False


class _Call:
    """A model call on its way into the record."""

    def __init__(self, session: TrialSession, request: ChatRequest) -> None:
        self.request = request
        self._session = session
        self._at = session.clock.now()
        self._started = session.clock.monotonic()

    def record(self, reply: ChatReply | None, *, refusal: str | None = None) -> None:
        self._session.recorder.add(
            ModelCall(
                at=self._at,
                seconds=self._session.clock.monotonic() - self._started,
                request=self.request,
                reply=reply,
                refusal=refusal,
            )
        )


def blames_the_machine(error: Exception) -> bool:
    """Whether an error is the provider's or the machine's, not the agent's."""
    return isinstance(error, InfraError | ModelError)
