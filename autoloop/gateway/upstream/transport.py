"""The transport under the SDKs: urllib3's connections, which cost a third of httpx's own.

It is for requests that no proxy stands before; with one, httpx's own transport is used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

_AT_ONCE = 1_000
"""Connections to a provider that are kept; one for each call that may be going on."""
_CHUNK = 65_536
_LAST_WORD_S = 0.05
"""How long the end of an answer may come after its last event, for its connection to be kept."""
_FAILURES: tuple[tuple[type[HTTPError], type[httpx2.TransportError]], ...] = (
    (NewConnectionError, httpx2.ConnectError),
    (ConnectTimeoutError, httpx2.ConnectTimeout),
    (SSLError, httpx2.ConnectError),
    (ReadTimeoutError, httpx2.ReadTimeout),
    (ProtocolError, httpx2.RemoteProtocolError),
    (HTTPError, httpx2.NetworkError),
)
"""The most special first."""


def direct_client(base: str, timeout: httpx2.Timeout) -> httpx2.Client:
    """A client for an SDK that asks at this address; it follows proxies of the environment."""
    transport = None if _has_proxy(base) else DirectTransport()
    return httpx2.Client(transport=transport, timeout=timeout, follow_redirects=True)


def _has_proxy(base: str) -> bool:
    address = urlsplit(base)
    proxies = getproxies()
    stands_before = bool(proxies.get(address.scheme) or proxies.get("all"))
    return stands_before and not proxy_bypass(address.netloc)


class DirectTransport(httpx2.BaseTransport):
    """Sends requests over connections that are kept. Any thread may use it."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(maxsize=_AT_ONCE, ssl_context=httpx2.create_ssl_context())

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it; the answer's body comes as it is read."""
        url = request.url
        limits = request.extensions.get("timeout", {})
        with _told(request):
            answer = self._pool.connection_from_host(url.host, url.port, url.scheme).urlopen(
                request.method,
                url.raw_path.decode("ascii"),
                body=request.read(),
                headers={name.decode("ascii"): text.decode() for name, text in request.headers.raw},
                retries=False,
                timeout=urllib3.Timeout(connect=limits.get("connect"), read=limits.get("read")),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        headers = list(answer.headers.iteritems())
        return httpx2.Response(answer.status, headers=headers, stream=_Body(answer, request))

    def close(self) -> None:
        """Close what is kept."""
        self._pool.clear()


class _Body(httpx2.SyncByteStream):
    """The body of an answer, in pieces as they come."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, request: httpx2.Request) -> None:
        self._answer = answer
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        with _told(self._request):
            while piece := self._answer.read1(_CHUNK, decode_content=False):
                yield piece

    def close(self) -> None:
        if not self._is_read_out():
            self._answer.close()

    def _is_read_out(self) -> bool:
        """Whether nothing more is to come, so that the connection can be used again."""
        connection = self._answer.connection
        sock = getattr(connection, "sock", None)
        if sock is None:
            return False
        sock.settimeout(_LAST_WORD_S)
        try:
            self._answer.read1(_CHUNK, decode_content=False)
            return not self._answer.read1(_CHUNK, decode_content=False)
        except HTTPError:
            return False


@contextmanager
def _told(request: httpx2.Request) -> Iterator[None]:
    """What goes wrong, in httpx's words."""
    try:
        yield
    except HTTPError as error:
        kind = next(ours for theirs, ours in _FAILURES if isinstance(error, theirs))
        raise kind(str(error), request=request) from error
