"""The proxy between real sockets."""

import http.client
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autoloop.egress import EgressProxy
from autoloop.errors import InfraError, RunError, TaskError
from autoloop.ports import Egress
from tests.egress.conftest import LOOPBACK, OpenWay, Way, read_all, read_until

LISTED = ("a.example", LOOPBACK)


def _tunnel(way: Way, port: int, host: str = "a.example") -> socket.socket:
    client = way.connect()
    client.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert read_until(client, b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    return client


def _say(host: socket.socket, words: bytes) -> None:
    with host:
        host.sendall(words)


def test_a_request_reaches_an_allowed_host(open_way: OpenWay, origin: int) -> None:
    answer = open_way(*LISTED).get(f"http://a.example:{origin}/x?y=z")

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"GET /x?y=z\n" in answer
    assert f"Host: a.example:{origin}\n".encode() in answer


def test_a_tunnel_reaches_an_allowed_host(open_way: OpenWay, origin: int) -> None:
    with _tunnel(open_way(*LISTED), origin) as client:
        client.sendall(b"GET /inside HTTP/1.0\r\n\r\n")

        assert b"GET /inside\n" in read_all(client)


def test_an_address_is_reached_when_it_is_listed(open_way: OpenWay, origin: int) -> None:
    assert b"200 OK" in open_way(LOOPBACK).get(f"http://{LOOPBACK}:{origin}/")


@pytest.mark.parametrize("method", ["GET http://b.example:{}/", "CONNECT b.example:{}"])
def test_another_host_is_refused_with_a_sentence(
    method: str, open_way: OpenWay, origin: int
) -> None:
    answer = open_way(*LISTED).ask(f"{method.format(origin)} HTTP/1.1\r\n\r\n".encode())

    line, _, rest = answer.partition(b"\r\n")
    assert line.startswith(b"HTTP/1.1 403 'b.example' is not among this task's allowed_hosts")
    assert b"allowed_hosts" in rest.partition(b"\r\n\r\n")[2]


def test_a_name_that_is_not_listed_is_not_even_resolved(open_way: OpenWay) -> None:
    asked: list[str] = []

    def remember(name: str) -> list[str]:
        asked.append(name)
        return [LOOPBACK]

    open_way("a.example", resolve=remember).get("http://words.b.example/")

    assert asked == []


def test_a_name_that_leads_to_this_machine_is_refused(open_way: OpenWay, origin: int) -> None:
    answer = open_way("a.example").get(f"http://a.example:{origin}/")

    assert answer.startswith(b"HTTP/1.1 403 'a.example' leads to 127.0.0.1")


def test_one_address_out_of_place_closes_the_name(open_way: OpenWay, origin: int) -> None:
    way = open_way("a.example", resolve=lambda _: ["192.0.2.1", "169.254.169.254"])

    assert b" 403 " in way.get(f"http://a.example:{origin}/")


def test_a_name_without_address_is_a_bad_gateway(open_way: OpenWay) -> None:
    def fail(name: str) -> list[str]:
        raise socket.gaierror(-2, f"no {name}")

    answer = open_way("a.example", resolve=fail).get("http://a.example/")

    assert answer.startswith(b"HTTP/1.1 502 The name 'a.example' is allowed, but cannot be resol")


def test_a_name_that_the_resolver_cannot_even_ask_for_is_a_bad_gateway(open_way: OpenWay) -> None:
    name = "a" * 70 + ".example"

    assert b" 502 " in open_way(name, resolve=lambda n: [n.encode("idna").decode()]).get(
        f"http://{name}/"
    )


def test_the_machines_own_resolver_is_asked(origin: int) -> None:
    with EgressProxy() as proxy, proxy.open(["localhost", LOOPBACK, "::1"]) as folder:
        answer = Way(folder).get(f"http://localhost:{origin}/")

    assert b"200 OK" in answer


def test_a_host_that_does_not_listen_is_a_bad_gateway(open_way: OpenWay) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]

    answer = open_way(*LISTED).ask(f"CONNECT a.example:{port} HTTP/1.1\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"cannot be reached: 127.0.0.1: " in answer


def test_the_next_address_is_tried_when_one_is_silent(open_way: OpenWay, origin: int) -> None:
    way = open_way("a.example", "127.0.0.0/8", "::1", resolve=lambda _: ["::1", LOOPBACK])

    assert b"200 OK" in way.get(f"http://a.example:{origin}/")


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 200000", b"x" * 200_000),
        (b"Transfer-Encoding: chunked", b"5;a=b\r\nabcde\r\n3\r\nfgh\r\n0\r\nTrailer: 1\r\n\r\n"),
    ],
)
def test_a_body_arrives_whole(framing: bytes, body: bytes, open_way: OpenWay, origin: int) -> None:
    head = f"POST http://a.example:{origin}/ HTTP/1.1\r\n".encode()

    answer = open_way(*LISTED).ask(head + framing + b"\r\n\r\n" + body)

    assert answer.partition(b"\r\n\r\n")[2] in {b"x" * 200_000, b"abcdefgh"}


