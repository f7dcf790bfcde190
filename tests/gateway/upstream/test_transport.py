"""The transport under the SDKs, against a server that is told each byte."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest

from autoloop.gateway.upstream.transport import DirectTransport, direct_client

EVENT = b"data: {}\n\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: {}\n\r\n1\r\n\n\r\n"
LAST = b"0\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


@dataclass
class Server:
    """Sends these bytes for each request on a connection, then waits for the next request."""

    answer: bytes = b""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    hangs_up: bool = False
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/ask?a=1"

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            while received := connection.recv(65_536):
                while b"\r\n\r\nhello" not in received:
                    received += connection.recv(65_536)
                self.requests.append(received)
                connection.sendall(self.answer)
                if self.hangs_up:
                    return


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=(listener,))
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(transport=DirectTransport(), timeout=5.0) as client:
        yield client


def first_piece(client: httpx2.Client, server: Server) -> bytes:
    """Ask, and read no more than an SDK reads: up to the last event."""
    with client.stream("POST", server.url, content=b"hello") as response:
        read = b""
        for piece in response.iter_bytes():
            read += piece
            if read == EVENT:
                break
    return read


def test_a_request_is_sent_as_the_sdk_wrote_it(server: Server, client: httpx2.Client) -> None:
    server.answer = SIZED + EVENT

    response = client.post(server.url, content=b"hello", headers={"X-Key": "secret"})

    sent = server.requests[0]
    assert (response.status_code, response.content) == (200, EVENT)
    assert sent.startswith(b"POST /v1/ask?a=1 HTTP/1.1\r\n")
    assert sent.endswith(b"\r\n\r\nhello")
    lowered = sent.lower()
    assert b"x-key: secret" in lowered
    assert lowered.count(b"content-length: 5\r\n") == 1
    assert lowered.count(b"host: ") == 1


@pytest.mark.parametrize("answer", [SIZED + EVENT, CHUNKED + LAST], ids=["sized", "chunked"])
def test_a_connection_is_used_again_when_all_was_read(
    server: Server, client: httpx2.Client, answer: bytes
) -> None:
    server.answer = answer

    read = [client.post(server.url, content=b"hello").content for _ in range(5)]

    assert read == [EVENT] * 5
    assert server.connections == 1


@pytest.mark.parametrize("answer", [SIZED + EVENT, CHUNKED + LAST], ids=["sized", "chunked"])
def test_a_connection_is_used_again_when_its_last_event_was_read(
    server: Server, client: httpx2.Client, answer: bytes
) -> None:
    server.answer = answer

    read = [first_piece(client, server) for _ in range(5)]

    assert read == [EVENT] * 5
    assert (len(server.requests), server.connections) == (5, 1)


def test_a_server_that_never_ends_its_answer_is_not_waited_for(
    server: Server, client: httpx2.Client
) -> None:
    server.answer = CHUNKED

    read = [first_piece(client, server) for _ in range(3)]

    assert read == [EVENT] * 3
    assert server.connections == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", httpx2.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx2.RemoteProtocolError),
        (SIZED + EVENT[:3], httpx2.RemoteProtocolError),
        (CHUNKED, httpx2.RemoteProtocolError),
    ],
    ids=["nothing", "nonsense", "short", "no last chunk"],
)
def test_an_answer_that_breaks_off_is_told_in_httpxs_words(
    server: Server, client: httpx2.Client, answer: bytes, kind: type[Exception]
) -> None:
    server.answer, server.hangs_up = answer, True

    with pytest.raises(kind):
        client.post(server.url, content=b"hello")


def test_silence_ends_after_the_time_that_was_set(server: Server) -> None:
    server.answer = CHUNKED
    with httpx2.Client(transport=DirectTransport(), timeout=0.05) as client:  # noqa: SIM117
        with pytest.raises(httpx2.ReadTimeout):
            client.post(server.url, content=b"hello")


def test_nobody_at_the_address_is_an_error_of_connecting(client: httpx2.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(httpx2.ConnectError) as caught:
        client.post(f"http://127.0.0.1:{port}/", content=b"hello")

    assert isinstance(caught.value.__cause__, Exception)


@pytest.mark.parametrize(
    ("environment", "is_asked"),
    [({}, False), ({"no_proxy": "127.0.0.1"}, False), ({"no_proxy": "elsewhere"}, True)],
    ids=["none", "left out", "named"],
)
def test_a_proxy_of_the_environment_stands_before_the_provider(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    is_asked: bool,  # noqa: FBT001
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server.answer = SIZED + EVENT
    target = server.url
    if environment:
        proxy = f"http://127.0.0.1:{server.port}"
        monkeypatch.setenv("http_proxy", proxy)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with direct_client(target, httpx2.Timeout(5.0)) as client:
        client.post(target, content=b"hello")

    assert server.requests[0].startswith(b"POST http://") is is_asked
