"""Tasks with a docker-compose.yaml: what their file says, with sidecars that run and end."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import EngineError, ImageError, TaskError
from autoloop.ports import BoxSpec, Container
from autoloop.records import Network, Resources
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.addresses import addresses_of_machine
from autoloop.sandbox.projects import PROJECT
from tests.sandbox.conftest import BASE, LEAVE, MARK, Compose

pytestmark = pytest.mark.docker

SERVE = f"""
  side:
    image: {BASE}
    command: [python3, -m, http.server, "8000", -d, /etc]
    healthcheck:
      test: [CMD, python3, -c, "import urllib.request as u; u.urlopen('http://localhost:8000')"]
      interval: 200ms
      retries: 50
"""
UNWELL = "{test: exit 1, interval: 100ms, retries: 2}"
GET = (
    "python3 -c \"import urllib.request as u; print(u.urlopen('http://{}:8000/hostname').status)\""
)


def left_of(engine: APIClient, trial: str) -> dict[str, int]:
    """How much of a trial's project the engine still has."""
    wanted = {"label": f"trial={trial}"}
    return {
        "containers": len(engine.containers(all=True, filters=wanted)),
        "networks": len(engine.networks(filters=wanted)),
        "volumes": len(engine.volumes(filters=wanted)["Volumes"] or ()),
    }


def test_a_sidecar_is_healthy_and_reached_by_its_name(
    sandbox: DockerSandbox, compose: Compose
) -> None:
    with sandbox.box(compose(f"services:{SERVE}")) as box:
        assert box.run(GET.format("side")).stdout == "200\n"
        assert box.service("side").run("pgrep -f http.server").exit_code == 0
        assert box.service("main") is box
        with pytest.raises(TaskError, match="no service 'db', only 'main', 'side'"):
            box.service("db")


def test_leaving_the_box_removes_all_of_the_project(
    engine: APIClient, tmp_path: Path, compose: Compose
) -> None:
    text = f"""
services:
  main:
    volumes: ["shared:/shared", "/anonymous"]
  side:
    image: {BASE}
    command: sleep infinity
    volumes: ["shared:/shared:ro"]
    networks: [back, default]
networks: {{back: {{}}}}
volumes: {{shared: {{}}}}
"""
    spec = compose(text)

    with DockerSandbox(tmp_path, run="compose-removal") as sandbox:
        with sandbox.box(spec) as box:
            box.run("echo shared > /shared/file")
            read = box.service("side").run("cat /shared/file; touch /shared/other")
            during = left_of(engine, spec.labels["trial"])
        began = time.monotonic()
    removed_s = time.monotonic() - began

    assert read.stdout == "shared\n"
    assert "Read-only" in read.stderr
    assert during == {"containers": 2, "networks": 2, "volumes": 1}
    assert left_of(engine, spec.labels["trial"]) == {"containers": 0, "networks": 0, "volumes": 0}
    assert removed_s < 8  # SIGTERM and its grace would take 10


