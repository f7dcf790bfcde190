"""Task environments of Harbor's docker type, from start to end."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.errors import EngineError, ImageError, TaskError, UserError
from autoloop.ports import ContainerSpec
from autoloop.records import Environment, Network, Resources
from autoloop.remote import HarborSandbox
from tests.remote.conftest import BASE, Inner, make_environment, spec_of

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]
COMPOSE = f"""
services:
  main:
    depends_on: [side]
  side:
    image: {BASE}
    command: ["sh", "-c", "echo of-side > /kept; sleep infinity"]
    init: true
"""


def open_sandbox(inner: Inner, folder: Path, *, environment: str = "docker") -> HarborSandbox:
    return HarborSandbox(inner, environment=environment, options={}, run="run-1", folder=folder)


@pytest.fixture
def sandbox(inner: Inner, tmp_path: Path) -> Iterator[HarborSandbox]:
    with open_sandbox(inner, tmp_path) as sandbox:
        yield sandbox


def projects(session: str) -> str:
    """What the engine has of an environment, running or not."""
    command = ["docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={session}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_fingerprint_says_where_it_runs_and_what_is_known_of_it(
    sandbox: HarborSandbox, tmp_path: Path
) -> None:
    environment = make_environment(tmp_path / "environment")

    assert sandbox.fingerprint(environment) == "harbor:docker:"
    assert sandbox.fingerprint(replace(environment, image=BASE)) == f"harbor:docker:{BASE}"


def test_a_box_lives_as_long_as_its_context(inner: Inner, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "environment", workdir="/srv")
    sandbox = open_sandbox(inner, tmp_path)

    with sandbox.box(spec_of(environment)) as box:
        seen = box.run("pwd; stat -c %a /logs/agent /logs/verifier")
        there = projects(box.id)
    sandbox.close()

    assert seen.stdout == "/srv\n777\n777\n"
    assert there != projects(box.id) == ""
    assert list((tmp_path / "harbor" / "running").iterdir()) == []


def test_files_beside_a_ready_image_are_uploaded_and_limits_are_set(
    sandbox: HarborSandbox, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "hello.txt").write_text("hi", encoding="utf-8")
    environment = Environment(
        folder=tmp_path / "files",
        dockerfile=None,
        image=BASE,
        workdir="/srv",
        resources=Resources(cpus=0.5, memory_mb=256),
    )

    with sandbox.box(spec_of(environment)) as box:
        seen = box.run("cat hello.txt; cat /sys/fs/cgroup/memory/memory.limit_in_bytes").stdout
    with sandbox.box(spec_of(replace(environment, uploads=False))) as box:
        without = box.run("ls /srv")

    assert seen.startswith("hi")
    assert seen.strip().endswith(str(256 * 2**20))
    assert without.stdout == ""


def test_a_sidecar_is_reached_by_its_service(sandbox: HarborSandbox, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "environment", compose=tmp_path / "environment/x")
    (environment.folder / "docker-compose.yaml").write_text(COMPOSE, encoding="utf-8")

    with sandbox.box(spec_of(environment)) as box:
        side = box.service("side")
        seen = side.run("cat /kept", timeout_s=20.0)
        fetched = side.read("/kept", max_bytes=100)
        with pytest.raises(TaskError, match="cannot copy files into the compose service 'side'"):
            side.put(tmp_path, "/x")

    assert seen.stdout == "of-side\n"
    assert fetched == b"of-side\n"
    assert side.service("main").id == box.id


def test_an_image_that_does_not_build_is_told_with_its_reason(
    sandbox: HarborSandbox, tmp_path: Path
) -> None:
    environment = make_environment(tmp_path / "environment")
    (environment.folder / "Dockerfile").write_text(f"FROM {BASE}\nRUN exit 7\n", encoding="utf-8")

    with (
        pytest.raises(ImageError, match="exit code: 7"),
        sandbox.box(spec_of(environment)),
    ):
        pass


def test_a_start_that_takes_too_long_is_ended(sandbox: HarborSandbox, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "environment")

    with (
        pytest.raises(ImageError, match=r"within 0\.01 s"),
        sandbox.box(spec_of(environment, timeout_s=0.01)),
    ):
        pass


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Network(mode="allowlist", hosts=("example.com",)), "'allowlist' with `engine: docker`"),
        (Network(mode="none"), "no-network"),
    ],
)
def test_what_the_backend_cannot_give_is_refused_before_anything_runs(
    sandbox: HarborSandbox, tmp_path: Path, network: Network, reason: str
) -> None:
    environment = make_environment(tmp_path / "environment", network=network)

    with pytest.raises(TaskError, match=reason):
        sandbox.prepare(environment, timeout_s=60.0)


def test_an_environment_without_any_definition_is_refused(
    sandbox: HarborSandbox, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    environment = Environment(folder=tmp_path / "empty", dockerfile=None, image=None)

    with pytest.raises(TaskError, match="has no Dockerfile"):
        sandbox.prepare(environment, timeout_s=60.0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dokcer", "write one of .*docker.*modal"),
        ("daytona", "DAYTONA_API_KEY"),
        ("no.such.module:Thing", "no.such.module"),
    ],
)
def test_an_environment_that_cannot_be_used_is_told_at_once(
    inner: Inner, tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        open_sandbox(inner, tmp_path, environment=name)


def test_containers_of_ours_stay_on_this_machine(sandbox: HarborSandbox, inner: Inner) -> None:
    spec = ContainerSpec(image="x", labels={"trial": "t"})
    joined = ContainerSpec(image="x", labels={"trial": "t"}, network="container:remote")

    sandbox.start(spec)

    assert inner.started == [spec]
    assert sandbox.agent_image() == "image-of-agent"
    with pytest.raises(TaskError, match="egress proxy"):
        sandbox.start(joined)


def test_what_a_dead_process_left_is_swept_away(
    sandbox: HarborSandbox, inner: Inner, tmp_path: Path
) -> None:
    environment = make_environment(tmp_path / "environment")
    running = tmp_path / "harbor" / "running"
    with (
        open_sandbox(inner, tmp_path) as dead,
        dead.box(spec_of(environment)) as left,
        sandbox.box(spec_of(environment)) as own,
    ):
        (running / "broken.json").write_text("{", encoding="utf-8")

        swept = sandbox.sweep(run="run-1")

        assert swept == 2 + 1
        assert (projects(left.id), projects(own.id) != "") == ("", True)
        assert [path.stem for path in running.iterdir()] == [own.id]
    assert inner.swept == ["run-1"]


def test_the_runs_of_others_are_left_to_this_machines_sandbox(
    sandbox: HarborSandbox, inner: Inner
) -> None:
    assert sandbox.sweep() == 2
    assert inner.swept == [None]


def test_nothing_starts_after_the_end(inner: Inner, tmp_path: Path) -> None:
    sandbox = open_sandbox(inner, tmp_path)
    sandbox.close()

    with (
        pytest.raises(EngineError, match="autoloop is ending"),
        sandbox.box(spec_of(make_environment(tmp_path / "environment"))),
    ):
        pass
