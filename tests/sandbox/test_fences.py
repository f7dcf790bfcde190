"""Containers with a public network, and what they reach beside the internet."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from docker.api.client import APIClient

from autoloop.errors import EngineError
from autoloop.ports import BoxSpec, Container, ContainerSpec
from autoloop.records import Environment, Network
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.addresses import addresses_of_machine
from autoloop.sandbox.cli import DockerCli
from autoloop.sandbox.container import DockerContainer
from autoloop.sandbox.container_way import FOLDER, ContainerWay
from autoloop.sandbox.containers import Containers
from autoloop.sandbox.engine import engine_address
from autoloop.sandbox.fences import Fences
from autoloop.sandbox.host_way import PATH, HostWay, RuleLoader
from autoloop.sandbox.images import Images
from autoloop.sandbox.living import Living
from autoloop.sandbox.loading import Way
from autoloop.sandbox.removal import remove_container
from autoloop.sandbox.watch import DiskWatch
from tests.sandbox.conftest import BASE
from tests.sandbox.test_namespaces import wait_until_gone

pytestmark = pytest.mark.docker

LABELS = {"autoloop.test": "fences"}
OPEN = ContainerSpec(image=BASE, labels={}, network="public", folders=("/logs",))
OUTSIDE = "198.51.100.7"
"""An address that nobody has (RFC 5737): packets to it leave the container all the same."""
METADATA = "169.254.169.254"
BRIDGE = "172.17.0.1"
SEND = """
import socket, sys
for place in sys.argv[1:]:
    host, port = place.rsplit(":", 1)
    with socket.socket(type=socket.SOCK_DGRAM) as caller:
        try:
            caller.sendto(b"?", (host, int(port)))
            print("leaves")
        except PermissionError:
            print("stays")
"""
CALL = """
import socket, sys
for host in sys.argv[3:]:
    for device in sys.argv[2].split(","):
        with socket.socket() as caller:
            caller.settimeout(2)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            try:
                caller.connect((host, int(sys.argv[1])))
                print("reached")
            except OSError as error:
                print(error.strerror)
"""
SERVE = """
import os, socket
server = socket.create_server(("", 8080))
if os.fork() == 0:
    os.closerange(0, 3)
    while True:
        server.accept()[0].close()
