"""A web server on loopback that tells what it was asked, and proxies before it."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import pytest

from autoloop.egress import EgressProxy, Limits

LOOPBACK = "127.0.0.1"


class TellingHandler(BaseHTTPRequestHandler):
    """Answers with what it was asked; keeps connections open, unless it is asked not to."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        told = f"{self.command} {self.path}\n{self.headers}"
        self._answer(told.encode("latin-1"))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(self.rfile.read(length) if length else self._chunks())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() != b"\r\n":
            pass
        return body

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class QuietServer(ThreadingHTTPServer):
    """A web server that does not print what clients do to it."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def origin() -> Iterator[int]:
    """The port of a web server on loopback."""
    with QuietServer((LOOPBACK, 0), TellingHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Way:
    """An open door and how to talk through it."""

    folder: Path

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(20)
        client.connect(str(self.folder / "sock"))
        return client

    def ask(self, raw: bytes) -> bytes:
        """Send these bytes and read until the end."""
        with self.connect() as client:
            client.sendall(raw)
            return read_all(client)

    def get(self, url: str) -> bytes:
        return self.ask(f"GET {url} HTTP/1.1\r\nHost: ignored\r\n\r\n".encode())


def read_all(client: socket.socket) -> bytes:
    chunks = []
    while chunk := client.recv(65_536):
        chunks.append(chunk)
    return b"".join(chunks)


def read_until(client: socket.socket, end: bytes) -> bytes:
    raw = b""
    while not raw.endswith(end):
        chunk = client.recv(1)
        assert chunk, raw
        raw += chunk
    return raw


class OpenWay(Protocol):
    """Opens a door to these hosts, at a proxy of its own."""

    def __call__(
        self,
        *hosts: str,
        limits: Limits | None = ...,
        resolve: Callable[[str], Sequence[str]] | None = ...,
    ) -> Way: ...


@pytest.fixture
def open_way() -> Iterator[OpenWay]:
    with ExitStack() as stack:

        def open_one(
            *hosts: str,
            limits: Limits | None = None,
            resolve: Callable[[str], Sequence[str]] | None = None,
        ) -> Way:
            proxy = EgressProxy(limits=limits, resolve=resolve or _loopback)
            return Way(stack.enter_context(stack.enter_context(proxy).open(hosts)))

        yield open_one


def _loopback(name: str) -> Sequence[str]:
    """Every name leads to the server on loopback."""
    assert name
    return (LOOPBACK,)
