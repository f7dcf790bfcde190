"""What a container may not do, tried from the inside."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoloop.ports import Container
from autoloop.records import Resources
from tests.sandbox.conftest import Start

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def limited(start: Start) -> Iterator[Container]:
    with start(resources=Resources(cpus=0.5, memory_mb=128, storage_mb=50, pids=60)) as container:
        yield container


@pytest.fixture(scope="module")
def hardened(start: Start) -> Iterator[Container]:
    with start(hardened=True, folders=("/work",)) as container:
        yield container


def test_memory_beyond_the_limit_kills_the_process(limited: Container) -> None:
    result = limited.run("python3 -c 'x = bytearray(200_000_000)'")

    assert result.exit_code == 137


def test_processes_beyond_the_limit_cannot_start(start: Start) -> None:
    with start(resources=Resources(pids=30)) as container:
        result = container.run("sh -c 'for i in $(seq 40); do sleep 9 & done'")

    assert "Cannot fork" in result.stderr


def test_the_processors_are_shared_out(limited: Container) -> None:
    spin = "import time; t = time.perf_counter(); c = time.process_time()\n"
    spin += "while time.perf_counter() - t < 1.5: pass\nprint(time.process_time() - c)"

    result = limited.run(f"python3 -c '{spin}'")

    assert float(result.stdout) < 1.1


def test_a_file_beyond_the_storage_cannot_be_written(limited: Container) -> None:
    result = limited.run("truncate -s 51M /file")

    assert result.exit_code == 128 + signal.SIGXFSZ


def test_without_network_only_loopback_is_there(limited: Container) -> None:
    assert limited.run("ls /sys/class/net").stdout == "lo\n"


def test_a_hardened_container_has_a_loopback_of_its_own_and_nothing_else(
    hardened: Container,
) -> None:
    connect = "import socket; socket.create_connection(('{}', {}), 5)"

    assert hardened.run("ls /sys/class/net").stdout == "lo\n"
    host = f"{Path('/proc/self/ns/net').readlink()}\n"
    assert hardened.run("readlink /proc/self/ns/net").stdout != host
    assert "refused" in hardened.run(f'python3 -c "{connect.format("localhost", 9)}"').stderr
    assert "unreachable" in hardened.run(f'python3 -c "{connect.format("1.1.1.1", 53)}"').stderr


def test_a_task_container_keeps_only_the_capabilities_that_tasks_need(limited: Container) -> None:
    assert "CapBnd:\t00000000000005fb" in limited.run("cat /proc/self/status").stdout
    assert limited.run("touch /f; chown nobody /f && su nobody -s /bin/sh -c id").exit_code == 0
    assert limited.run("mknod /dev/sda b 8 0").exit_code != 0


def test_a_hardened_container_has_no_powers(hardened: Container) -> None:
    status = hardened.run("cat /proc/self/status").stdout

    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert hardened.run("chown nobody /tmp").exit_code != 0
    assert hardened.run("ls /sys/class/net").stdout == "lo\n"


def test_a_hardened_container_writes_to_its_small_folders_only(hardened: Container) -> None:
    result = hardened.run("echo x > /x; echo x > /etc/x; echo x > /root/x; echo x > /tmp/x")

    assert result.stderr.count("Read-only file system") == 3
    assert hardened.run("cat /tmp/x; echo y > /work/y && cat /work/y").stdout == "x\ny\n"
    assert hardened.run("head -c 600M /dev/zero > /tmp/big").exit_code != 0
