"""Disks that fill: what is measured, when, and what becomes of who fills them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import DiskQuotaError
from autoloop.ports import Container, ContainerSpec
from autoloop.records import Resources
from autoloop.sandbox import DiskShare, DockerSandbox
from autoloop.sandbox import quota as quota_module
from autoloop.sandbox import watch as watch_module
from autoloop.sandbox.changes import changes_of
from autoloop.sandbox.container import DockerContainer
from autoloop.sandbox.quota import Excess, excess_of
from autoloop.sandbox.tree import walk
from autoloop.sandbox.watch import SLOW_S, DiskWatch, Free
from tests.sandbox.conftest import BASE, Start

pytestmark = pytest.mark.docker

SMALL = DiskShare(megabytes=20, files=1_000)
PLENTY = Free(bytes=10**12, files=10**9)
DEEP = (
    "import os\nos.chdir('/tmp')\nfor _ in range(60):\n os.mkdir('d' * 200); os.chdir('d' * 200)\n"
    "open('hidden', 'wb').write(b'x' * (30 << 20))"
)


@dataclass
class Disk:
    """An engine's disk that fills as the test says, and a clock."""

    left: Free | None = PLENTY
    seconds: float = 0.0
    looks: list[float] = field(default_factory=list)

    def free(self) -> Free | None:
        self.looks.append(self.seconds)
        return self.left

    def clock(self) -> float:
        return self.seconds


@contextmanager
def watched(engine: APIClient, container: Container, disk: Disk) -> Iterator[DiskWatch]:
    """A watch that looks when it is told to, and has measured once."""
    watch = DiskWatch(engine, share=SMALL, free=disk.free, clock=disk.clock)
    watch.close()
    with watch.over([container.id], megabytes=None):
        watch.look()
        yield watch


def test_a_container_that_writes_too_much_is_ended_once_the_disk_loses_it(
    engine: APIClient, own_container: Container
) -> None:
    disk = Disk()
    with watched(engine, own_container, disk) as watch:
        own_container.run("head -c 30M /dev/zero > /big")
        watch.look()
        before = watch.overrun(own_container.id)

        disk.left = Free(bytes=PLENTY.bytes - (30 << 20), files=PLENTY.files)
        watch.look()

        assert before is None
        assert "30 MB were written" in str(watch.overrun(own_container.id))
        assert "at most 20 may be" in str(watch.overrun(own_container.id))
    assert not engine.inspect_container(own_container.id)["State"]["Running"]


