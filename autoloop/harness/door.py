"""HTTP over the one Unix socket that leads out of the container."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any

# Agents handle JSON as plain dicts, whose values only they can know.
Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Status and JSON body of an answer."""

    status: int
    body: Json

    @property
    def error(self) -> str:
        """The sentence of an error's body."""
        error = self.body.get("error")
        message = error.get("message") if isinstance(error, dict) else error
        return str(message or "no reason was given") + f" (status {self.status})"


class Door:
    """Sends JSON and receives JSON. Each call has its own connection, so threads may share it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def get(self, route: str) -> Answer:
        """GET a route."""
        return self._ask("GET", route, None)

    def post(self, route: str, body: Json) -> Answer:
        """POST JSON to a route and wait for the answer, however long it takes."""
        return self._ask("POST", route, json.dumps(body).encode())

    def _ask(self, method: str, route: str, body: bytes | None) -> Answer:
        connection = _UnixConnection(self.path)
        try:
            connection.request(method, route, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return Answer(response.status, _parse(response.read()))
        finally:
            connection.close()


def _parse(raw: bytes) -> Json:
    try:
        return dict(json.loads(raw))
    except ValueError:
        return {"error": raw.decode(errors="replace")}


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection whose other end is a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)