def test_variables_are_those_that_harbor_gives(
    sandbox: DockerSandbox, compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = "OWN CPUS MEMORY CONTEXT_DIR PREBUILT_IMAGE_NAME HOST_AGENT_LOGS_PATH HOME_OF MY_TOKEN"
    lines = "\n".join(f"      V_{name}: ${{{name}:-none}}" for name in names.split())
    monkeypatch.setenv("HOME_OF", "the host")
    monkeypatch.setenv("MY_TOKEN", "a secret")
    spec = compose(
        f"services:\n  main:\n    environment:\n{lines}\n",
        env={"OWN": "it's $x", "CPUS": "lost"},
        resources=Resources(cpus=1, memory_mb=512),
    )

    with sandbox.box(spec) as box:
        seen = dict(line.split("=", 1) for line in box.run("env").stdout.splitlines())

    assert [seen[f"V_{name}"] for name in names.split()] == [
        "it's $x", "1", "512M", str(spec.environment.folder), BASE, "/logs/agent", "the host",
        "none",
    ]  # fmt: skip
    assert (seen["OWN"], seen["CPUS"]) == ("it's $x", "lost")


def test_main_is_limited_and_hardened_as_any_task_container(
    sandbox: DockerSandbox, engine: APIClient, compose: Compose
) -> None:
    text = "services:\n  main:\n    cap_add: [NET_ADMIN]\n    mem_limit: 100m\n"

    with sandbox.box(compose(text, resources=Resources(cpus=1, memory_mb=512))) as box:
        host = engine.inspect_container(box.id)["HostConfig"]
        result = box.run("pwd; touch /logs/agent/x && ls /logs", user="nobody")

    assert (host["NanoCpus"], host["Memory"], host["Init"]) == (10**9, 100 * 2**20, True)
    assert host["PidsLimit"] == 1024
    assert "NET_ADMIN" in host["CapAdd"]
    assert host["CapDrop"] == ["ALL"]
    assert result.stdout == "/\nagent\n"


def test_a_command_of_the_tasks_own_finds_its_folders(
    sandbox: DockerSandbox, compose: Compose
) -> None:
    text = "services:\n  main:\n    command: sh -c 'echo early > /logs/agent/x; sleep infinity'\n"

    with sandbox.box(compose(text)) as box:
        read = box.run("for i in $(seq 99); do cat /logs/agent/x && break; done", timeout_s=20)

    assert read.stdout == "early\n"


def test_images_are_built_once_and_shared_with_other_tasks(
    sandbox: DockerSandbox, engine: APIClient, compose: Compose, tmp_path: Path
) -> None:
    folder = tmp_path / "environment"
    (folder / "side").mkdir(parents=True)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\n{MARK}\nWORKDIR /app\n")
    (folder / "side/Dockerfile").write_text(
        f"FROM {BASE}\n{MARK}\nARG WORD\nRUN echo $WORD > /word\n"
    )
    text = """
services:
  side: {build: {context: side, args: {WORD: "${OWN}"}}, image: mine, command: sleep infinity}
  twin: {image: mine, command: sleep infinity}
"""
    spec = compose(text, env={"OWN": "given"})

    sandbox.prepare(spec.environment, timeout_s=100)
    ours = {"label": MARK.removeprefix("LABEL ")}
    before = set(engine.images(filters=ours, quiet=True))
    with sandbox.box(spec) as box:
        words = [box.service(name).run("cat /word").stdout for name in ("side", "twin")]
        assert box.run("pwd").stdout == "/app\n"

    assert words == ["given\n", "given\n"]
    assert set(engine.images(filters=ours, quiet=True)) == before


def test_a_build_that_only_compose_understands_is_left_to_it(
    sandbox: DockerSandbox, compose: Compose
) -> None:
    text = f"""
services:
  main:
    image: !reset null
    build: {{dockerfile_inline: "FROM {BASE}\\n{MARK}\\nRUN echo inline > /word\\n"}}
"""

    with sandbox.box(compose(text)) as box:
        assert box.run("cat /word").stdout == "inline\n"


@pytest.mark.parametrize("mode", ["none", "allowlist"])
def test_cut_off_services_reach_each_other_and_nothing_else(
    sandbox: DockerSandbox, compose: Compose, mode: str
) -> None:
    with sandbox.box(compose(f"services:{SERVE}", network=Network(mode=mode))) as box:  # type: ignore[arg-type]
        shut = box.run(f"{GET.format('side')}\n{LEAVE}").stdout
        box.set_network("public")
        opened = box.run(f"{GET.format('side')}\n{LEAVE}").stdout
        box.set_network("none")
        again = box.run(f"{GET.format('side')}\n{LEAVE}").stdout

    assert opened.startswith("200\n")
    assert "leaves" in opened
    assert all(text.startswith("200\n") and "leaves" not in text for text in (shut, again))


def test_a_public_project_is_cut_off_and_connected_while_it_runs(
    sandbox: DockerSandbox, compose: Compose
) -> None:
    seen = []

    with sandbox.box(compose(f"services:{SERVE}")) as box:
        for mode in ("public", "none", "none", "public"):
            box.set_network(mode)
            seen.append(box.run(f"{GET.format('side')}\n{LEAVE}").stdout)

    assert all(text.startswith("200\n") for text in seen)
    assert ["leaves" in text for text in seen] == [True, False, False, True]


def test_main_alone_needs_no_network_of_its_own(
    sandbox: DockerSandbox, engine: APIClient, compose: Compose
) -> None:
    spec = compose("services:\n  main:\n    environment: {A: b}\n")

    with sandbox.box(spec) as box:
        assert left_of(engine, spec.labels["trial"])["networks"] == 0
        assert box.run("echo $A; getent hosts main").stdout == "b\n127.0.0.1       main\n"
        box.set_network("none")
        assert box.run("ls /sys/class/net").stdout == "lo\n"


@contextmanager
def starting(sandbox: DockerSandbox, spec: BoxSpec) -> Iterator[Container]:
    with sandbox.box(spec) as box:
        yield box


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: [", "docker-compose.yaml cannot be used"),
        ("services: {side: {command: x}}", "neither an image nor a build"),
        (
            f"services: {{side: {{image: {BASE}, command: sleep 9, healthcheck: {UNWELL}}}}}",
            "(?s)do not start.*unhealthy",
        ),
    ],
    ids=["no yaml", "no image", "unhealthy"],
)
def test_a_project_that_cannot_run_says_why_and_leaves_nothing(
    engine: APIClient, compose: Compose, tmp_path: Path, text: str, words: str
) -> None:
    spec = compose(text)

    with DockerSandbox(tmp_path, run="compose-failing") as sandbox:  # noqa: SIM117
        with pytest.raises(ImageError, match=words), starting(sandbox, spec):
            pass

    assert sum(left_of(engine, spec.labels["trial"]).values()) == 0


