"""What differs from the image, and how it gets into another container: as plain files."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest
from docker.api.client import APIClient

from autoloop.errors import AgentError
from autoloop.ports import Container
from autoloop.sandbox import changes as changes_module
from autoloop.sandbox.changes import changes_of
from autoloop.sandbox.packing import Holed, is_leading_into, roots_of
from tests.sandbox.conftest import Start

HOSTILE = """
mkdir -p /app/deep/er /app/own /app/to
echo data > /app/data; cp /app/data /app/deep/er/copy; chmod 4755 /app/data
ln /app/data /app/twin; ln -s data /app/inside; ln -s ../../tests/secret /app/to/tests
ln -s / /app/to/root; ln -s deep/../../../proc/self /app/to/proc
ln -s /usr/bin/python3 /app/to/python; mkfifo /app/fifo
python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('/app/socket')"
chown 1234:2345 /app/own; chmod 751 /app/own
rm /etc/issue; echo >> /etc/hosts.allow; rm -rf /opt; mkdir /opt
"""


@pytest.fixture(scope="module")
def pair(start: Start) -> Iterator[tuple[Container, Container]]:
    """A container that an agent worked in, and a new one."""
    with start() as used, start() as fresh:
        assert used.run(HOSTILE).exit_code == 0
        yield used, fresh


def seen(container: Container) -> dict[str, str]:
    return {change.path: change.kind for change in container.changes() or ()}


@pytest.mark.docker
def test_changes_are_told_by_kind(pair: tuple[Container, Container]) -> None:
    found = seen(pair[0])

    assert found["/app/deep/er/copy"] == "added"
    assert found["/etc"] == "changed"
    assert found["/etc/issue"] == "removed"
    assert "/usr/bin/python3" not in found


@pytest.mark.docker
def test_the_overlay_and_the_engine_tell_the_same(
    pair: tuple[Container, Container], engine: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = seen(pair[0])

    monkeypatch.setattr(changes_module, "_layers", lambda _driver: None)
    asked = changes_of(engine, pair[0].id, most=100_000)

    # The engine keeps its own init to itself, and takes a folder made anew for a changed one.
    assert asked is not None
    own = {"/usr/sbin", "/usr/sbin/docker-init", "/sbin/docker-init", "/opt", "/app"}
    told = {change.path: change.kind for change in asked}
    assert {p: k for p, k in told.items() if p not in own} == {
        p: k for p, k in read.items() if p not in own
    }


@pytest.mark.docker
def test_where_the_engine_does_not_say_what_a_path_is_it_is_asked(
    own_container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "_layers", lambda _driver: None)
    own_container.run(
        "mkdir -p /app/own /app/v /logs; rm -rf /logs/verifier; ln -s /app/v /logs/verifier"
    )

    wanted = {"/logs", "/logs/verifier"}
    found = own_container.changes(kinds_of=wanted.__contains__)
    told = {change.path: (change.is_folder, change.is_link) for change in found or ()}

    assert told["/logs"] == (True, False)
    assert told["/logs/verifier"] == (False, True)
    assert told["/app/own"] == (None, None)


@pytest.mark.docker
def test_of_more_paths_than_may_be_asked_for_none_is(
    own_container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "_layers", lambda _driver: None)
    monkeypatch.setattr(changes_module, "MOST_ASKED", 10)
    own_container.run("mkdir /app; cd /app; touch $(seq 50)")

    with pytest.raises(AgentError, match="more than can be looked at"):
        own_container.changes(kinds_of=lambda _path: True)


@pytest.mark.docker
def test_only_plain_files_are_brought_along(pair: tuple[Container, Container]) -> None:
    used, fresh = pair
    archive = io.BytesIO()
    work = [path for path in seen(used) if path.startswith("/app/")]

    withheld = used.pack(work, archive, closed=["/tests", "/proc"], max_bytes=1_000_000)
    archive.seek(0)
    fresh.unpack(archive)

    left = {one.path for one in withheld}
    assert {"/app/fifo", "/app/socket", "/app/to/tests", "/app/to/root", "/app/to/proc"} <= left
    assert fresh.run("cat /app/data /app/twin /app/inside").stdout == "data\n" * 3
    assert fresh.run("stat -c %a /app/data").stdout == "755\n"
    assert fresh.run("stat -c '%u %g %a' /app/own").stdout == "1234 2345 751\n"
    assert fresh.run("readlink /app/to/python").stdout == "/usr/bin/python3\n"
    assert fresh.run("find /app -type p -o -type s -o -type c -o -perm /6000").stdout == ""


@pytest.mark.docker
def test_a_sparse_giant_takes_no_room_on_its_way_and_arrives_whole(
    start: Start, tmp_path: Path
) -> None:
    luggage, look = tmp_path / "luggage", "sha256sum /srv/giant /srv/void"
    with start() as used, start() as fresh, luggage.open("w+b") as archive:
        used.run("cd /srv; printf begin > giant; truncate -s 64M giant; printf end >> giant")
        used.run("truncate -s 5M /srv/void")

        used.pack(["/srv/giant", "/srv/void"], archive, closed=[], max_bytes=100_000_000)
        archive.seek(0)
        taken = luggage.stat().st_blocks * 512
        fresh.unpack(archive)

        assert fresh.run(look).stdout == used.run(look).stdout != ""
    assert taken < 1_000_000


@pytest.mark.parametrize("pieces", [[b"ab", bytes(9)], [bytes(9), b"ab"], [bytes(3)], [], [b"a"]])
def test_what_is_written_with_holes_reads_as_it_was(pieces: list[bytes]) -> None:
    archive = io.BytesIO()

    with closing(Holed(archive)) as holed:
        assert [holed.write(piece) for piece in pieces] == [len(piece) for piece in pieces]

    assert archive.getvalue() == b"".join(pieces)
    assert holed.tell() == len(archive.getvalue())


@pytest.mark.docker
def test_too_much_is_the_agents_fault(own_container: Container) -> None:
    own_container.run("mkdir /app; cd /app; touch $(seq 50); truncate -s 900G sparse")

    with pytest.raises(AgentError, match="more than 20 files and folders"):
        own_container.changes(most=20)
    with pytest.raises(AgentError, match="more than 1,000 bytes"):
        own_container.pack(["/app/sparse"], io.BytesIO(), closed=[], max_bytes=1_000)


@pytest.mark.parametrize(
    ("path", "target", "leads"),
    [
        ("/app/link", "/tests/a", True),
        ("/app/link", "../tests", True),
        ("/app/link", "/", True),
        ("/app/link", "..", True),
        ("/app/link", "data/../../tests", True),
        ("/app/link", "", True),
        ("/app/a/b/link", "../../../logs/verifier", True),
        ("/app/link", "/testsuite", False),
        ("/app/link", "../app/data", False),
        ("/app/link", "/usr/bin/python3", False),
    ],
)
def test_a_link_is_followed_by_its_words(path: str, target: str, leads: bool) -> None:  # noqa: FBT001
    closed = (PurePosixPath("/tests"), PurePosixPath("/logs"))

    assert is_leading_into(path, target, closed) is leads


def test_few_archives_hold_many_paths() -> None:
    many = [f"/app/{a}/{b}" for a in "abcdefghijklm" for b in "xyz"]

    assert [str(path) for path in roots_of(["/app", "/app/x/y", "/srv/z"])] == ["/app", "/srv/z"]
    assert [str(path) for path in roots_of(many)] == ["/app"]
    assert len(roots_of([f"/top{number}" for number in range(20)])) == 20


@pytest.mark.docker
def test_what_does_not_fit_where_it_is_unpacked_is_the_agents_fault(
    pair: tuple[Container, Container], own_container: Container
) -> None:
    archive = io.BytesIO()
    pair[0].pack(["/app/deep/er/copy"], archive, closed=[], max_bytes=1_000)
    own_container.run("mkdir /app; touch /app/deep")
    archive.seek(0)

    with pytest.raises(AgentError, match="cannot be brought to the tests"):
        own_container.unpack(archive)
