"""Between agent and verifier: nothing of the agent's runs on, and its plants are gone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import AgentError
from autoloop.ports import Container

pytestmark = pytest.mark.docker

BEFORE = "setsid sleep 8880 >/dev/null 2>&1 </dev/null &"


@pytest.fixture(scope="module")
def marked(container: Container) -> Iterator[Container]:
    container.run(BEFORE)
    container.mark()
    yield container
    container.run("pkill -f 8880")


def commands(container: Container) -> list[str]:
    listed = container.run("ps -eo args=").stdout.splitlines()
    return [line for line in listed if not line.startswith(("ps ", "bash -c ps"))]


DAEMONS = {
    "detached": "setsid sleep 8881 >/dev/null 2>&1 </dev/null &",
    "ignoring signals": "(trap '' TERM HUP INT; exec setsid sleep 8882) >/dev/null 2>&1 &",
    "without environment": "env -i setsid sleep 8883 >/dev/null 2>&1 </dev/null &",
    "with an odd name": (
        "cp /bin/sleep '/tmp/a) 1 1\nb'; setsid '/tmp/a) 1 1\nb' 8884 >/dev/null 2>&1 &"
    ),
    "respawning": "(while :; do setsid sleep 0.01 & done) >/dev/null 2>&1 </dev/null &",
}


@pytest.mark.parametrize("daemon", DAEMONS.values(), ids=DAEMONS.keys())
def test_what_the_agent_started_ends_and_what_was_there_stays(
    marked: Container, daemon: str
) -> None:
    marked.run(daemon)
    assert len(commands(marked)) > 3

    marked.seal([])

    init, *others = commands(marked)
    assert init.startswith("/sbin/docker-init")
    assert others == ["sleep infinity", "sleep 8880"]
    marked.mark()


DOUBLE_FORK = (
    "import os, signal, time\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid()\n"
    "if os.fork(): os._exit(0)\n"
    "for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(n, signal.SIG_IGN)\n"
    "for number in range(3): os.close(number)\n"
    "time.sleep(8886)\n"
)


def test_when_time_is_over_the_engine_sees_nothing_but_what_was_there_before(
    engine: APIClient, own_container: Container
) -> None:
    container = own_container.id
    own_container.mark()
    before = pids(engine, container)
    own_container.run(f'python3 -c "{DOUBLE_FORK}"; {" ".join(DAEMONS.values())}')
    session = engine.exec_create(container, ["sh", "-c", "trap '' TERM HUP INT; sleep 8887"])["Id"]
    engine.exec_start(session, detach=True)
    with ThreadPoolExecutor(1) as pool:
        going_on = pool.submit(own_container.run, "trap '' TERM; sleep 8888; true")
        own_container.run("until pgrep -f 'sleep 8888' >/dev/null; do :; done", timeout_s=20)
        during = pids(engine, container)

        own_container.seal([])

        after = pids(engine, container)
        assert going_on.result(timeout=20).exit_code != 0
    sessions = engine.inspect_container(container)["ExecIDs"] or []
    assert len(during - before) >= 6
    assert after == before
    assert not any(engine.exec_inspect(session)["Running"] for session in sessions)
    assert not engine.exec_inspect(session)["Running"]


def pids(engine: APIClient, container: str) -> set[str]:
    return {row[0] for row in engine.top(container, "-eo pid")["Processes"]}


PLANTS = {
    "file": "echo 1 > /logs/verifier/reward.txt",
    "link to a folder": "rm -rf /logs/verifier; ln -s /usr /logs/verifier",
    "link to nothing": "rm -rf /logs/verifier; ln -s /nowhere /logs/verifier",
    "file in its place": "rm -rf /logs/verifier; echo 1 > /logs/verifier",
    "pipe": "rm -rf /logs/verifier; mkfifo /logs/verifier",
    "link above": "rm -rf /logs; mkdir -p /tmp/l/verifier; ln -s /tmp/l /logs",
    "file above": "rm -rf /logs; touch /logs",
    "nothing": "rm -rf /logs",
    "closed folder": "mkdir -p /logs/verifier/x; chmod 0 /logs/verifier; chattr +i /logs/verifier",
    "mount": "mount -t tmpfs none /logs/verifier || echo 1 > /logs/verifier/reward.json",
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_reward_folder_becomes_a_plain_empty_one(marked: Container, plant: str) -> None:
    marked.run(plant)

    marked.seal(["/logs/verifier", "/tests"])

    listed = marked.run("stat -c '%F %a %u' /logs/verifier /tests; ls -A /logs/verifier/ /tests")
    above = marked.run("stat -c '%F' /logs; test -x /usr/bin/env && echo kept")
    assert listed.stdout.startswith("directory 777 0\ndirectory 777 0\n/logs/verifier/:\n\n/tests:")
    assert above.stdout == "directory\nkept\n"


def test_sealing_needs_no_program_that_the_agent_may_have_replaced(
    own_container: Container,
) -> None:
    own_container.mark()
    own_container.run(
        "printf '#!/bin/bash\\nexit 0\\n' > /tmp/fake; chmod 755 /tmp/fake;"
        "for name in rm mkdir ls ps; do cp /tmp/fake /usr/bin/$name; done;"
        "echo 1 > /logs/verifier/reward.txt"
    )

    own_container.seal(["/logs/verifier"])

    assert own_container.run("echo /logs/verifier/*").stdout == "/logs/verifier/*\n"


def test_a_process_that_survives_by_a_false_shell_fails_the_trial(
    own_container: Container,
) -> None:
    own_container.mark()
    own_container.run(
        "setsid sleep 8885 >/dev/null 2>&1 & cp --remove-destination /bin/true /bin/sh"
    )

    with pytest.raises(AgentError, match="left 1 processes running that could not be ended"):
        own_container.seal(["/logs/verifier"])


def test_what_is_brought_replaces_what_the_agent_left_there(
    own_container: Container, tmp_path: Path
) -> None:
    (tmp_path / "test.sh").write_text("echo tested\n")
    own_container.mark()
    own_container.run("mkdir /tests; touch /tests/conftest.py; ln -s /usr /more")

    own_container.seal(["/tests"], bring={"/tests": tmp_path, "/more": tmp_path})

    assert own_container.run("ls /tests /more").stdout == "/more:\ntest.sh\n\n/tests:\ntest.sh\n"


def test_what_is_brought_joins_what_is_not_emptied(
    own_container: Container, tmp_path: Path
) -> None:
    (tmp_path / "test.sh").write_text("echo tested\n")
    own_container.run("mkdir /tests; touch /tests/of_the_image")
    own_container.mark()

    own_container.seal([], bring={"/tests": tmp_path})

    assert own_container.run("ls /tests").stdout == "of_the_image\ntest.sh\n"