"""


@pytest.fixture(scope="module")
def fenced(sandbox: DockerSandbox) -> DockerSandbox:
    if (reason := sandbox.open_side()) is not None:
        pytest.skip(f"Here is no fence: {reason}.")
    return sandbox


@contextmanager
def by_container(engine: APIClient, *, folder: Path = FOLDER) -> Iterator[ContainerWay]:
    living = Living()
    try:
        images = Images(engine, DockerCli())
        yield ContainerWay(engine, images, labels=LABELS, living=living, folder=folder)
    finally:
        living.close()


@pytest.fixture(scope="module", params=["from outside", "from within"])
def fences(
    engine: APIClient, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fences]:
    """Built in each way; from within where there are no programs to do it from outside."""
    ways: tuple[Way, ...] = (HostWay(engine),)
    with by_container(engine) as within:
        if request.param == "from within":
            no_programs = RuleLoader(str(tmp_path_factory.mktemp("empty")))
            ways = (HostWay(engine, loader=no_programs), within)
        fences = Fences(engine, ways=ways)
        if (reason := fences.gap()) is not None:
            pytest.skip(f"Here is no fence {request.param}: {reason}.")
        yield fences


@pytest.fixture(scope="module")
def pair(engine: APIClient, fences: Fences) -> Iterator[tuple[Container, Container]]:
    """Two containers with a fence, shared by tests that leave nothing behind."""
    with (
        containers_with(engine, fences) as containers,
        containers.start(OPEN) as one,
        containers.start(OPEN) as other,
    ):
        yield one, other


def sends(box: Container, *places: str) -> list[str]:
    """Whether a packet to a place leaves the container."""
    box.write("/logs/send.py", SEND.encode())
    return box.run(f"python3 /logs/send.py {' '.join(places)}").stdout.split()


def serves(box: Container) -> str:
    """Have it serve at port 8080; its address."""
    box.write("/logs/serve.py", SERVE.encode())
    return box.run("python3 /logs/serve.py && hostname -i").stdout.strip()


def calls(box: Container, port: int, *hosts: str, devices: str = ",eth0") -> list[str]:
    """What comes of calling each, plainly and bound to the device."""
    box.write("/logs/call.py", CALL.encode())
    command = f"python3 /logs/call.py {port} {devices or repr(devices)} {' '.join(hosts)}"
    return box.run(command).stdout.splitlines()


@contextmanager
def made(
    engine: APIClient,
    **config: Any,  # noqa: ANN401 — as the engine's own call
) -> Iterator[DockerContainer]:
    """A container that somebody else started."""
    host_config = engine.create_host_config(init=True, **config)
    mode = str(config.get("network_mode", "bridge"))
    about = engine.create_container(
        BASE, ["sleep", "infinity"], host_config=host_config, labels={"autoloop.test": mode}
    )
    try:
        engine.start(about["Id"])
        yield DockerContainer(engine, about["Id"], image=BASE)
    finally:
        remove_container(engine, about["Id"])


def rules_of_machine() -> list[str]:
    """Those that a fence would be; the engine itself changes others as networks come and go."""
    program = shutil.which("iptables-save", path=PATH) or "iptables-save"
    saved = subprocess.run([program, "-t", "filter"], capture_output=True, text=True, check=True)
    return [line for line in saved.stdout.splitlines() if line.startswith("-A OUTPUT")]


def test_no_service_of_this_machine_is_reached_by_any_of_its_addresses(
    pair: tuple[Container, Container], service: int
) -> None:
    hosts = [str(one) for one in addresses_of_machine() if one.version == 4]

    answers = calls(pair[0], service, *hosts)
    sent = sends(pair[0], f"{BRIDGE}:53", f"{METADATA}:80", "255.255.255.255:9", "224.0.0.1:9")

    assert BRIDGE in hosts
    assert set(answers) == {"Connection refused"}
    assert set(sent) == {"stays"}


def test_without_a_fence_the_same_service_is_reached(
    engine: APIClient, fenced: DockerSandbox, service: int
) -> None:
    assert fenced.open_side() is None

    with made(engine) as box:
        assert calls(box, service, BRIDGE) == ["reached", "reached"]
        assert sends(box, f"{METADATA}:80") == ["leaves"]


def test_the_internet_and_a_containers_own_services_are_reached_and_its_neighbours_are_not(
    pair: tuple[Container, Container],
) -> None:
    own = serves(pair[0])

    assert sends(pair[0], f"{OUTSIDE}:53", f"{OUTSIDE}:443") == ["leaves", "leaves"]
    assert calls(pair[0], 8080, "127.0.0.1", own, devices="") == ["reached", "reached"]
    assert calls(pair[1], 8080, own) == ["Connection refused", "Connection refused"]


def test_a_nameserver_on_this_machine_is_asked_for_names_and_nothing_else(
    engine: APIClient, fences: Fences
) -> None:
    with made(engine, dns=[BRIDGE]) as box:
        fences.around(box.id).close(on_bridge=True)

        assert sends(box, f"{BRIDGE}:53", f"{BRIDGE}:54") == ["leaves", "stays"]


@pytest.mark.parametrize("mode", ["none", "allowlist"])
def test_a_network_that_opens_later_is_fenced_whatever_stands_in_the_container(
    fenced: DockerSandbox, tmp_path: Path, mode: str, service: int
) -> None:
    network = Network(mode=mode)  # type: ignore[arg-type]
    environment = Environment(folder=tmp_path, dockerfile=None, image=BASE, network=network)

    with fenced.box(BoxSpec(environment=environment, labels={})) as box:
        box.run(f"echo nameserver {BRIDGE} > /etc/resolv.conf")
        box.set_network("public")

        assert calls(box, service, BRIDGE) == ["Connection refused"] * 2
        assert sends(box, f"{BRIDGE}:53", f"{OUTSIDE}:53") == ["stays", "leaves"]


@pytest.mark.parametrize(
    "config",
    [
        {"network_mode": "host"},
        {"cap_add": ["NET_ADMIN"]},
        {"extra_hosts": {"machine": "host-gateway"}},
    ],
)
def test_who_asks_for_this_machine_gets_it_and_its_rules_stay(
    engine: APIClient, fences: Fences, service: int, config: dict[str, Any]
) -> None:
    before = rules_of_machine()

    with made(engine, **config) as box:
        fences.around(box.id).close(on_bridge=True)

        assert calls(box, service, BRIDGE, devices="") == ["reached"]
    assert rules_of_machine() == before


def test_nothing_is_fenced_where_programs_are_missing_and_the_reason_is_told(
    engine: APIClient, tmp_path: Path, service: int
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM autoloop/base:none\n")
    outside = HostWay(engine, loader=RuleLoader(str(tmp_path)))

    with by_container(engine, folder=tmp_path) as within, made(engine) as box:
        fences = Fences(engine, ways=(outside, within))
        fences.around(box.id).close(on_bridge=True)

        assert calls(box, service, BRIDGE)[0] == "reached"
    assert re.fullmatch(
        r"services of this machine, .* other containers, since (the program unshare is not here"
        r"|autoloop does not run as root), and no container of its own can load rules:"
        r" .* FROM autoloop/base:none, which is not here: run sandboxes/setup\.sh .*[^.]",
        str(fences.gap()),
    )


@contextmanager
def containers_with(engine: APIClient, fences: Fences) -> Iterator[Containers]:
    living = Living()
    try:
        yield Containers(
            engine,
            labels=LABELS,
            living=living,
            watch=DiskWatch(engine),
            fences=fences,
        )
    finally:
        living.close()


def test_a_fence_that_could_be_built_at_first_must_be_built(
    engine: APIClient, fenced: DockerSandbox, tmp_path: Path
) -> None:
    assert fenced.open_side() is None
    loader = tmp_path / "iptables-restore"
    loader.symlink_to(shutil.which("iptables-restore", path=PATH) or "/")
    way = HostWay(engine, loader=RuleLoader(f"{tmp_path}:{PATH}"))

    with (
        containers_with(engine, Fences(engine, ways=(way,))) as containers,
        containers.start(OPEN) as box,
    ):
        assert sends(box, f"{BRIDGE}:9") == ["stays"]
        loader.unlink()
        loader.write_text("#!/bin/sh\necho no such table >&2\nexit 3\n")
        loader.chmod(0o755)
        with (
            pytest.raises(EngineError, match=r"-restore failed: no such table\. .*doctor"),
            containers.start(OPEN),
        ):
            pass


def test_a_fence_that_our_containers_could_build_at_first_must_be_built(
    engine: APIClient, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "fence"))

    with by_container(engine, folder=folder) as way, made(engine) as box:
        fence = Fences(engine, ways=(way,))
        assert fence.gap() is None
        (folder / "Dockerfile").write_text("FROM autoloop/base:none\n")
        with pytest.raises(EngineError, match=r"base:none, which is not here.*doctor"):
            fence.around(box.id).close(on_bridge=True)


def test_ipv6_is_not_needed_where_the_bridge_has_none(
    engine: APIClient, fenced: DockerSandbox, tmp_path: Path
) -> None:
    assert fenced.open_side() is None
    if engine.inspect_network("bridge")["EnableIPv6"]:
        pytest.skip("The engine's bridge has IPv6.")
    for name in ("unshare", "nsenter", "iptables-restore"):
        (tmp_path / name).symlink_to(shutil.which(name, path=PATH) or "/")

    way = HostWay(engine, loader=RuleLoader(str(tmp_path)))
    assert Fences(engine, ways=(way,)).gap() is None


def test_who_is_not_root_and_may_use_the_engine_has_fences_all_the_same(service: int) -> None:
    socket_file = Path(engine_address().removeprefix("unix://"))
    if os.geteuid() == 0 and not (
        socket_file.is_socket()
        and socket_file.stat().st_gid
        and socket_file.stat().st_mode & stat.S_IWGRP
    ):
        pytest.skip("The engine's socket is for root alone.")

    ended = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.plain_user", str(service)],
        env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "uid": 65534 if os.geteuid() == 0 else os.geteuid(),
        "outside": "autoloop does not run as root",
        "gap": None,
        "public": ["Connection refused", "stays", "leaves"],
        "opened later": ["Connection refused", "stays", "leaves"],
        "project": ["Connection refused", "stays", "leaves", "reached"],
        "left": 0,
    }


def test_a_network_that_is_used_again_is_still_fenced_off(
    engine: APIClient, fenced: DockerSandbox, service: int
) -> None:
    assert fenced.open_side() is None

    with containers_with(engine, Fences(engine, ways=(HostWay(engine),))) as containers:
        seen = []
        for _ in range(2):
            with containers.start(OPEN) as box:
                seen.append((box.run("hostname").stdout, calls(box, service, BRIDGE)))
            wait_until_gone(engine, box)

    assert seen[0] == seen[1]
    assert set(seen[0][1]) == {"Connection refused"}
