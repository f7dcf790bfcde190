"""A real engine for the tests of the sandbox, and containers that whole modules share."""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest
from docker.api.client import APIClient

from autoloop.ports import BoxSpec, Container, ContainerSpec
from autoloop.records import Environment, Resources
from autoloop.sandbox import DockerSandbox

BASE = "autoloop/base:bookworm"
RUN = f"test-{os.getpid()}"
MARK = f"LABEL autoloop.test={os.getpid()}"
"""A line for every Dockerfile: images that carry it are removed at the end."""
LEAVE = """python3 - <<'END'
import socket, struct, time

routes = [line.split() for line in open("/proc/net/route").read().splitlines()[1:]]
gates = [socket.inet_ntoa(struct.pack("<L", int(r[2], 16))) for r in routes if r[1] == "0" * 8]
with socket.socket(type=socket.SOCK_DGRAM) as caller:
    caller.connect_ex(("198.51.100.7", 53))
    until = time.monotonic() + 2
    answers = False
    while gates and not answers and time.monotonic() < until:
        caller.send(b"?")
        known = [line.split() for line in open("/proc/net/arp").read().splitlines()[1:]]
        answers = any(fields[0] in gates and fields[2] == "0x2" for fields in known)
print("leaves" if answers else "stays")
END"""
"""Whether whoever is the gateway answers when a packet goes to an address that nobody has."""


class Start(Protocol):
    """Starts a container that needs no network."""

    def __call__(
        self, *, hardened: bool = ..., resources: Resources = ..., folders: tuple[str, ...] = ...
    ) -> AbstractContextManager[Container]: ...


class Compose(Protocol):
    """Starts the environment that a docker-compose.yaml describes."""

    def __call__(self, text: str, **changes: object) -> BoxSpec: ...


@pytest.fixture(scope="session")
def engine(engine: APIClient) -> Iterator[APIClient]:
    """The engine itself, to look behind the adapter's back."""
    yield engine
    for image in engine.images(filters={"label": MARK.removeprefix("LABEL ")}):
        engine.remove_image(image["Id"], force=True)


@pytest.fixture(scope="session")
def sandbox(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandbox]:
    assert engine.ping()
    with DockerSandbox(tmp_path_factory.mktemp("project"), run=RUN) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def start(sandbox: DockerSandbox) -> Start:
    def start_one(
        *,
        hardened: bool = False,
        resources: Resources | None = None,
        folders: tuple[str, ...] = (),
    ) -> AbstractContextManager[Container]:
        spec = ContainerSpec(
            image=BASE,
            labels={"autoloop.trial": "none"},
            network="none",
            hardened=hardened,
            resources=resources or Resources(),
            folders=folders,
        )
        return sandbox.start(spec)

    return start_one


@pytest.fixture(scope="module")
def container(start: Start) -> Iterator[Container]:
    """Shared by a module: a test leaves no process and no file that another would notice."""
    with start(folders=("/logs/agent", "/logs/verifier")) as container:
        yield container


@pytest.fixture
def own_container(start: Start) -> Iterator[Container]:
    """A container for one test, which may ruin it."""
    with start(folders=("/logs/agent", "/logs/verifier")) as container:
        yield container


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files of several kinds."""
    (tmp_path / "from/deep").mkdir(parents=True)
    (tmp_path / "from/run.sh").write_text("echo ran")
    (tmp_path / "from/run.sh").chmod(0o755)
    (tmp_path / "from/deep/x.bin").write_bytes(bytes(range(256)))
    (tmp_path / "from/link").symlink_to("run.sh")
    return tmp_path / "from"


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    def spec(text: str, **changes: object) -> BoxSpec:
        folder = tmp_path / "environment"
        folder.mkdir(exist_ok=True)
        (folder / "docker-compose.yaml").write_text(text)
        dockerfile = folder / "Dockerfile"
        given = {"image": BASE} if not dockerfile.is_file() else {"image": None}
        environment = Environment(
            folder=folder,
            dockerfile=dockerfile if dockerfile.is_file() else None,
            compose=folder / "docker-compose.yaml",
            **{**given, **changes},  # type: ignore[arg-type]
        )
        return BoxSpec(
            environment=environment, labels={"trial": uuid.uuid4().hex}, folders=("/logs/agent",)
        )

    return spec


@pytest.fixture
def service() -> Iterator[int]:
    """A service of this machine on all addresses; its port."""
    with socket.create_server(("", 0)) as server:
        yield int(server.getsockname()[1])
