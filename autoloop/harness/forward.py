"""A TCP port on the container's loopback that leads to the Unix socket, for SDKs."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

PORT = 8417
PLACEHOLDER_KEY = "unused-inside-the-sandbox"
NO_NETWORK_TRIES = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HARBOR_TELEMETRY": "off",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "LANGSMITH_TRACING": "false",
    "OTEL_SDK_DISABLED": "true",
    "HF_HUB_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
}
"""What keeps packages from asking for things in a network that is not there."""
_CHUNK = 65_536


def listen(path: str) -> int:
    """Forward a port to the Unix socket from now on; returns its number."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("127.0.0.1", PORT))
    except OSError:
        # Outside a container somebody else may have it.
        server.bind(("127.0.0.1", 0))
    server.listen(128)
    _start(_accept, server, path)
    return int(server.getsockname()[1])


def point_sdks_at(port: int) -> None:
    """Set the variables that the openai and anthropic SDKs, and what builds on them, read."""
    base = f"http://127.0.0.1:{port}"
    os.environ["OPENAI_BASE_URL"] = os.environ["OPENAI_API_BASE"] = f"{base}/v1"
    os.environ["ANTHROPIC_BASE_URL"] = os.environ["ANTHROPIC_API_BASE"] = base
    os.environ["OPENAI_API_KEY"] = os.environ["ANTHROPIC_API_KEY"] = PLACEHOLDER_KEY
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    os.environ.update(NO_NETWORK_TRIES)


def _accept(server: socket.socket, path: str) -> None:
    while True:
        client, _ = server.accept()
        _start(_connect, client, path)


def _connect(client: socket.socket, path: str) -> None:
    upstream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        upstream.connect(path)
    except OSError:
        # The trial is over: the client sees its connection closed.
        client.close()
        upstream.close()
        return
    back = _start(_pump, upstream, client)
    _pump(client, upstream)
    back.join()
    client.close()
    upstream.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone; the other must not wait for it.
        _hang_up(source)
        _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It was closed already.
        return


def _start(work: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread
