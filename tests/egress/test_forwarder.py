"""The forwarder as a process of its own, between ordinary clients and the proxy."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autoloop.egress import EgressProxy
from autoloop.harness import egress
from tests.egress.conftest import LOOPBACK, OpenWay

SCRIPT = Path(egress.__file__)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def _start(folder: Path, port: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-I", str(SCRIPT)],
        env={
            "PATH": os.environ["PATH"],
            "AUTOLOOP_SOCKET": str(folder / "sock"),
            "AUTOLOOP_PROXY_PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def _forwarding(folder: Path) -> Iterator[str]:
    """The address that clients take for a proxy."""
    port = _free_port()
    with _start(folder, port) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{egress.LISTENING}\n"
        yield f"http://{LOOPBACK}:{port}"
        process.kill()


@pytest.fixture
def proxy(open_way: OpenWay) -> Iterator[str]:
    with _forwarding(open_way(LOOPBACK, "a.example").folder) as address:
        yield address


def _curl(proxy: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed.")
    command = ["curl", "--silent", "--show-error", "--max-time", "20", "--proxy", proxy, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_urllib_reaches_an_allowed_host(proxy: str, origin: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))

    with opener.open(f"http://a.example:{origin}/x", timeout=20) as answer:
        assert answer.read().startswith(b"GET /x\n")


def test_urllib_tells_why_a_tunnel_is_refused(proxy: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": proxy}))

    with pytest.raises(urllib.error.URLError, match=r"403 'b\.example' .* allowed_hosts"):
        opener.open("https://b.example/", timeout=20)


def test_curl_asks_twice_and_through_a_tunnel(proxy: str, origin: int) -> None:
    url = f"http://a.example:{origin}"

    plain = _curl(proxy, f"{url}/one", f"{url}/two")
    tunnel = _curl(proxy, "--proxytunnel", f"{url}/one", f"{url}/two")

    for done in (plain, tunnel):
        assert "GET /one\n" in done.stdout
        assert "GET /two\n" in done.stdout


def test_curl_posts_a_large_file(proxy: str, origin: int, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * 3_000_000)

    done = _curl(proxy, "--data-binary", f"@{large}", f"http://a.example:{origin}/")

    assert done.stdout == "x" * 3_000_000


def test_curl_is_told_why_not(proxy: str) -> None:
    assert "allowed_hosts" in _curl(proxy, "http://b.example/").stdout
    assert "403" in _curl(proxy, "https://b.example/").stderr


def test_a_door_that_closed_ends_what_goes_through_the_forwarder() -> None:
    with (
        EgressProxy() as proxy,
        proxy.open([LOOPBACK]) as folder,
        _forwarding(folder) as address,
    ):
        proxy.__exit__(None, None, None)

        assert _curl(address, "http://a.example/").returncode != 0


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        _start(tmp_path, server.getsockname()[1]) as process,
    ):
        stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == 1
    assert stdout == ""
    assert "cannot be opened" in stderr
