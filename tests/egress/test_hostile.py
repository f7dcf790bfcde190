"""Clients and hosts that do not keep to any rule."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from autoloop.egress import Limits
from tests.egress.conftest import LOOPBACK, OpenWay, Way, read_all, read_until

SHORT = Limits(head_s=0.1, connect_s=0.1, idle_s=0.2, linger_s=0.1)


@contextmanager
def _host_that_says(words: bytes, *, hears: bytes = b"\r\n\r\n") -> Iterator[int]:
    """The port of a host that hears up to these bytes, says its words to one client, and ends."""

    def serve() -> None:
        client, _ = server.accept()
        with client:
            client.settimeout(20)
            read_until(client, hears)
            client.sendall(words)

    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"\x05\x01\x00\r\n\r\n",
        b"GET http://a.example/\r\nX: y HTTP/1.1\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\nHost: b.example\n\r\n\r\n",
        bytes(range(256)) * 20 + b"\r\n\r\n",
    ],
)
def test_garbage_is_refused(garbage: bytes, open_way: OpenWay) -> None:
    assert open_way(LOOPBACK).ask(garbage).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_never_finishes_its_head_is_turned_away(open_way: OpenWay) -> None:
    answer = open_way(LOOPBACK, limits=SHORT).ask(b"GET http://a.exa")

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_leaves_in_the_middle_of_its_head_gets_no_answer(open_way: OpenWay) -> None:
    with open_way(LOOPBACK).connect() as client:
        client.sendall(b"GET http://a.exa")
        client.shutdown(socket.SHUT_WR)

        assert read_all(client) == b""


def test_a_huge_head_is_refused(open_way: OpenWay) -> None:
    raw = b"GET http://a.example/ HTTP/1.1\r\nX: " + b"x" * 200_000

    assert open_way(LOOPBACK).ask(raw).startswith(b"HTTP/1.1 431 ")


def test_a_refused_client_may_send_on_and_still_reads_why(open_way: OpenWay) -> None:
    raw = b"POST http://b.example/ HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000

    assert open_way(LOOPBACK).ask(raw).startswith(b"HTTP/1.1 403 ")


def test_a_second_request_behind_the_first_goes_nowhere(open_way: OpenWay, origin: int) -> None:
    first = f"GET http://{LOOPBACK}:{origin}/first HTTP/1.1\r\n\r\n"
    second = f"GET http://{LOOPBACK}:{origin}/second HTTP/1.1\r\n\r\n"

    answer = open_way(LOOPBACK).ask((first + second).encode())

    assert b"/first" in answer
    assert b"/second" not in answer


def test_a_body_ends_where_its_length_says(open_way: OpenWay) -> None:
    with _host_that_says(b"HTTP/1.1 200 OK\r\n\r\n", hears=b"\r\n\r\nbody") as port:
        head = f"POST http://{LOOPBACK}:{port}/ HTTP/1.1\r\nContent-Length: 4\r\n\r\n"

        answer = open_way(LOOPBACK).ask(head.encode() + b"bodyGET / HTTP/1.1\r\n\r\n")

    assert answer == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def test_a_tunnel_takes_no_notice_of_framing(open_way: OpenWay, origin: int) -> None:
    head = f"CONNECT {LOOPBACK}:{origin} HTTP/1.1\r\nContent-Length: 5\r\n\r\n"

    answer = open_way(LOOPBACK).ask(head.encode() + b"GET /early HTTP/1.0\r\n\r\n")

    assert b"Connection established\r\n\r\nHTTP/1.1 200 OK" in answer
    assert b"GET /early\n" in answer


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"-1\r\n", b"5\rabcde", b"5\r\nab", b"x" * 200_000])
def test_chunks_that_are_none_end_the_request(
    chunks: bytes, open_way: OpenWay, origin: int
) -> None:
    head = f"POST http://{LOOPBACK}:{origin}/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

    with open_way(LOOPBACK).connect() as client:
        client.sendall(head.encode() + chunks)
        client.shutdown(socket.SHUT_WR)

        assert read_all(client).startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize(
    "words", [b"", b"SSH-2.0-server\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: cut off"]
)
def test_a_host_that_answers_with_nonsense_is_a_bad_gateway(
    words: bytes, open_way: OpenWay
) -> None:
    with _host_that_says(words) as port:
        answer = open_way(LOOPBACK).get(f"http://{LOOPBACK}:{port}/")

    assert answer.startswith(b"HTTP/1.1 502 ")


def test_a_host_with_an_endless_head_is_a_bad_gateway(open_way: OpenWay) -> None:
    with _host_that_says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000) as port:
        answer = open_way(LOOPBACK).get(f"http://{LOOPBACK}:{port}/")

    assert answer.startswith(b"HTTP/1.1 502 ")


def test_a_host_that_answers_before_it_heard_all_is_heard(open_way: OpenWay) -> None:
    with _host_that_says(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n") as port:
        head = f"POST http://{LOOPBACK}:{port}/ HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"

        answer = open_way(LOOPBACK).ask(head.encode() + b"some of it")

    assert answer.startswith(b"HTTP/1.1 413 No\r\n")


@pytest.mark.parametrize(
    ("method", "answered"),
    [("GET http://{}:{}/", b"504 The host did not"), ("CONNECT {}:{}", b"200 Connection est")],
)
def test_silence_ends_a_connection(method: str, answered: bytes, open_way: OpenWay) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        line = method.format(LOOPBACK, server.getsockname()[1])

        answer = open_way(LOOPBACK, limits=SHORT).ask(f"{line} HTTP/1.1\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 " + answered)


def test_a_resolver_that_hangs_is_given_up(open_way: OpenWay) -> None:
    go_on = threading.Event()

    def hang(name: str) -> list[str]:
        go_on.wait(20)
        return [name]

    answer = open_way("a.example", limits=SHORT, resolve=hang).get("http://a.example/")
    go_on.set()

    assert answer.startswith(b"HTTP/1.1 504 The name 'a.example' was not resolved")


def test_a_host_that_swallows_connections_is_given_up(open_way: OpenWay) -> None:
    with socket.socket() as server, ExitStack() as stack:
        server.bind((LOOPBACK, 0))
        server.listen(0)
        port = server.getsockname()[1]
        # The queue of a server that accepts nobody is full after this one.
        stack.enter_context(socket.create_connection((LOOPBACK, port)))

        answer = open_way(LOOPBACK, limits=SHORT).get(f"http://{LOOPBACK}:{port}/")

    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b"does not answer within 0.1 s" in answer


def test_a_host_that_ends_while_a_body_is_still_sent_is_heard(open_way: OpenWay) -> None:
    with _host_that_says(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n") as port:
        head = f"POST http://{LOOPBACK}:{port}/ HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"
        with open_way(LOOPBACK).connect() as client:
            client.sendall(head.encode())
            answer = read_until(client, b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 No\r\n")


def test_connections_of_one_door_are_limited(open_way: OpenWay) -> None:
    way = open_way(LOOPBACK, limits=Limits(connections=3))

    with ExitStack() as stack:
        for _ in range(3):
            _busy(way, stack)

        assert way.get(f"http://{LOOPBACK}/").startswith(b"HTTP/1.1 503 ")


def _busy(way: Way, stack: ExitStack) -> None:
    """A tunnel that stays open until the stack ends."""
    server = stack.enter_context(socket.create_server((LOOPBACK, 0)))
    client = stack.enter_context(way.connect())
    client.sendall(f"CONNECT {LOOPBACK}:{server.getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
    read_until(client, b"\r\n\r\n")
