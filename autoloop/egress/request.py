"""The head of a proxy request, read as hostile text: what is doubtful is refused, not guessed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from autoloop.egress.refusal import RefusalError

Headers = tuple[tuple[str, str], ...]
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP/1\.([01])")
_STATUS_LINE = re.compile(r"HTTP/1\.[01] (\d{3})(?: .*)?")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
_ABSOLUTE = re.compile(r"http://([^/?#]*)(/?.*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::(\d{1,5}))?")
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade")
)
_ENDS_MESSAGE = frozenset(("content-length", "transfer-encoding", "host"))
"""Headers that `Connection` cannot ask to drop: they say where a message goes and ends."""
_LAST_PORT = 65_535
_HTTP_PORT = 80
_FIRST_FINAL = 200
"""Answers of a lower status are interim: another head follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client wants of the proxy."""

    method: str
    host: str
    """Lower case, no brackets, no dot at the end."""
    port: int
    path: str = ""
    """Of an absolute URL, with its query; empty for a tunnel."""
    version: str = "1"
    """After `HTTP/1.`"""
    headers: Headers = ()

    @property
    def is_tunnel(self) -> bool:
        """Whether bytes go to and fro from here on."""
        return self.method == "CONNECT"

    @property
    def authority(self) -> str:
        """Host and port, as a `Host` header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTP_PORT else f"{host}:{self.port}"

    @property
    def body_length(self) -> int | None:
        """Bytes of the body; None when it comes in chunks."""
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        codings = [value for name, value in self.headers if name.lower() == "transfer-encoding"]
        if not codings:
            return _length(lengths)
        if lengths or self.version == "0" or [c.lower() for c in codings] != ["chunked"]:
            raise _unclear("the length of its body is ambiguous")
        return None

    def forwarded(self) -> bytes:
        """The head as the host is sent it: one request on one connection, to the host asked for."""
        headers = [pair for pair in end_to_end(self.headers) if pair[0].lower() != "host"]
        headers = [("Host", self.authority), *headers, ("Connection", "close")]
        return head_bytes(f"{self.method} {self.path} HTTP/1.{self.version}", headers)


def parse_request(head: bytes) -> Request:
    """Read a request's head, with its empty line.

    Raises:
        RefusalError: it is malformed, or no request to a proxy.
    """
    line, headers = _split(head)
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise _unclear("its first line is not 'METHOD target HTTP/1.1'")
    method, target, version = found.groups()
    if method == "CONNECT":
        host, port = _authority(target, default_port=None)
        return Request(method=method, host=host, port=port)
    url = _ABSOLUTE.fullmatch(target)
    if url is None:
        raise _unclear("this proxy takes CONNECT host:port, and absolute URLs with http://")
    host, port = _authority(url[1], default_port=_HTTP_PORT)
    path = url[2] if url[2].startswith("/") else f"/{url[2]}"
    return Request(method=method, host=host, port=port, path=path, version=version, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHead:
    """The head of a host's answer."""

    status: int
    raw: bytes

    @property
    def is_interim(self) -> bool:
        """Whether another head follows."""
        return self.status < _FIRST_FINAL


def parse_answer(head: bytes) -> AnswerHead:
    """Read the head of a host's answer; `raw` tells the client that the connection ends with it.

    Raises:
        RefusalError: it is no HTTP.
    """
    try:
        line, headers = _split(head)
    except RefusalError:
        line, headers = "", ()
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise RefusalError(HTTPStatus.BAD_GATEWAY, "The host did not answer in HTTP/1.1.")
    status = int(found[1])
    if status < _FIRST_FINAL:
        return AnswerHead(status=status, raw=head)
    kept = [*end_to_end(headers), ("Connection", "close")]
    return AnswerHead(status=status, raw=head_bytes(line, kept))


def end_to_end(headers: Headers) -> Headers:
    """The headers without those that concern one connection only."""
    named = {
        word.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for word in value.split(",")
    }
    dropped = _HOP_BY_HOP | (named - _ENDS_MESSAGE)
    return tuple(pair for pair in headers if pair[0].lower() not in dropped)


def head_bytes(line: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A head as it goes over the wire."""
    lines = [line, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _split(head: bytes) -> tuple[str, Headers]:
    line, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    headers = []
    for text in rest:
        found = _HEADER.fullmatch(text)
        if found is None:
            raise _unclear(f"the header {text[:40]!r} is malformed")
        headers.append((found[1], found[2]))
    return line, tuple(headers)


def _authority(text: str, *, default_port: int | None) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(text.lower())
    port = int(found[3]) if found and found[3] else default_port
    if found is None or port is None or not 0 < port <= _LAST_PORT:
        raise _unclear(f"{text[:80]!r} is not a host with a port")
    return found[1] or found[2], port


def _length(values: Sequence[str]) -> int:
    if not values:
        return 0
    if len(values) > 1 or re.fullmatch(r"[0-9]{1,18}", values[0]) is None:
        raise _unclear("its Content-Length is not one number")
    return int(values[0])


def _unclear(reason: str) -> RefusalError:
    return RefusalError(HTTPStatus.BAD_REQUEST, f"The request is refused: {reason}.")
