"""The language-model side of a trial's socket."""

import itertools

from aiohttp import web
from pydantic import JsonValue

from autoloop.gateway.meter import estimate_tokens
from autoloop.gateway.session import ModelDoor, TrialSession
from autoloop.gateway.wire import (
    anthropic_messages,
    google_generate,
    openai_chat,
    openai_responses,
)


class ModelRoutes:
    """OpenAI's, Anthropic's and Google's ways of asking, all before the one task model."""

    def __init__(self, session: TrialSession, door: ModelDoor) -> None:
        self._session = session
        self._door = door
        self._numbers = itertools.count(1)

    async def openai_chat(self, request: web.Request) -> web.Response:
        """POST /v1/chat/completions."""
        asked = openai_chat.read_request(await request.read())
        reply = await self._door.ask(asked.request)
        call_id, created = self._call_id(), int(self._session.clock.now().timestamp())
        if asked.stream:
            return _events(
                openai_chat.reply_stream(
                    reply, call_id=call_id, created=created, usage=asked.stream_usage
                )
            )
        return web.json_response(openai_chat.reply_json(reply, call_id=call_id, created=created))

    async def openai_responses(self, request: web.Request) -> web.Response:
        """POST /v1/responses."""
        asked = openai_responses.read_request(await request.read())
        reply = await self._door.ask(asked.request)
        call_id, created = self._call_id(), int(self._session.clock.now().timestamp())
        if asked.stream:
            return _events(openai_responses.reply_stream(reply, call_id=call_id, created=created))
        return web.json_response(
            openai_responses.reply_json(reply, call_id=call_id, created=created)
        )

    async def anthropic_messages(self, request: web.Request) -> web.Response:
        """POST /v1/messages."""
        asked = anthropic_messages.read_request(await request.read())
        reply = await self._door.ask(asked.request)
        call_id = self._call_id()
        if asked.stream:
            return _events(anthropic_messages.reply_stream(reply, call_id=call_id))
        return web.json_response(anthropic_messages.reply_json(reply, call_id=call_id))

    async def anthropic_count(self, request: web.Request) -> web.Response:
        """POST /v1/messages/count_tokens; an estimate, no model is asked."""
        counted = estimate_tokens(anthropic_messages.read_count(await request.read()))
        return web.json_response({"input_tokens": counted})

    async def google(self, request: web.Request) -> web.Response:
        """POST /v1beta/models/NAME:METHOD, whatever the name."""
        method, raw = request.match_info["method"], await request.read()
        if method == "countTokens":
            counted = estimate_tokens(google_generate.read_count(raw))
            return web.json_response({"totalTokens": counted})
        reply = await self._door.ask(google_generate.read_request(raw))
        call_id = self._call_id()
        if method == "streamGenerateContent":
            return _events(google_generate.reply_stream(reply, call_id=call_id))
        return web.json_response(google_generate.reply_json(reply, call_id=call_id))

    async def models(self, _request: web.Request) -> web.Response:
        """GET /v1/models: the one model there is, in a form that both SDKs read."""
        body: dict[str, JsonValue] = {
            "object": "list",
            "data": [self._model()],
            "has_more": False,
            "first_id": self._door.model,
            "last_id": self._door.model,
        }
        return web.json_response(body)

    async def one_model(self, _request: web.Request) -> web.Response:
        """GET /v1/models/NAME: whatever the name, the one model there is."""
        return web.json_response(self._model())

    def _model(self) -> dict[str, JsonValue]:
        return {
            "id": self._door.model,
            "object": "model",
            "created": 0,
            "owned_by": "autoloop",
            "type": "model",
            "display_name": self._door.model,
            "created_at": "1970-01-01T00:00:00Z",
        }

    def _call_id(self) -> str:
        return f"{self._session.grant.trial}-{next(self._numbers)}"


def _events(text: str) -> web.Response:
    # The complete answer is known, so the whole stream goes out at once.
    return web.Response(text=text, content_type="text/event-stream")
