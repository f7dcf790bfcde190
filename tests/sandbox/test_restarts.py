"""Services with `restart` in docker-compose.yaml: they come again, and their fence before them."""

import time
from collections.abc import Iterator

import pytest
from docker.api.client import APIClient

from autoloop.errors import AgentError
from autoloop.ports import Container
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.restarts import Policy
from tests.sandbox.conftest import BASE, Compose
from tests.sandbox.test_compose import GET
from tests.sandbox.test_fences import BRIDGE, OUTSIDE, calls, sends

SERVE = "python3 -m http.server 8000 -d /etc"
PROJECT = f"""
services:
  main:
    image: {BASE}
    init: true
    restart: always
    volumes: ["shared:/shared"]
  web:
    image: {BASE}
    init: true
    command: {SERVE}
    restart: unless-stopped
    networks: {{default: {{aliases: [site]}}}}
  broken:
    image: {BASE}
    command: sh -c "test -e /shared/mended || exit 3; exec {SERVE}"
    restart: on-failure
    volumes: ["shared:/shared"]
  once:
    image: {BASE}
    command: "true"
    restart: on-failure
volumes: {{shared: {{}}}}
"""
ANSWERED = "200\n"
GIVE_UP_S = 60.0
PAUSE_S = 0.1


@pytest.mark.parametrize(
    ("policy", "code", "so_far", "wants"),
    [
        (Policy(name="always", most=0), 0, 9, True),
        (Policy(name="unless-stopped", most=0), 3, 9, True),
        (Policy(name="on-failure", most=0), 3, 9, True),
        (Policy(name="on-failure", most=0), 0, 0, False),
        (Policy(name="on-failure", most=2), 3, 1, True),
        (Policy(name="on-failure", most=2), 3, 2, False),
    ],
)
def test_a_policy_means_what_it_means_to_compose(
    policy: Policy, code: int, so_far: int, *, wants: bool
) -> None:
    assert policy.wants(code, so_far=so_far) is wants


@pytest.fixture
def box(sandbox: DockerSandbox, compose: Compose) -> Iterator[Container]:
    if (reason := sandbox.open_side()) is not None:
        pytest.skip(f"Here is no fence: {reason}.")
    with sandbox.box(compose(PROJECT)) as box:
        box.mark()
        yield box


def started_at(engine: APIClient, container: Container) -> str:
    return str(engine.inspect_container(container.id)["State"]["StartedAt"])


def end(engine: APIClient, container: Container) -> None:
    """End its main process from inside, and wait until it has been started again."""
    before = started_at(engine, container)
    container.run("kill 1")
    give_up = time.monotonic() + GIVE_UP_S
    while started_at(engine, container) == before:
        assert time.monotonic() < give_up
        time.sleep(PAUSE_S)


def wait_until_answered(box: Container, name: str) -> None:
    give_up = time.monotonic() + GIVE_UP_S
    while box.run(GET.format(name)).stdout != ANSWERED:
        assert time.monotonic() < give_up
        time.sleep(PAUSE_S)


@pytest.mark.docker
def test_a_service_that_ends_comes_again_within_its_fence_and_under_its_names(
    engine: APIClient, box: Container, service: int
) -> None:
    web = box.service("web")
    end(engine, web)

    wait_until_answered(box, "site")
    wait_until_answered(box, "web")
    assert calls(web, service, BRIDGE) == ["Connection refused"] * 2
    assert sends(web, f"{OUTSIDE}:53") == ["leaves"]


@pytest.mark.docker
def test_a_service_that_was_cut_off_stays_so_when_it_comes_again(
    engine: APIClient, box: Container
) -> None:
    web = box.service("web")
    web.set_network("none")
    end(engine, web)

    wait_until_answered(box, "web")
    assert "default" not in web.run("ip route").stdout
    web.set_network("public")
    wait_until_answered(box, "web")


@pytest.mark.docker
def test_a_service_that_always_fails_is_tried_until_it_is_mended(box: Container) -> None:
    box.run("touch /shared/mended")

    wait_until_answered(box, "broken")


@pytest.mark.docker
def test_the_agents_own_container_and_one_that_is_done_do_not_come_again(
    engine: APIClient, box: Container
) -> None:
    done = started_at(engine, box.service("once"))
    box.run("kill 1")
    engine.wait(box.id)

    with pytest.raises(AgentError, match="ended from inside"):
        box.run("true")
    assert not engine.inspect_container(box.id)["State"]["Running"]
    assert started_at(engine, box.service("once")) == done
