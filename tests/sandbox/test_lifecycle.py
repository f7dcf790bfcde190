"""Containers come and go: removal, sweeping, printed logs, and engines that do not answer."""

import dataclasses
import os
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import EngineError, ImageError, UserError
from autoloop.ports import Bind, Container, ContainerSpec
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.leftovers import run_labels
from autoloop.sandbox.owner import Owner
from tests.sandbox.conftest import BASE, RUN, Start

pytestmark = pytest.mark.docker


def ours(engine: APIClient, run: str) -> list[str]:
    labels = ["autoloop=1", f"autoloop.run={run}"]
    return [row["Id"] for row in engine.containers(all=True, filters={"label": labels})]


def abandon(engine: APIClient, *, run: str, owner: Owner, project: Path) -> None:
    """Leave a container behind as a process that died would."""
    labels = {"autoloop": "1", **run_labels(run, project), **owner.labels()}
    engine.create_container(BASE, ["sleep", "infinity"], labels=labels)


def test_leaving_the_context_removes_the_container(engine: APIClient, tmp_path: Path) -> None:
    run = f"{RUN}-removal"
    spec = ContainerSpec(image=BASE, labels={"autoloop.trial": "t1"})

    with DockerSandbox(tmp_path, run=run) as sandbox, sandbox.start(spec) as container:
        assert container.id in ours(engine, run)

    assert ours(engine, run) == []


def test_closing_ends_what_still_runs_and_nothing_starts_any_more(
    engine: APIClient, tmp_path: Path
) -> None:
    run = f"{RUN}-closing"
    spec = ContainerSpec(image=BASE, labels={})

    with DockerSandbox(tmp_path, run=run) as sandbox, sandbox.start(spec) as container:
        sandbox.close()
        with pytest.raises(EngineError):
            container.run("true")
        with pytest.raises(EngineError, match="is ending"), sandbox.start(spec):
            pass

    assert ours(engine, run) == []


def test_a_container_whose_command_ends_at_once_says_so_and_is_removed(
    engine: APIClient, tmp_path: Path
) -> None:
    run = f"{RUN}-ending"
    spec = ContainerSpec(image=BASE, labels={}, command=("no-such-program",))

    with DockerSandbox(tmp_path, run=run) as sandbox, sandbox.start(spec) as container:
        container.wait(20)
        with pytest.raises(ImageError, match="not running"):
            container.run("true")

    assert ours(engine, run) == []


def test_an_image_that_is_not_here_is_named(sandbox: DockerSandbox) -> None:
    spec = ContainerSpec(image="autoloop/never:made", labels={})

    with pytest.raises(ImageError, match="autoloop/never:made is not here"), sandbox.start(spec):
        pass


def test_a_sweep_removes_what_dead_processes_left_and_nothing_else(
    engine: APIClient, tmp_path: Path
) -> None:
    run, here = f"{RUN}-sweep", Owner.current()
    dead = dataclasses.replace(here, pid=2**22 + 1)
    elsewhere = dataclasses.replace(here, host="another-machine", pid=2**22 + 1)
    for owner in (here, dead, elsewhere):
        abandon(engine, run=run, owner=owner, project=tmp_path)

    with DockerSandbox(tmp_path, run=run) as sandbox:
        sandbox.sweep()
        after_general = len(ours(engine, run))
        swept = sandbox.sweep(run=run)

    assert (after_general, swept, len(ours(engine, run))) == (2, 1, 1)
    engine.remove_container(ours(engine, run)[0], force=True)


def test_a_run_of_the_same_name_in_another_project_is_left_alone(
    engine: APIClient, tmp_path: Path
) -> None:
    run = f"{RUN}-namesake"
    other = dataclasses.replace(Owner.current(), host="another-machine")
    abandon(engine, run=run, owner=other, project=tmp_path / "other")

    with DockerSandbox(tmp_path / "own", run=run) as sandbox:
        assert sandbox.sweep(run=run) == 0

    (left,) = ours(engine, run)
    engine.remove_container(left, force=True)


def test_what_the_main_process_printed_is_kept_by_its_tail(sandbox: DockerSandbox) -> None:
    command = ("sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo the end")

    with sandbox.start(ContainerSpec(image=BASE, labels={}, command=command)) as container:
        assert container.wait(60) == 0
        printed = container.logs(max_bytes=1000)

    assert printed.endswith("x\nthe end\n")
    assert len(printed) < 1_100


def test_a_bound_folder_is_seen_but_not_changed(sandbox: DockerSandbox, folder: Path) -> None:
    bind = Bind(source=folder, target="/bound")

    with sandbox.start(ContainerSpec(image=BASE, labels={}, binds=(bind,))) as container:
        result = container.run("sh /bound/run.sh; touch /bound/new")

    assert result.stdout == "ran\n"
    assert "Read-only file system" in result.stderr


def test_folders_are_writable_for_everybody(start: Start) -> None:
    with start(folders=("/logs/agent", "/deep/er/still")) as container:
        result = container.run("touch /logs/agent/x /deep/er/still/x", user="nobody")

    assert result.exit_code == 0


def test_folders_are_made_where_the_images_user_may_not(sandbox: DockerSandbox) -> None:
    spec = ContainerSpec(image=BASE, labels={}, user="nobody", folders=("/logs/agent",))

    with sandbox.start(spec) as container:
        result = container.run("touch /logs/agent/x", user="games")

    assert result.exit_code == 0


@pytest.mark.parametrize("address", ["unix:///no/such.sock", "tcp://127.0.0.1:1", "ssh://host"])
def test_no_engine_is_said_in_a_sentence_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)

    with pytest.raises(UserError, match="DOCKER_HOST"):
        DockerSandbox(tmp_path, run="none")


def test_a_container_removed_by_somebody_else_is_an_engine_error(
    engine: APIClient, own_container: Container
) -> None:
    engine.remove_container(own_container.id, force=True)

    with pytest.raises(EngineError, match="No such container"):
        own_container.run("true")
    with pytest.raises(EngineError, match="No such container"):
        own_container.read("/etc/passwd", max_bytes=os.cpu_count() or 1)


def test_a_container_killed_through_the_engine_is_not_the_agents_fault(
    engine: APIClient, own_container: Container
) -> None:
    own_container.mark()
    engine.kill(own_container.id)

    with pytest.raises(EngineError, match="ended from outside"):
        own_container.run("true")
    with pytest.raises(EngineError, match="ended from outside"):
        own_container.wait()


def test_a_container_that_we_killed_ourselves_has_an_exit_code(own_container: Container) -> None:
    own_container.kill()

    assert own_container.wait() == 137