def wait_and_mark(sandbox: DockerSandbox, spec: BoxSpec, service: str) -> None:
    with sandbox.box(spec) as box:
        box.service(service).wait(60)
        box.mark()


@pytest.mark.parametrize(
    ("text", "service", "words"),
    [
        (
            f"services: {{side: {{image: {BASE}, command: 'sh -c \"echo why; exit 3\"'}}}}",
            "side",
            r"(?s)service 'side'.*ended with exit code 3.*why",
        ),
        ("services: {main: {command: 'true'}}", "main", "main process ended with exit code 0"),
    ],
    ids=["sidecar", "main"],
)
def test_a_service_that_ends_is_noticed_before_the_agent_begins(
    sandbox: DockerSandbox, compose: Compose, text: str, service: str, words: str
) -> None:
    with pytest.raises(ImageError, match=words):
        wait_and_mark(sandbox, compose(text), service)


def test_a_sidecar_that_has_done_its_work_may_end(sandbox: DockerSandbox, compose: Compose) -> None:
    text = f"""
services:
  main: {{depends_on: {{setup: {{condition: service_completed_successfully}}}}}}
  setup: {{image: {BASE}, command: "true"}}
"""

    with sandbox.box(compose(text)) as box:
        assert box.run("true").exit_code == 0


def test_a_start_that_takes_too_long_is_ended_and_removed(
    engine: APIClient, compose: Compose, tmp_path: Path
) -> None:
    text = SERVE.replace("retries: 50", "retries: 5000").replace("localhost:8000", "localhost:1")
    spec = compose(f"services:{text}")
    hasty = BoxSpec(environment=spec.environment, labels=spec.labels, timeout_s=3)

    with DockerSandbox(tmp_path, run="compose-hasty") as sandbox:  # noqa: SIM117
        with pytest.raises(ImageError, match="took longer than"), starting(sandbox, hasty):
            pass

    assert sum(left_of(engine, spec.labels["trial"]).values()) == 0


def test_the_hosts_own_network_is_refused_to_a_task_without_network(
    sandbox: DockerSandbox, compose: Compose
) -> None:
    spec = compose("services: {main: {network_mode: host}}", network=Network(mode="none"))

    with pytest.raises(TaskError, match="network_mode 'host'"), starting(sandbox, spec):
        pass


def test_a_gpu_that_the_engine_has_not_is_the_tasks_trouble(
    sandbox: DockerSandbox, compose: Compose
) -> None:
    spec = compose(f"services:{SERVE}", resources=Resources(gpus=1))

    with pytest.raises(TaskError, match="NVIDIA container toolkit"), starting(sandbox, spec):
        pass


