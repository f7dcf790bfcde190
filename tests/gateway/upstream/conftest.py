"""A server on loopback that speaks OpenAI's wire format and does as it is told."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from autoloop.harness.door import Json

Canned = tuple[int, dict[str, str], bytes]


def answer(text: str | None = "hello", **message: object) -> Canned:
    """A complete answer in OpenAI's form."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5-2025-08-07",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
                "message": {"role": "assistant", "content": text} | message,
            }
        ],
        "usage": {
            "prompt_tokens": 1_000,
            "completion_tokens": 100,
            "total_tokens": 1_100,
            "prompt_tokens_details": {"cached_tokens": 600},
        },
    }
    return 200, {}, json.dumps(body).encode()


def stream(*deltas: dict[str, object], end: str = "stop") -> Canned:
    """An answer in OpenAI's form, in pieces."""
    endings = [*(None for _ in deltas), end]
    choices = [
        {"index": 0, "delta": delta, "finish_reason": ending}
        for delta, ending in zip((*deltas, {}), endings, strict=True)
    ]
    events = [json.dumps({"id": "chatcmpl-1", "choices": [choice]}) for choice in choices]
    text = "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])
    return 200, {"Content-Type": "text/event-stream"}, text.encode()


def failure(status: int, message: str, *, code: str | None = None, **headers: str) -> Canned:
    """An error in OpenAI's form; underscores in header names stand for dashes."""
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps(body).encode()


@dataclass
class Provider:
    """What the server was asked, and what it answers next."""

    url: str = ""
    answers: list[Canned] = field(default_factory=list)
    requests: list[Json] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    """Paths and all headers."""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            provider.requests.append(json.loads(self.rfile.read(length)))
            provider.keys.append(self.headers["Authorization"])
            provider.heads.append(f"{self.path}\n{self.headers}")
            status, headers, body = provider.answers.pop(0)
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_port}/v1"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-key-of-the-test-1234567890")
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()
