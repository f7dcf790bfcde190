"""What a user sees who is not root and may use the engine's socket, as JSON; run by a test."""

import json
import os
import socket
import sys
import tempfile
from pathlib import Path

import docker.transport  # noqa: F401 — before this user may not read it any more
import urllib3.contrib  # noqa: F401

from autoloop.ports import BoxSpec, Container
from autoloop.records import Environment, Network
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.engine import connect, engine_address
from autoloop.sandbox.host_way import HostWay
from autoloop.sandbox.loading import LoadingError
from tests.sandbox.conftest import BASE
from tests.sandbox.test_fences import BRIDGE, METADATA, OUTSIDE, calls, sends, serves

NOBODY = 65534
PROJECT = f"""
services:
  main: {{image: {BASE}}}
  side: {{image: {BASE}, command: [sleep, infinity]}}
"""


def become_plain() -> None:
    """Be nobody, in the group that may use the socket."""
    if os.geteuid() == 0:
        group = Path(engine_address().removeprefix("unix://")).stat().st_gid
        os.setgroups([])
        os.setgid(group)
        os.setuid(NOBODY)


def seen(box: Container, service: int) -> list[str]:
    """A service of this machine, metadata and the internet, from within."""
    places = f"{METADATA}:80", f"{OUTSIDE}:443"
    return [*set(calls(box, service, BRIDGE)), *sends(box, *places)]


def outside() -> str:
    """Why rules cannot be loaded from outside."""
    try:
        HostWay(connect()).yard(())
    except LoadingError as error:
        return str(error)
    return "they can"


def spec(folder: Path, mode: str, *, compose: Path | None = None) -> BoxSpec:
    image = None if compose else BASE
    network = Network(mode=mode)  # type: ignore[arg-type]
    environment = Environment(
        folder=folder, dockerfile=None, image=image, compose=compose, network=network
    )
    return BoxSpec(environment=environment, labels={}, folders=("/logs",))


def look(folder: Path, service: int) -> dict[str, object]:
    compose = folder / "docker-compose.yaml"
    compose.write_text(PROJECT)
    told: dict[str, object] = {"uid": os.getuid(), "outside": outside()}
    with DockerSandbox(folder, run="plain") as sandbox:
        told["gap"] = sandbox.open_side()
        with sandbox.box(spec(folder / "none", "public")) as box:
            told["public"] = seen(box, service)
        with sandbox.box(spec(folder / "none", "allowlist")) as box:
            box.set_network("public")
            told["opened later"] = seen(box, service)
        with sandbox.box(spec(folder, "public", compose=compose)) as box:
            serves(box.service("side"))
            told["project"] = [*seen(box, service), calls(box, 8080, "side")[0]]
    told["left"] = len(connect().containers(all=True, filters={"label": "autoloop.run=plain"}))
    return told


def main() -> None:
    """Look as a plain user."""
    socket.getaddrinfo("localhost", 80)
    become_plain()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        sys.stdout.write(json.dumps(look(Path(folder), int(sys.argv[1]))))


if __name__ == "__main__":
    main()