def test_without_the_plugin_the_task_is_told_how_to_get_it(
    engine: APIClient, compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.ping()
    monkeypatch.setenv("PATH", str(tmp_path))

    with DockerSandbox(tmp_path, run="no-plugin") as sandbox:  # noqa: SIM117
        with pytest.raises(TaskError, match=r"compose.*sandboxes/setup\.sh"):
            sandbox.prepare(compose("services: {}").environment, timeout_s=10)


def test_closing_removes_projects_that_still_run(
    engine: APIClient, compose: Compose, tmp_path: Path
) -> None:
    spec = compose(f"services:{SERVE}")

    with DockerSandbox(tmp_path, run="compose-closing") as sandbox, sandbox.box(spec) as box:
        sandbox.close()
        with pytest.raises(EngineError):
            box.run("true")

    assert sum(left_of(engine, spec.labels["trial"]).values()) == 0


def test_closing_ends_a_project_that_is_still_starting(
    engine: APIClient, compose: Compose, tmp_path: Path
) -> None:
    text = SERVE.replace("retries: 50", "retries: 5000").replace("localhost:8000", "localhost:1")
    spec = compose(f"services:{text}")

    with DockerSandbox(tmp_path, run="starting") as sandbox, ThreadPoolExecutor() as pool:
        started = pool.submit(wait_and_mark, sandbox, spec, "main")
        while not left_of(engine, spec.labels["trial"])["containers"]:
            assert not started.done()
        sandbox.close()

    assert isinstance(started.exception(), EngineError)
    assert sum(left_of(engine, spec.labels["trial"]).values()) == 0


def test_proxies_of_the_user_are_not_told_to_a_task_without_network(
    sandbox: DockerSandbox, compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = Path.home() / ".docker/cli-plugins"
    proxies = {"default": {"httpProxy": "http://user:password@proxy.example:1"}}
    config = {"proxies": proxies, "cliPluginsExtraDirs": [str(plugins)]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    with sandbox.box(compose(f"services:{SERVE}", network=Network(mode="none"))) as box:
        assert "password" not in box.run("env").stdout


def test_every_part_of_a_project_carries_its_name(
    sandbox: DockerSandbox, engine: APIClient, compose: Compose
) -> None:
    with sandbox.box(compose(f"services:{SERVE}")) as box:
        labels = [
            engine.inspect_container(service.id)["Config"]["Labels"]
            for service in (box, box.service("side"))
        ]

    assert labels[0][PROJECT] == labels[1][PROJECT]
    assert {label["autoloop"] for label in labels} == {"1"}


def test_a_projects_containers_reach_each_other_but_not_this_machine(
    sandbox: DockerSandbox, engine: APIClient, compose: Compose
) -> None:
    if (reason := sandbox.open_side()) is not None:
        pytest.skip(f"Here is no fence: {reason}.")
    with (
        socket.create_server(("", 0)) as server,
        sandbox.box(compose(f"services:{SERVE}")) as box,
    ):
        networks = engine.inspect_container(box.id)["NetworkSettings"]["Networks"]
        gateways = {network["Gateway"] for network in networks.values()}
        call = f"socket.create_connection(('{{}}', {server.getsockname()[1]}), 2)"
        calls = [f'python3 -c "import socket; {call.format(one)}"' for one in gateways]
        ends = [box.service(name).run(line) for name in ("main", "side") for line in calls]

        assert gateways
        assert all("refused" in ended.stderr for ended in ends)
        assert box.run(GET.format("side")).stdout == "200\n"


def test_a_project_that_asks_for_this_machine_reaches_it(
    sandbox: DockerSandbox, compose: Compose
) -> None:
    text = 'services:\n  main:\n    extra_hosts: ["machine:host-gateway"]\n'

    with socket.create_server(("", 0)) as server, sandbox.box(compose(text)) as box:
        call = f"socket.create_connection(('machine', {server.getsockname()[1]}), 2)"
        called = box.run(f'python3 -c "import socket; {call}"')

    assert called.exit_code == 0, called.stderr


def test_this_machine_has_no_address_in_a_cut_off_network_that_a_task_describes(
    sandbox: DockerSandbox, engine: APIClient, compose: Compose
) -> None:
    subnet = "{subnet: 198.19.250.0/28, gateway: 198.19.250.1}"
    text = f"services:{SERVE}networks:\n  default: {{ipam: {{config: [{subnet}]}}}}\n"
    spec = compose(text, network=Network(mode="none"))

    with sandbox.box(spec) as box:
        assert box.run(GET.format("side")).stdout == "200\n"
        made = engine.networks(filters={"label": f"trial={spec.labels['trial']}"})
        assert [network["Internal"] for network in made] == [True]
        assert ip_address("198.19.250.1") not in addresses_of_machine()
