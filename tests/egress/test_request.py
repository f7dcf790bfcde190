"""Heads of requests: what is understood, and what is refused instead of guessed."""

import pytest

from autoloop.egress.refusal import RefusalError
from autoloop.egress.request import parse_answer, parse_request


def _head(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("a.example:443", "a.example", 443),
        ("A.Example:443", "a.example", 443),
        ("a.example.:8443", "a.example", 8443),
        ("192.0.2.1:22", "192.0.2.1", 22),
        ("192.0.2.1.:22", "192.0.2.1", 22),
        ("[2001:DB8::1]:443", "2001:db8::1", 443),
        ("under_score.example:1", "under_score.example", 1),
    ],
)
def test_a_tunnel_names_host_and_port(target: str, host: str, port: int) -> None:
    request = parse_request(_head(f"CONNECT {target} HTTP/1.1", "Host: something.else"))

    assert request.is_tunnel
    assert (request.host, request.port) == (host, port)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://a.example", "a.example", "/"),
        ("HTTP://A.example:80/x", "a.example", "/x"),
        ("http://a.example:8080/x?y=http://b.example/", "a.example:8080", "/x?y=http://b.example/"),
        ("http://a.example?q", "a.example", "/?q"),
        ("http://[::1]:81/", "[::1]:81", "/"),
    ],
)
def test_an_absolute_url_is_taken_apart(url: str, authority: str, path: str) -> None:
    request = parse_request(_head(f"GET {url} HTTP/1.1"))

    assert (request.authority, request.path) == (authority, path)


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT a.example HTTP/1.1",
        "CONNECT a.example:0 HTTP/1.1",
        "CONNECT a.example:65536 HTTP/1.1",
        "CONNECT a.example:-1 HTTP/1.1",
        "CONNECT user@a.example:443 HTTP/1.1",
        "CONNECT a.example:443:443 HTTP/1.1",
        "CONNECT a..example:443 HTTP/1.1",
        "CONNECT [fe80::1%25eth0]:443 HTTP/1.1",
        "CONNECT ::1:443 HTTP/1.1",
        "CONNECT http://a.example:443/ HTTP/1.1",
        "CONNECT a.example:443/../b.example:443 HTTP/1.1",
        "GET / HTTP/1.1",
        "GET a.example:80 HTTP/1.1",
        "GET https://a.example/ HTTP/1.1",
        "GET ftp://a.example/ HTTP/1.1",
        "GET http://user:secret@a.example/ HTTP/1.1",
        "GET http://a.example\\@b.example/ HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://a.example/ HTTP/2.0",
        "GET  http://a.example/ HTTP/1.1",
        "GET http://a.example/ x HTTP/1.1",
        "GET http://a.example/\xe4 HTTP/1.1",
        "GET http://a.example/",
        "\x16\x03\x01\x02",
        "",
    ],
)
def test_a_doubtful_first_line_is_refused(line: str) -> None:
    with pytest.raises(RefusalError) as raised:
        parse_request(_head(line))

    assert raised.value.status == 400


@pytest.mark.parametrize(
    "header",
    ["no colon", " folded: line", "spaced : x", "a: b\nc: d", "a: b\rc: d", "a: \x00", ": x"],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(RefusalError, match="header"):
        parse_request(_head("GET http://a.example/ HTTP/1.1", header))


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 3", "Transfer-Encoding: chunked"),
        ("Content-Length: 3", "Content-Length: 4"),
        ("Content-Length: 3", "content-length: 3"),
        ("Content-Length: 3, 3",),
        ("Content-Length: +3",),
        ("Content-Length: 3_0",),
        ("Content-Length: ",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ],
)
def test_a_body_of_doubtful_length_is_refused(headers: tuple[str, ...]) -> None:
    request = parse_request(_head("POST http://a.example/ HTTP/1.1", *headers))

    with pytest.raises(RefusalError, match=r"[lL]ength"):
        assert request.body_length


def test_chunks_are_not_for_the_older_protocol() -> None:
    request = parse_request(_head("POST http://a.example/ HTTP/1.0", "Transfer-Encoding: chunked"))

    with pytest.raises(RefusalError):
        assert request.body_length


def test_what_is_forwarded_goes_to_the_host_asked_for_and_ends_the_connection() -> None:
    request = parse_request(
        _head(
            "POST http://a.example/x HTTP/1.1",
            "Host: b.example",
            "Connection: keep-alive, X-Private, Transfer-Encoding, Host",
            "Proxy-Authorization: Basic c2VjcmV0",
            "Proxy-Connection: keep-alive",
            "Upgrade: websocket",
            "X-Private: 1",
            "Transfer-Encoding: chunked",
            "Accept: */*",
        )
    )

    assert request.forwarded() == _head(
        "POST /x HTTP/1.1",
        "Host: a.example",
        "Transfer-Encoding: chunked",
        "Accept: */*",
        "Connection: close",
    )


def test_an_answer_says_that_the_connection_ends_with_it() -> None:
    answer = parse_answer(
        _head("HTTP/1.1 200 OK", "Connection: keep-alive", "Keep-Alive: timeout=5", "ETag: 1")
    )

    assert not answer.is_interim
    assert answer.raw == _head("HTTP/1.1 200 OK", "ETag: 1", "Connection: close")


def test_an_interim_answer_is_passed_on_as_it_is() -> None:
    head = _head("HTTP/1.1 100 Continue", "Connection: x")

    answer = parse_answer(head)

    assert answer.is_interim
    assert answer.raw == head


@pytest.mark.parametrize("line", ["SSH-2.0-x", "HTTP/1.1 OK", "HTTP/2 200", "HTTP/1.1 200\r\nX y"])
def test_an_answer_that_is_no_http_is_the_hosts_fault(line: str) -> None:
    with pytest.raises(RefusalError) as raised:
        parse_answer(_head(line, "Server: x"))

    assert raised.value.status == 502
