"""The provider's server: it answers, counts, and fails as it is told."""

import asyncio
import json
import math
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from types import TracebackType
from typing import Self

from aiohttp import web

from autoloop.ports import ChatModel
from autoloop.records import ToolCall
from autoloop.testing.provider.answering import Fluent, seed_of
from autoloop.testing.provider.anthropic_messages import AnthropicMessages
from autoloop.testing.provider.faults import Fault, Script, by_number, never
from autoloop.testing.provider.openai_chat import OpenAIChat
from autoloop.testing.provider.openai_responses import OpenAIResponses
from autoloop.testing.provider.tally import Books, PromptCache, Tally, Tokens
from autoloop.testing.provider.wire import Answer, Asked, BodyError, Json, WireFormat

KEPT_REQUESTS = 10_000
THINKING_TOKENS = 16
"""What an answer has of them when the request asks for thinking."""
_BAD_BODY = Fault(name="body", status=400, kind="context")
_NO_SUCH_MODEL = Fault(name="model", status=404, kind="model")
_WRONG_KEY = Fault(name="key", status=401, kind="key")
_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Json


@dataclass(slots=True, kw_only=True)
class LoopbackProvider:
    """A context manager: it serves while it is entered. Any thread may look at what it counted."""

    model: ChatModel = field(default_factory=Fluent)
    """Who answers; a seed is made from the first words of each conversation."""
    models: Mapping[str, ChatModel] = field(default_factory=dict)
    """Who answers to a name; with any entry, other names are unknown models."""
    script: Script = never
    key: str | None = None
    """The only key that is taken; None: any."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    tls: ssl.SSLContext | None = None
    """For https; None: http."""
    _books: Books = field(default_factory=Books)
    _cache: PromptCache = field(default_factory=PromptCache)
    _requests: deque[Received] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    _stack: ExitStack = field(default_factory=ExitStack)
    _origin: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port: the base URL of Anthropic's SDK."""
        return self._origin

    @property
    def openai_url(self) -> str:
        """The base URL of OpenAI's SDK."""
        return f"{self._origin}/v1"

    @property
    def tally(self) -> Tally:
        """What it counted so far."""
        return self._books.tally

    @property
    def requests(self) -> tuple[Received, ...]:
        """The last requests that came."""
        return tuple(self._requests)

    def play(self, *faults: Fault | None) -> None:
        """Forget what was counted and came; these faults happen to the next requests in turn."""
        self._requests.clear()
        self._books.restart()
        self.script = by_number(faults)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            loop = stack.enter_context(_running_loop())
            runner = web.AppRunner(
                self._application(),
                access_log=None,
                handler_cancellation=True,
                shutdown_timeout=0.05,
            )

            def stop() -> None:
                asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()

            port = asyncio.run_coroutine_threadsafe(_serve(runner, self.tls), loop).result()
            stack.callback(stop)
            self._origin = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; what is still being answered is cut off."""
        self._stack.close()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        formats: Mapping[str, WireFormat] = {
            "/v1/chat/completions": OpenAIChat(),
            "/v1/responses": OpenAIResponses(),
            "/v1/messages": AnthropicMessages(),
        }
        for path, wire in formats.items():
            app.router.add_post(path, _Desk(self, wire).answer)
        return app

    def receive(self, received: Received) -> tuple[int, Fault | None]:
        """Note a request; its number, and what is to go wrong with it."""
        self._requests.append(received)
        number = self._books.arrive()
        fault = self.script(number)
        if fault is not None:
            self._books.play(fault.name)
        return number, fault

    def think(self, asked: Asked, number: int, fault: Fault | None, *, explicit: bool) -> Answer:
        """What is answered to a request; raises `KeyError` at an unknown model."""
        model = self.models[asked.model] if self.models else self.model
        reply = model.complete(replace(asked.request, seed=seed_of(asked.request)))
        prompt = max(1, reply.usage.prompt_tokens)
        thinking = THINKING_TOKENS if asked.thinking else 0
        tokens = self._cache.tokens(asked.pieces, prompt=prompt, explicit=explicit)
        output = reply.usage.completion_tokens + thinking
        tokens = replace(tokens, calls=1, output=output, thinking=thinking)
        answer = Answer(reply=reply, tokens=tokens, model=asked.model, number=number, fault=fault)
        return _spoiled(answer, asked)

    @property
    def books(self) -> Books:
        """The tally as it goes on."""
        return self._books


def _spoiled(answer: Answer, asked: Asked) -> Answer:
    """The answer with what its fault does to its content."""
    way, reply = answer.fault.way if answer.fault else None, answer.reply
    if way in {"empty", "blank"}:
        message = replace(reply.message, content="", tool_calls=())
        reply = replace(reply, message=message, stop_reason="stop")
        return replace(answer, reply=reply, tokens=replace(answer.tokens, output=0, thinking=0))
    if way == "filter":
        message = replace(reply.message, content="I", tool_calls=())
        return replace(answer, reply=replace(reply, message=message, stop_reason="refusal"))
    if way == "arguments":
        calls = reply.message.tool_calls or _some_call(asked)
        broken = tuple(replace(call, arguments='{"command": "ls') for call in calls)
        message = replace(reply.message, tool_calls=broken)
        return replace(answer, reply=replace(reply, message=message, stop_reason="tool_calls"))
    return answer


def _some_call(asked: Asked) -> tuple[ToolCall, ...]:
    name = asked.request.tools[0].name if asked.request.tools else "bash"
    return (ToolCall(id="call_broken", name=name, arguments=""),)


class _Desk:
    """Answers the requests of one format."""

    def __init__(self, provider: LoopbackProvider, wire: WireFormat) -> None:
        self._provider = provider
        self._wire = wire

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        body = json.loads(await request.read())
        headers = {name.lower(): value for name, value in request.headers.items()}
        number, fault = self._provider.receive(
            Received(path=request.path, headers=headers, body=body)
        )
        key = _key(headers)
        try:
            if fault is not None and fault.way in {"refuse", "page"}:
                return self._refusal(fault, key)
            if self._provider.key not in {None, key}:
                return self._refusal(_WRONG_KEY, key)
            return await self._proceed(request, body, number, fault)
        finally:
            self._provider.books.leave()

    async def _proceed(
        self, request: web.Request, body: Json, number: int, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is not None and fault.way == "reset":
            self._provider.books.lose(Tokens(), told=Tokens())
            return _hang_up(request)
        try:
            asked = self._wire.read(body)
            explicit = self._wire.explicit_cache
            answer = await self._thought(
                partial(self._provider.think, asked, number, fault, explicit=explicit)
            )
        except BodyError as error:
            return self._refusal(replace(_BAD_BODY, message=str(error)), None)
        except KeyError as error:
            message = f"The model {error.args[0]!r} does not exist."
            return self._refusal(replace(_NO_SUCH_MODEL, message=message), None)
        if fault is None or fault.answers:
            return await self._send(request, answer, asked)
        return await self._fail(request, answer, asked, fault)

    async def _thought(self, think: Callable[[], Answer]) -> Answer:
        try:
            return await asyncio.to_thread(think)
        except asyncio.CancelledError:
            # The client left before there was anything to charge for.
            self._provider.books.lose(Tokens(), told=Tokens())
            raise

    async def _fail(
        self, request: web.Request, answer: Answer, asked: Asked, fault: Fault
    ) -> web.StreamResponse:
        begins = asked.stream and fault.way in {"stall", "cut", "end", "event"}
        told = self._wire.told_first(answer.tokens) if begins else Tokens()
        self._provider.books.lose(answer.tokens, told=told)
        if fault.way == "garbage":
            return web.Response(text=_PAGE, content_type="text/html")
        if fault.way == "slow":
            await _forever()
        whole = json.dumps(self._wire.whole(answer))
        pieces = list(self._pieces(answer, asked)) if asked.stream else [whole]
        response = web.StreamResponse()
        response.content_type = _content_type(asked)
        sent = "".join(_before_the_fault(pieces)).encode()
        if not asked.stream:
            response.content_length = len(sent) if fault.way == "end" else len(whole.encode())
        await response.prepare(request)
        await response.write(sent)
        if fault.way == "stall":
            await _forever()
        if fault.way == "event" and asked.stream:
            await response.write(self._wire.error_event(fault, fault.message).encode())
            return response
        return response if fault.way == "end" else _hang_up(request)

    async def _send(self, request: web.Request, answer: Answer, asked: Asked) -> web.StreamResponse:
        response, books = self._whole(answer, asked), self._provider.books
        # Before it is sent: who has the answer may look at the count.
        books.answer(answer.tokens)
        try:
            await response.prepare(request)
            await response.write_eof()
        except (ConnectionError, asyncio.CancelledError):
            # The client had left: it pays for what it will never see.
            books.take_back(answer.tokens)
            raise
        return response

    def _whole(self, answer: Answer, asked: Asked) -> web.Response:
        if not asked.stream:
            return web.json_response(self._wire.whole(answer))
        text = "".join(self._pieces(answer, asked))
        return web.Response(text=text, content_type="text/event-stream")

    def _pieces(self, answer: Answer, asked: Asked) -> Iterator[str]:
        events = self._wire.events(answer)
        if asked.stream_usage:
            return iter(events)
        return (text for text in events if '"choices": []' not in text)

    def _refusal(self, fault: Fault, key: str | None) -> web.Response:
        now = self._provider.clock() + timedelta(seconds=fault.skew_s)
        headers = {"Date": format_datetime(now, usegmt=True), **_retry_after(fault, now)}
        if fault.way == "page":
            return web.Response(
                text=_PAGE, content_type="text/html", status=fault.status, headers=headers
            )
        message = fault.message.replace("{key}", key or "none")
        message = message.replace("{wait}", f"{fault.wait_s:g}")
        body = self._wire.error(fault, message)
        return web.json_response(body, status=fault.status, headers=headers)


def _key(headers: Mapping[str, str]) -> str:
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


def _content_type(asked: Asked) -> str:
    return "text/event-stream" if asked.stream else "application/json"


def _retry_after(fault: Fault, now: datetime) -> Mapping[str, str]:
    if fault.retry_after == "seconds":
        return {"Retry-After": f"{fault.wait_s:g}"}
    if fault.retry_after == "milliseconds":
        return {"retry-after-ms": f"{fault.wait_s * 1000:g}"}
    if fault.retry_after == "date":
        later = now + timedelta(seconds=math.ceil(fault.wait_s))
        return {"Retry-After": format_datetime(later, usegmt=True)}
    return {}


def _before_the_fault(pieces: list[str]) -> list[str]:
    """What is sent of an answer that breaks off: to the middle of a call, or to its middle."""
    if len(pieces) == 1:
        return [pieces[0][: len(pieces[0]) // 2]]
    inside = [at for at, text in enumerate(pieces) if _is_argument(text)]
    return pieces[: inside[0] + 1] if inside else pieces[: len(pieces) // 2]


def _is_argument(text: str) -> bool:
    written = "partial_json", "function_call_arguments.delta", '{"arguments": "'
    return any(mark in text for mark in written) and '"arguments": ""' not in text


async def _forever() -> None:
    """Until the client leaves or the server stops: both cancel the handler."""
    await asyncio.get_running_loop().create_future()


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _serve(runner: web.AppRunner, tls: ssl.SSLContext | None) -> int:
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls, backlog=1_024)
    await site.start()
    port: int = runner.addresses[0][1]
    return port


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loopback-provider", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
