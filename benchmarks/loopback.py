"""Both ends of a benchmark's wire: a provider on loopback that answers at once, and who asks it.

Bytes are all they handle, so that what is measured is what stands between them. Started as a
program this is the provider: it prints its port, and its count of requests for each line it reads.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
MODEL = "bench"
WORDS = "The orders that are still open stand in the second table, sorted by date.".split()  # noqa: SIM905
USAGE = {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940}
CALL = {"name": "bash", "arguments": '{"command": "cat /app/orders.csv | head -50"}'}


def answers() -> tuple[bytes, bytes]:
    """A complete answer, and the same one as a stream, with text and one call of a tool."""
    call = {"id": "call_1", "type": "function", "function": CALL}
    head = {"id": "chatcmpl-1", "created": 1, "model": MODEL}
    message = {"role": "assistant", "content": " ".join(WORDS), "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    whole = head | {"object": "chat.completion", "choices": [choice], "usage": USAGE}
    deltas = [
        {"role": "assistant", "content": ""},
        *({"content": f"{word} "} for word in WORDS),
        {"tool_calls": [{"index": 0} | call]},
    ]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
    head["object"] = "chat.completion.chunk"
    chunks = [head | {"choices": [choice], "usage": None} for choice in choices]
    chunks.append(head | {"choices": [], "usage": USAGE})
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    return _plain(json.dumps(whole).encode()), _chunked([event.encode() for event in events])


def _plain(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + END + body


def _chunked(parts: Sequence[bytes]) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked"
    sized = (f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
    return head + END + b"".join(sized) + LAST_CHUNK


class Provider(asyncio.Protocol):
    """One connection to the provider."""

    asked = 0
    plain, streamed = answers()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's is one
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(END)
        if not body or len(body) < _length(head):
            return
        self._received = b""
        Provider.asked += 1
        flat = body.replace(b" ", b"")
        self._transport.write(self.streamed if b'"stream":true' in flat else self.plain)


def _length(head: bytes) -> int:
    """The Content-Length of a head, or -1."""
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else -1


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something listens: a TCP port of this machine, or a Unix socket for each connection."""

    port: int = 0
    sockets: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Load:
    """Requests over some connections for some seconds, and how long each took."""

    place: Place
    connections: int
    seconds: float
    stream: bool
    rate: float | None = None
    """Requests a second, spread by chance over all connections; None: the next one at once."""
    took: list[float] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def rps(self) -> float:
        """Answers a second."""
        return len(self.took) / self.elapsed

    async def run(self) -> None:
        """Ask until the time is over and wait for what is on its way."""
        loop = asyncio.get_running_loop()
        chances = map(random.Random, range(self.connections))
        callers = [Caller(self, chance) for chance in chances]
        for number, caller in enumerate(callers):
            if self.place.sockets:
                path = self.place.sockets[number % len(self.place.sockets)]
                await loop.create_unix_connection(lambda caller=caller: caller, path)
            else:
                await loop.create_connection(
                    lambda caller=caller: caller, "127.0.0.1", self.place.port
                )
        started = time.perf_counter()
        for caller in callers:
            caller.begin(until=started + self.seconds)
        await asyncio.gather(*(caller.ended for caller in callers))
        self.elapsed = time.perf_counter() - started


class Caller(asyncio.Protocol):
    """One connection of a load: asks, waits for the whole answer, asks again."""

    def __init__(self, load: Load, chance: random.Random) -> None:
        self._load = load
        self._chance = chance
        self._request = request_bytes(stream=load.stream)
        self._received = bytearray()
        self._until = self._sent_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's is one
        self._transport = transport

    def begin(self, *, until: float) -> None:
        """Ask from now on."""
        self._until = until
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_whole():
            return
        if not self._received.startswith(b"HTTP/1.1 200") or b"tool_calls" not in self._received:
            self.ended.set_exception(RuntimeError(bytes(self._received[:2_000]).decode()))
            self._transport.close()
            return
        self._load.took.append(time.perf_counter() - self._sent_at)
        self._received.clear()
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(RuntimeError(f"A connection broke: {exc!r}"))

    def _is_whole(self) -> bool:
        at = self._received.find(END)
        if at < 0:
            return False
        length = _length(bytes(self._received[:at]))
        if length < 0:
            return self._received.endswith(LAST_CHUNK)
        return len(self._received) >= at + len(END) + length

    def _next(self) -> None:
        rate, connections = self._load.rate, self._load.connections
        pause = self._chance.expovariate(rate / connections) if rate else 0.0
        if time.perf_counter() + pause >= self._until:
            self.ended.set_result(None)
            self._transport.close()
        elif pause:
            asyncio.get_running_loop().call_later(pause, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


def request_bytes(*, stream: bool) -> bytes:
    """A request of an agent that is under way: instructions, a tool, some commands and outputs."""
    done = {"id": "call_0", "type": "function", "function": CALL}
    lines = "\n".join(f"{7100 + n};Weber, Lena;open;2024-06-03;36;29%" for n in range(12))
    exchange = [
        {"role": "assistant", "content": "Having a look.", "tool_calls": [done]},
        {"role": "tool", "tool_call_id": "call_0", "content": lines},
    ]
    command = {"type": "object", "properties": {"command": {"type": "string"}}}
    tool = {"name": "bash", "description": "Run a command.", "parameters": command}
    body = {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "You solve a task in a Linux shell. " * 8},
            {"role": "user", "content": "Make a file of the orders that are still open. " * 8},
            *exchange * 4,
        ],
        "tools": [{"type": "function", "function": tool}],
        "max_tokens": 1_000,
    }
    streaming = {"stream": True, "stream_options": {"include_usage": True}}
    written = json.dumps(body | (streaming if stream else {})).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer unused\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(written)}"
    )
    return head.encode() + END + written


async def _provide(say: Callable[[object], None]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", 0)
    say(server.sockets[0].getsockname()[1])
    while await loop.run_in_executor(None, sys.stdin.readline):
        say(Provider.asked)


if __name__ == "__main__":
    asyncio.run(_provide(lambda words: print(words, flush=True)))
