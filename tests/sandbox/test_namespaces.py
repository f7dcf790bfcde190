"""Containers use a network namespace one after the other, as if it were new for each."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.ports import Container, ContainerSpec
from autoloop.sandbox import DockerSandbox
from tests.sandbox.conftest import BASE, RUN

pytestmark = pytest.mark.docker

PUBLIC = ContainerSpec(image=BASE, labels={})
SHUT = ContainerSpec(image=BASE, labels={}, network="none")
GONE_S = 30.0
LOOK_S = 0.05


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[DockerSandbox]:
    with DockerSandbox(tmp_path, run=f"{RUN}-namespaces") as sandbox:
        yield sandbox


def namespace_of(container: Container) -> str:
    """By the name of its keeper; the kernel's numbers come again."""
    return container.run("hostname").stdout.strip()


def wait_until_gone(engine: APIClient, container: Container) -> None:
    """Removal goes on in the background."""
    give_up = time.monotonic() + GONE_S
    while engine.containers(all=True, filters={"id": container.id}):
        assert time.monotonic() < give_up
        time.sleep(LOOK_S)


def used(
    engine: APIClient, sandbox: DockerSandbox, spec: ContainerSpec, *commands: str
) -> tuple[str, list[str]]:
    """The namespace of a container that came and went, and what its commands printed."""
    with sandbox.start(spec) as container:
        namespace = namespace_of(container)
        printed = [container.run(command).stdout for command in commands]
    wait_until_gone(engine, container)
    return namespace, printed


@pytest.mark.parametrize("spec", [PUBLIC, SHUT], ids=["public", "none"])
def test_the_next_container_uses_the_namespace_of_the_last_one(
    engine: APIClient, sandbox: DockerSandbox, spec: ContainerSpec
) -> None:
    first, _ = used(engine, sandbox, spec)

    # It is free a moment after the engine says that the last one is gone.
    assert any(used(engine, sandbox, spec)[0] == first for _ in range(3))


def test_no_two_containers_share_one_at_a_time(engine: APIClient, sandbox: DockerSandbox) -> None:
    used(engine, sandbox, PUBLIC)
    with sandbox.start(PUBLIC) as one, sandbox.start(PUBLIC) as other:
        assert namespace_of(one) != namespace_of(other)


def test_with_and_without_network_they_are_kept_apart(
    engine: APIClient, sandbox: DockerSandbox
) -> None:
    _, (public,) = used(engine, sandbox, PUBLIC, "ls /sys/class/net")
    _, (shut,) = used(engine, sandbox, SHUT, "ls /sys/class/net")

    assert "eth0" in public
    assert "eth0" not in shut


@pytest.mark.parametrize(
    "left",
    [
        "echo 10.0.0.1 example.test >> /etc/hosts",
        "chmod 666 /etc/hosts",
        "echo nameserver 10.0.0.1 > /etc/resolv.conf",
        "echo oz > /etc/hostname",
    ],
)
def test_names_that_one_container_left_are_not_met_by_the_next(
    engine: APIClient, sandbox: DockerSandbox, left: str
) -> None:
    look = "stat -c %a /etc/hosts; grep -v $(hostname) /etc/hosts; cat /etc/resolv.conf"
    spoilt, (before, _) = used(engine, sandbox, PUBLIC, look, left)
    next_one, (after, own) = used(engine, sandbox, PUBLIC, look, "cat /etc/hostname")

    assert next_one != spoilt
    assert after == before
    assert own != "oz\n"


def test_a_connection_that_still_ends_keeps_its_namespace_from_others(
    engine: APIClient, sandbox: DockerSandbox
) -> None:
    talk = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        " c = socket.create_connection(s.getsockname()); t, _ = s.accept(); c.close(); t.close()"
    )
    busy, (rows,) = used(
        engine, sandbox, PUBLIC, f'python3 -c "{talk}" && tail -n +2 /proc/net/tcp'
    )

    assert rows
    assert used(engine, sandbox, PUBLIC)[0] != busy


def test_one_whose_network_was_switched_is_not_used_again(
    engine: APIClient, sandbox: DockerSandbox
) -> None:
    with sandbox.start(PUBLIC) as container:
        switched = namespace_of(container)
        container.set_network("none")
        assert "eth" not in container.run("ls /sys/class/net").stdout
        container.set_network("public")
        assert "eth" in container.run("ls /sys/class/net").stdout
    wait_until_gone(engine, container)

    assert used(engine, sandbox, PUBLIC)[0] != switched


def test_what_ran_in_it_has_ended_before_another_container_comes(
    engine: APIClient, sandbox: DockerSandbox
) -> None:
    serve = "python3 -m http.server 8000 > /dev/null 2>&1 & echo started"
    with sandbox.start(PUBLIC) as container:
        container.run(serve)
    wait_until_gone(engine, container)

    _, (listening,) = used(engine, sandbox, PUBLIC, "cat /proc/net/tcp | tail -n +2")

    assert not listening


def test_after_a_keeper_is_gone_another_one_is_made(
    engine: APIClient, sandbox: DockerSandbox
) -> None:
    lost, _ = used(engine, sandbox, PUBLIC)
    engine.remove_container(lost, force=True)

    assert used(engine, sandbox, PUBLIC)[0] != lost


def test_where_it_may_not_look_each_container_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with DockerSandbox(tmp_path, run=f"{RUN}-own") as sandbox, sandbox.start(PUBLIC) as container:
        assert container.id.startswith(namespace_of(container))
