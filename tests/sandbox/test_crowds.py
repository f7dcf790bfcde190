"""Many at once, and little disk: starting is throttled, and refused before the disk is full."""

import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from docker.api.client import APIClient
from requests import PreparedRequest, Response

from autoloop.errors import StorageError
from autoloop.ports import BoxSpec, ContainerSpec
from autoloop.records import Environment
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.containers import STARTS_AT_ONCE, Containers
from autoloop.sandbox.disk import CHECKED_FOR_S, DiskGuard
from autoloop.sandbox.engine import engine_address
from autoloop.sandbox.fences import Fences
from autoloop.sandbox.living import Living
from autoloop.sandbox.networks import Networks
from autoloop.sandbox.rules import RANGE
from autoloop.sandbox.watch import DiskWatch
from tests.sandbox.conftest import BASE, RUN

pytestmark = pytest.mark.docker


class CountingClient(APIClient):
    """Notes how many containers are being created or started at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        super().__init__(base_url=engine_address(), version="auto", timeout=120)

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:  # noqa: ANN401 — theirs
        starts = re.search(r"/containers/(create|\w+/start)(\?|$)", request.url or "")
        self._count(1 if starts else 0)
        try:
            return super().send(request, **kwargs)
        finally:
            self._count(-1 if starts else 0)

    def _count(self, change: int) -> None:
        with self._lock:
            self._now += change
            self.most = max(self.most, self._now)


def test_a_crowd_is_started_a_few_at_a_time(engine: APIClient) -> None:
    assert engine.ping()
    api, living = CountingClient(), Living()
    watch = DiskWatch(api)
    containers = Containers(
        api,
        labels={"autoloop.test": "crowd"},
        living=living,
        watch=watch,
        fences=Fences(api, ways=()),
    )
    spec = ContainerSpec(image=BASE, labels={}, hardened=True)

    def start(_: int) -> int:
        with containers.start(spec) as container:
            return container.run("true").exit_code

    with ThreadPoolExecutor(5 * STARTS_AT_ONCE) as pool:
        codes = list(pool.map(start, range(5 * STARTS_AT_ONCE)))
    living.close()
    api.close()

    assert codes == [0] * 5 * STARTS_AT_ONCE
    assert 1 < api.most <= STARTS_AT_ONCE


def test_nothing_is_started_where_little_disk_is_left(engine: APIClient, tmp_path: Path) -> None:
    environment = Environment(folder=tmp_path, dockerfile=None, image=BASE)
    run = f"{RUN}-full"

    with DockerSandbox(tmp_path, run=run, min_free_gb=1e9) as sandbox:
        with pytest.raises(StorageError, match=r"GB are free on the disk of .*autoloop gc"):
            sandbox.start(ContainerSpec(image=BASE, labels={}))
        with (
            pytest.raises(StorageError, match="less than 1e\\+09 GB"),
            sandbox.box(BoxSpec(environment=environment, labels={})),
        ):
            pass

    assert engine.containers(all=True, filters={"label": f"autoloop.run={run}"}) == []


def test_the_disks_are_looked_at_again_after_a_while(engine: APIClient, tmp_path: Path) -> None:
    now = [0.0]
    project = tmp_path / "project"
    project.mkdir()
    guard = DiskGuard(engine, project=project, min_free_gb=0.001, clock=lambda: now[0])

    guard.require_room()
    project.rmdir()
    guard.require_room()
    now[0] = CHECKED_FOR_S

    with pytest.raises(FileNotFoundError):
        guard.require_room()


def test_a_network_finds_a_range_that_nobody_uses(engine: APIClient) -> None:
    own = os.getpid() % 8_000
    drawn = iter([own, own, own + 1])
    networks = Networks(engine, labels={"autoloop.test": "1"}, draw=lambda _: next(drawn))

    made = [
        networks.make(f"autoloop-{RUN}-{number}", members=3, is_internal=True, labels={})
        for number in range(2)
    ]
    configs = [engine.inspect_network(name)["IPAM"]["Config"][0]["Subnet"] for name in made]
    for name in made:
        engine.remove_network(name)

    assert configs == [f"{RANGE[16 * number]}/28" for number in (own, own + 1)]


def test_networks_made_at_once_take_nothing_from_the_engines_few_pools(engine: APIClient) -> None:
    networks = Networks(engine, labels={"autoloop.test": "1"})

    def make(number: int) -> IPv4Network:
        name = f"autoloop-{RUN}-many-{number}"
        networks.make(name, members=2, is_internal=False, labels={})
        (config,) = engine.inspect_network(name)["IPAM"]["Config"]
        engine.remove_network(name)
        return IPv4Network(config["Subnet"])

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(8)))

    assert all(subnet.subnet_of(RANGE) for subnet in made)
    assert RANGE.num_addresses // made[0].num_addresses > 1_000


@pytest.mark.parametrize(("members", "prefix"), [(1, 28), (13, 27), (60, 26), (200, 24)])
def test_a_network_is_as_large_as_its_project(engine: APIClient, members: int, prefix: int) -> None:
    networks = Networks(engine, labels={}, draw=lambda below: below - 1)

    subnet = networks._subnet(members)

    assert subnet.prefixlen == prefix
    assert subnet.subnet_of(RANGE)