def test_a_client_may_wait_for_leave_to_send_its_body(open_way: OpenWay, origin: int) -> None:
    head = f"POST http://a.example:{origin}/ HTTP/1.1\r\nContent-Length: 4\r\n"

    with open_way(*LISTED).connect() as client:
        client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        leave = read_until(client, b"\r\n\r\n")
        client.sendall(b"body")

        assert leave == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_all(client).endswith(b"\r\n\r\nbody")


def test_a_client_that_has_said_all_still_gets_its_answer(open_way: OpenWay, origin: int) -> None:
    with open_way(*LISTED).connect() as client:
        client.sendall(f"GET http://a.example:{origin}/ HTTP/1.1\r\n\r\n".encode())
        client.shutdown(socket.SHUT_WR)

        assert b"200 OK" in read_all(client)


def test_a_tunnel_may_be_closed_on_one_side_first(open_way: OpenWay) -> None:
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        _tunnel(open_way(*LISTED), server.getsockname()[1]) as client,
    ):
        host, _ = server.accept()
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        question = read_all(host)
        threading.Thread(target=_say, args=(host, b"answer" * 100_000)).start()

        assert question == b"question"
        assert read_all(client) == b"answer" * 100_000


def test_the_folder_holds_one_socket_that_all_may_use(open_way: OpenWay) -> None:
    folder = open_way().folder

    assert stat.S_IMODE((folder / "sock").stat().st_mode) == 0o666
    assert stat.S_IMODE(folder.stat().st_mode) == 0o711
    assert [file.name for file in folder.iterdir()] == ["sock"]
    assert len(str(folder / "sock")) < 100


def test_leaving_a_door_ends_its_connections_and_no_others(origin: int) -> None:
    with EgressProxy() as proxy, proxy.open([LOOPBACK]) as stays:
        with proxy.open([LOOPBACK]) as goes:
            ended = _tunnel(Way(goes), origin, LOOPBACK)
            going_on = _tunnel(Way(stays), origin, LOOPBACK)

        with ended, going_on:
            assert read_all(ended) == b""
            assert not goes.exists()
            going_on.sendall(b"GET /on HTTP/1.0\r\n\r\n")
            assert b"GET /on\n" in read_all(going_on)


def test_leaving_the_proxy_closes_what_is_open() -> None:
    egress: Egress
    with EgressProxy() as egress:
        door = egress.open([])
        folder = door.__enter__()

    door.__exit__(None, None, None)

    assert not folder.parent.exists()


def test_a_proxy_that_does_not_run_says_so() -> None:
    proxy = EgressProxy()

    with pytest.raises(RunError, match="inside"), proxy.open([]):
        pass


def test_a_host_that_is_none_opens_nothing() -> None:
    with EgressProxy() as proxy, pytest.raises(TaskError), proxy.open(["http://a.example"]):
        pass


def test_a_socket_that_cannot_be_made_is_the_machines_fault() -> None:
    with EgressProxy() as proxy, proxy.open([]) as folder:
        home = folder.parent
        home.rename(home.with_name(f"{home.name}-away"))
        try:
            with pytest.raises(InfraError, match="egress"), proxy.open([]):
                pass
        finally:
            home.with_name(f"{home.name}-away").rename(home)


def test_many_doors_open_and_close_at_once(origin: int) -> None:
    answers: list[bytes] = []

    def use(proxy: EgressProxy) -> None:
        with proxy.open([LOOPBACK]) as folder:
            answers.append(Way(folder).get(f"http://{LOOPBACK}:{origin}/"))

    with EgressProxy() as proxy:
        threads = [threading.Thread(target=use, args=(proxy,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sum(b"200 OK" in answer for answer in answers) == 20


def test_a_killed_process_leaves_nothing_for_long() -> None:
    code = (
        "import os; from autoloop.egress import EgressProxy\n"
        "with EgressProxy() as p, p.open([]) as f:\n    print(f, flush=True)\n    os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.exists()

    with EgressProxy():
        assert not left.parent.exists()


def test_proxies_that_begin_while_others_end_leave_each_other_alone() -> None:
    def come_and_go() -> None:
        for _ in range(50):
            with EgressProxy():
                pass

    with ThreadPoolExecutor(4) as pool:
        ended = [pool.submit(come_and_go) for _ in range(4)]

    assert [one.exception() for one in ended] == [None] * 4


def test_a_long_temporary_folder_is_avoided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))

    with EgressProxy() as proxy, proxy.open([]) as folder:
        assert (folder / "sock").is_socket()


def test_the_answer_to_a_refusal_is_plain_http(open_way: OpenWay) -> None:
    with open_way().connect() as client:
        client.sendall(b"GET http://b.example/\xc3 HTTP/1.1\r\n\r\n")
        answer = http.client.HTTPResponse(client)
        answer.begin()

        assert answer.status == 400
        assert answer.read().decode() == f"{answer.reason}\n"
