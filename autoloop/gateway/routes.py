"""What a trial's socket answers: one application per session."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic import JsonValue

from autoloop.errors import AgentError, AutoloopError, ModelError, ProviderError, QuotaError
from autoloop.gateway.bodies import MAX_BODY_BYTES, Bodies
from autoloop.gateway.env_routes import TRIAL_ENDED, EnvRoutes
from autoloop.gateway.model_routes import ModelRoutes
from autoloop.gateway.session import ModelDoor, TrialSession, blames_the_machine
from autoloop.gateway.turns import NoTurnError
from autoloop.gateway.wire import anthropic_messages, openai_chat

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_NO_RETRY = {"x-should-retry": "false"}
"""The gateway has retried what was worth it; the SDKs obey this header and do not repeat it."""
_STATUS: tuple[tuple[type[AutoloopError], int], ...] = (
    (QuotaError, 429),
    (NoTurnError, 409),
    (AgentError, 400),
    (ModelError, 502),
    (ProviderError, 503),
    (AutoloopError, 500),
)


def application(
    session: TrialSession, door: ModelDoor, *, handlers: "set[asyncio.Task[object]]"
) -> web.Application:
    """Everything that one trial may ask; `handlers` holds the requests being answered."""
    env, model = EnvRoutes(session, door.threads), ModelRoutes(session, door)
    app = web.Application(
        client_max_size=MAX_BODY_BYTES, middlewares=[_Gatekeeper(session, handlers).answer]
    )
    app.add_routes(
        [
            web.get("/autoloop/start", env.start),
            web.post("/autoloop/env/run", env.run),
            web.post("/autoloop/env/read", env.read),
            web.post("/autoloop/env/write", env.write),
            web.post("/autoloop/note", env.note),
            web.post("/autoloop/finish", env.finish),
            web.post("/v1/chat/completions", model.openai_chat),
            web.post("/v1/responses", model.openai_responses),
            web.post("/v1/messages", model.anthropic_messages),
            web.post("/v1/messages/count_tokens", model.anthropic_count),
            web.get("/v1/models", model.models),
            web.get("/v1/models/{name:.+}", model.one_model),
        ]
    )
    return app


class _Gatekeeper:
    """Turns errors into answers of the right shape, and lets nobody in after the end."""

    def __init__(self, session: TrialSession, handlers: "set[asyncio.Task[object]]") -> None:
        self._session = session
        self._handlers = handlers
        self._bodies = Bodies()

    @web.middleware
    async def answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of a server always runs in a task
        self._handlers.add(task)
        try:
            if self._session.turns.over:
                return _error(request, 410, TRIAL_ENDED)
            if request.method == "POST":
                # Between turns nothing is done; a verifier may be at work.
                self._session.turns.current()
            async with self._bodies.room_for(request):
                return await handler(request)
        except AutoloopError as error:
            return self._explain(request, error)
        except web.HTTPException as error:
            return _error(request, error.status, _foreign(request, error))
        finally:
            self._handlers.discard(task)

    def _explain(self, request: web.Request, error: AutoloopError) -> web.Response:
        if blames_the_machine(error):
            self._session.remember_trouble(error)
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return _error(request, status, str(error))


def _foreign(request: web.Request, error: web.HTTPException) -> str:
    if error.status == 404:
        return f"The gateway has no {request.method} {request.path}."
    if error.status == 413:
        return f"The request is larger than the {MAX_BODY_BYTES:,} bytes that are taken."
    return f"{error.reason}: {request.method} {request.path}"


def _error(request: web.Request, status: int, message: str) -> web.Response:
    anthropic = request.path.startswith("/v1/messages") or "anthropic-version" in request.headers
    form = anthropic_messages.error_json if anthropic else openai_chat.error_json
    body: dict[str, JsonValue] = form(status, message)
    return web.json_response(body, status=status, headers=_NO_RETRY)