def test_what_cannot_be_measured_keeps_nobody_else_from_being_ended(
    engine: APIClient, own_container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(
        api: APIClient, container: str, share: DiskShare, *, is_quick: bool
    ) -> Excess | None:
        if container == "vanishing":
            raise OSError("It is gone.")
        return excess_of(api, container, share, is_quick=is_quick)

    monkeypatch.setattr(watch_module, "excess_of", measured)
    watch = DiskWatch(engine, share=SMALL, free=lambda: None, clock=lambda: 0.0)
    watch.close()
    own_container.run("head -c 30M /dev/zero > /big")
    with watch.over(["vanishing"], megabytes=None), watch.over([own_container.id], megabytes=None):
        with pytest.raises(OSError, match="gone"):
            watch.look()

        assert "30 MB were written" in str(watch.overrun(own_container.id))


def test_what_others_make_room_for_meanwhile_is_found_after_a_while(
    engine: APIClient, own_container: Container
) -> None:
    disk = Disk(left=None)
    with watched(engine, own_container, disk) as watch:
        own_container.run("head -c 30M /dev/zero > /big")
        watch.look()
        before = watch.overrun(own_container.id)
        disk.seconds = SLOW_S
        watch.look()

        assert before is None
        assert watch.overrun(own_container.id) is not None


def test_files_without_content_count_by_number(engine: APIClient, own_container: Container) -> None:
    own_container.run("mkdir /many; cd /many; for i in $(seq 1200); do : > $i; done")

    excess = str(excess_of(engine, own_container.id, SMALL))

    assert "1,001 files and folders were written" in excess


def test_a_sparse_file_and_a_second_name_count_for_what_they_take(
    engine: APIClient, own_container: Container
) -> None:
    own_container.run("truncate -s 1T /sparse; head -c 15M /dev/zero > /once; ln /once /twice")

    assert excess_of(engine, own_container.id, SMALL) is None


def test_nothing_hides_below_a_path_that_is_longer_than_the_kernel_takes(
    engine: APIClient, own_container: Container
) -> None:
    assert own_container.run(f'python3 -c "{DEEP}"').exit_code == 0

    assert "MB were written" in str(excess_of(engine, own_container.id, SMALL))
    changes = changes_of(engine, own_container.id, most=1_000) or ()
    assert any(change.path.endswith("/hidden") and len(change.path) > 12_000 for change in changes)


def test_where_the_layer_cannot_be_read_the_engine_is_asked(
    engine: APIClient, own_container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota_module, "_folders", lambda _about: [])

    assert excess_of(engine, own_container.id, SMALL) is None
    own_container.run("head -c 30M /dev/zero > /big")

    assert "30 MB were written" in str(excess_of(engine, own_container.id, SMALL))


@pytest.mark.parametrize("may_read", [True, False])
def test_who_asks_at_the_end_is_told_of_what_no_look_has_met(
    engine: APIClient,
    own_container: Container,
    monkeypatch: pytest.MonkeyPatch,
    *,
    may_read: bool,
) -> None:
    if not may_read:
        monkeypatch.setattr(quota_module, "_folders", lambda _about: [])
    with watched(engine, own_container, Disk()) as watch:
        container = DockerContainer(engine, own_container.id, image=BASE, watch=watch)
        before = container.overrun()
        container.run("head -c 30M /dev/zero > /big")

        assert before is None
        assert "30 MB were written" in str(container.overrun())
    assert not engine.inspect_container(own_container.id)["State"]["Running"]


def test_who_goes_on_with_a_container_that_wrote_too_much_is_told_why(tmp_path: Path) -> None:
    spec = ContainerSpec(image=BASE, labels={}, resources=Resources(storage_mb=20))
    with DockerSandbox(tmp_path, run="quota") as sandbox, sandbox.start(spec) as container:
        container.mark()

        with pytest.raises(DiskQuotaError, match="MB were written in it, and at most 20 may be"):
            container.run("for i in $(seq 9); do head -c 9M /dev/zero > /$i; done; sleep 60")
        with pytest.raises(DiskQuotaError, match="were written in it"):
            container.seal([])


def test_one_that_writes_too_much_is_nothing_to_another(tmp_path: Path) -> None:
    share = DiskShare(megabytes=20)
    spec = ContainerSpec(image=BASE, labels={})
    with (
        DockerSandbox(tmp_path, run="quota-two", share=share) as sandbox,
        sandbox.start(spec) as greedy,
        sandbox.start(spec) as modest,
    ):
        modest.run("head -c 5M /dev/zero > /some")

        with pytest.raises(DiskQuotaError):
            greedy.run("head -c 90M /dev/zero > /big; sleep 60")

        assert modest.run("stat -c %s /some").stdout == "5242880\n"


def test_a_walk_takes_no_more_of_one_folder_than_it_is_asked_for(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}").touch()

    assert len(list(walk(tmp_path, most=5))) == 6


def test_what_an_agent_writes_to_memory_is_bounded_in_bytes_and_in_files(start: Start) -> None:
    with start(hardened=True) as container:
        many = "cd /tmp; i=0; while : > f$i; do i=$((i+1)); [ $i -gt 120000 ] && break; done"

        shared = container.run("head -c 90M /dev/zero > /dev/shm/big; df -m /dev/shm | tail -1")
        container.run(many, timeout_s=60)

        assert shared.stdout.split()[1] == "64"
        files = container.run("ls -f /tmp | wc -l")
        assert int(files.stdout) < 110_000
