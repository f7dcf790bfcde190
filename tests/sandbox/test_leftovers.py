"""Leftovers: what dead processes and past runs left is removed, and nothing else."""

import dataclasses
import uuid
from collections.abc import Iterator

import pytest
from docker.api.client import APIClient

from autoloop.sandbox.leftovers import Leftovers
from autoloop.sandbox.owner import Owner
from tests.sandbox.conftest import BASE

pytestmark = pytest.mark.docker

HERE = Owner.current()
DEAD = dataclasses.replace(HERE, pid=2**22 + 1)


@pytest.fixture
def mark(engine: APIClient) -> Iterator[str]:
    """A label of this test's own, whose things are removed afterwards."""
    mark = f"autoloop-{uuid.uuid4().hex[:12]}"
    yield mark
    wanted = {"label": f"{mark}=1"}
    for container in engine.containers(all=True, filters=wanted):
        engine.remove_container(container["Id"], force=True)
    for network in engine.networks(filters=wanted):
        engine.remove_network(network["Id"])
    for volume in engine.volumes(filters=wanted)["Volumes"] or ():
        engine.remove_volume(volume["Name"])
    for image in engine.images(filters=wanted):
        engine.remove_image(image["Id"], force=True)


def make_image(engine: APIClient, mark: str, tag: str | None) -> str:
    """An image of our own kind; without a tag a dangling one."""
    container = engine.create_container(BASE, ["true"])
    changes = [f"LABEL {mark}=1", f"LABEL once={uuid.uuid4()}"]
    repository = f"{mark}/{tag}" if tag else None
    made = engine.commit(container, repository=repository, changes=changes)
    engine.remove_container(container)
    return str(made["Id"])


def left(engine: APIClient, mark: str) -> list[str]:
    """Names of our images that are still here."""
    rows = engine.images(filters={"label": f"{mark}=1"})
    return sorted(tag.rpartition("/")[2] for row in rows for tag in row["RepoTags"] or ["-"])


def test_networks_and_volumes_of_dead_processes_are_removed(engine: APIClient, mark: str) -> None:
    for owner in (HERE, DEAD):
        labels = {mark: "1", **owner.labels()}
        engine.create_network(f"{mark}-{owner.pid}", labels=labels)
        engine.create_volume(f"{mark}-{owner.pid}", labels=labels)

    Leftovers(engine, HERE, mark=mark).sweep()

    wanted = {"label": f"{mark}=1"}
    assert [row["Name"] for row in engine.networks(filters=wanted)] == [f"{mark}-{HERE.pid}"]
    assert [row["Name"] for row in engine.volumes(filters=wanted)["Volumes"]] == [
        f"{mark}-{HERE.pid}"
    ]


def test_a_container_of_a_dead_process_is_removed_before_its_network(
    engine: APIClient, mark: str
) -> None:
    labels = {mark: "1", **DEAD.labels()}
    engine.create_network(mark, labels=labels)
    config = engine.create_host_config(network_mode=mark)
    made = engine.create_container(BASE, ["sleep", "99"], labels=labels, host_config=config)
    engine.start(made)

    assert Leftovers(engine, HERE, mark=mark).sweep() == 1

    assert engine.networks(names=[mark]) == []


def test_the_task_images_made_last_are_kept(engine: APIClient, mark: str) -> None:
    for number in range(4):
        make_image(engine, mark, f"task:{number}")

    collected = Leftovers(engine, HERE, mark=mark).collect(keep=2)

    assert left(engine, mark) == ["task:2", "task:3"]
    assert collected.images == 2


def test_images_that_are_used_or_of_another_kind_are_kept(engine: APIClient, mark: str) -> None:
    used = make_image(engine, mark, "task:used")
    make_image(engine, mark, "agent:1")
    make_image(engine, mark, None)
    named_twice = make_image(engine, mark, "task:twice")
    engine.tag(named_twice, f"{mark}/own", "name")
    engine.create_container(used, ["true"], labels={mark: "1"})

    collected = Leftovers(engine, HERE, mark=mark).collect(keep=0)

    assert left(engine, mark) == ["agent:1", "own:name", "task:twice", "task:used"]
    assert collected.images == 1
