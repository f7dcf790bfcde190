"""A task container whose only way out is the forwarder that joined its network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop import harness
from autoloop.egress import EgressProxy
from autoloop.harness.egress import LISTENING, PROXY_PORT
from autoloop.ports import Bind, Container, ContainerSpec
from autoloop.records import CommandResult
from autoloop.sandbox import DockerSandbox
from tests.egress.conftest import LOOPBACK

pytestmark = pytest.mark.docker
BASE = "autoloop/base:bookworm"
PROXY = f"http://127.0.0.1:{PROXY_PORT}"
ENV = {name: PROXY for upper in ("HTTP_PROXY", "HTTPS_PROXY") for name in (upper, upper.lower())}
FETCH = "python3 -c \"import urllib.request as u; print(u.urlopen('{}', timeout=20).read())\""


@pytest.fixture(scope="module")
def sandbox(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandbox]:
    assert engine.ping()
    with DockerSandbox(tmp_path_factory.mktemp("project"), run="egress-tests") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def task(sandbox: DockerSandbox) -> Iterator[Container]:
    """A container without network but for the way to `a.example` and `b.example`."""
    labels = {"trial": "none"}
    alone = ContainerSpec(image=BASE, labels=labels, network="none")
    with (
        EgressProxy(resolve=lambda _: [LOOPBACK]) as proxy,
        proxy.open(["a.example", "b.example", LOOPBACK]) as folder,
        sandbox.start(alone) as task,
        sandbox.start(_forwarder(task, folder)) as forwarder,
    ):
        while LISTENING not in forwarder.logs():
            assert forwarder.wait(0.05) is None, forwarder.logs()
        yield task


def _forwarder(task: Container, folder: Path) -> ContainerSpec:
    return ContainerSpec(
        image=BASE,
        labels={"trial": "none"},
        command=("python3", "-I", "/opt/autoloop/harness/egress.py"),
        user="65534:65534",
        network=f"container:{task.id}",
        binds=(
            Bind(source=Path(harness.__file__).parent, target="/opt/autoloop/harness"),
            Bind(source=folder, target="/run/autoloop"),
        ),
        hardened=True,
    )


def _run(task: Container, command: str) -> CommandResult:
    return task.run(command, timeout_s=60, env=ENV)


def test_python_reaches_an_allowed_host(task: Container, origin: int) -> None:
    done = _run(task, FETCH.format(f"http://a.example:{origin}/x"))

    assert "GET /x" in done.stdout, done.stderr


def test_apt_fetches_several_files(task: Container, origin: int) -> None:
    wanted = " ".join(
        f"http://{h}.example:{origin}/{h}{n} /tmp/{h}{n} ''" for h in "ab" for n in "12"
    )

    done = _run(task, f"/usr/lib/apt/apt-helper download-file {wanted} && cat /tmp/[ab][12]")

    assert done.exit_code == 0, done.stdout + done.stderr
    assert done.stdout.count("GET /") == 4


def test_apt_is_told_what_is_not_allowed(task: Container, origin: int) -> None:
    done = _run(task, f"/usr/lib/apt/apt-helper download-file http://c.example:{origin}/c /tmp/c")

    assert done.exit_code != 0
    assert "403" in done.stdout + done.stderr
    assert "allowed_hosts" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url", ["http://c.example/", "https://c.example/", "http://169.254.169.254/"]
)
def test_another_host_is_refused(url: str, task: Container) -> None:
    done = _run(task, FETCH.format(url))

    assert done.exit_code != 0
    assert "403" in done.stderr
    assert "allowed_hosts" in done.stderr


def test_nothing_else_leads_out(task: Container, origin: int) -> None:
    for address in (f"172.17.0.1/{origin}", "192.0.2.1/80", f"127.0.0.1/{origin}"):
        done = task.run(f"timeout 3 bash -c 'echo > /dev/tcp/{address}'")

        assert done.exit_code != 0
        assert "unreachable" in done.stderr or "refused" in done.stderr


def test_the_task_cannot_see_or_end_the_forwarder(task: Container) -> None:
    done = task.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '; ls /run/autoloop")

    assert "egress" not in done.stdout
    assert "No such file" in done.stderr
