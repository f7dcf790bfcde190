"""A task's environment as one container: its image, its files, its limits, its way out."""

from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import ImageError, TaskError
from autoloop.ports import BoxSpec, ContainerSpec
from autoloop.records import Environment, Network, Resources
from autoloop.sandbox import DockerSandbox
from tests.sandbox.conftest import BASE, MARK

pytestmark = pytest.mark.docker

INTERFACES = "ls -x /sys/class/net | tr -d '0-9\n'"


def ready(folder: Path, **changes: object) -> BoxSpec:
    """A box of the base image."""
    environment = Environment(folder=folder, dockerfile=None, image=BASE, **changes)  # type: ignore[arg-type]
    return BoxSpec(environment=environment, labels={"trial": "t1"}, folders=("/logs/agent",))


def built(folder: Path, *lines: str) -> BoxSpec:
    """A box of an image on top of the base image."""
    (folder / "Dockerfile").write_text("\n".join([f"FROM {BASE}", MARK, *lines, ""]))
    environment = Environment(folder=folder, dockerfile=folder / "Dockerfile", image=None)
    return BoxSpec(environment=environment, labels={"trial": "t1"}, folders=("/logs/agent",))


def test_a_box_has_the_environment_folder_and_limits_of_its_task(
    sandbox: DockerSandbox, engine: APIClient, tmp_path: Path
) -> None:
    spec = ready(
        tmp_path, env={"WORD": "$x y"}, workdir="/opt", resources=Resources(memory_mb=200, cpus=1)
    )

    with sandbox.box(spec) as box:
        printed = box.run('echo "$WORD $PWD"; touch /logs/agent/x', user="nobody")
        config = engine.inspect_container(box.id)

    assert (printed.stdout, printed.exit_code) == ("$x y /opt\n", 0)
    assert config["HostConfig"]["Memory"] == 200 * 1024 * 1024
    assert config["Config"]["Labels"]["trial"] == "t1"


@pytest.mark.parametrize("workdir", ["/opt/deep", None])
def test_files_beside_a_ready_image_are_brought_to_where_commands_run(
    sandbox: DockerSandbox, folder: Path, workdir: str | None
) -> None:
    with sandbox.box(ready(folder, workdir=workdir)) as box:
        result = box.run("pwd; sh run.sh; stat -c %s deep/x.bin")

    assert result.stdout == f"{workdir or '/'}\nran\n256\n"


def test_files_that_an_image_is_built_from_are_not_brought(
    sandbox: DockerSandbox, folder: Path
) -> None:
    with sandbox.box(built(folder, "WORKDIR /app")) as box:
        assert box.run("ls; pwd").stdout == "/app\n"


def test_an_entrypoint_stays_and_is_given_the_command(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    (tmp_path / "entry.sh").write_text('#!/bin/sh\necho began > /began; exec "$@"\n')
    (tmp_path / "entry.sh").chmod(0o755)
    spec = built(tmp_path, "COPY entry.sh /", 'ENTRYPOINT ["/entry.sh"]', 'CMD ["/bin/false"]')

    with sandbox.box(spec) as box:
        assert box.run("cat /began").stdout == "began\n"


def test_an_entrypoint_that_ends_is_the_images_fault(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    spec = built(tmp_path, 'ENTRYPOINT ["sh", "-c", "echo the reason; exit 3"]')

    with (
        pytest.raises(ImageError, match=r"(?s)exit code 3.*ENTRYPOINT.*the reason"),
        sandbox.box(spec),
    ):
        pass


def test_folders_are_open_whoever_the_images_user_is(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    with sandbox.box(built(tmp_path, "USER games")) as box:
        assert box.run("id -un; touch /logs/agent/x").stdout == "games\n"


def test_building_and_starting_share_the_time(sandbox: DockerSandbox, tmp_path: Path) -> None:
    spec = built(tmp_path, "RUN sleep 600")
    hasty = BoxSpec(environment=spec.environment, labels={}, timeout_s=1.5)

    with pytest.raises(ImageError, match=r"took longer than [\d.]+ s"), sandbox.box(hasty):
        pass


@pytest.mark.parametrize("mode", ["public", "none", "allowlist"])
def test_the_way_out_is_opened_and_shut_while_a_box_runs(
    sandbox: DockerSandbox, tmp_path: Path, mode: str
) -> None:
    network = Network(mode=mode)  # type: ignore[arg-type]
    seen = []

    with sandbox.box(ready(tmp_path, network=network)) as box:
        seen.append(box.run(INTERFACES).stdout)
        for change in ("none", "none", "public", "public", "none", "public"):
            box.set_network(change)
            seen.append(box.run(INTERFACES).stdout.replace(" ", ""))

    begins = "ethlo" if mode == "public" else "lo"
    assert [text.replace(" ", "") for text in seen] == [
        begins, "lo", "lo", "ethlo", "ethlo", "lo", "ethlo",
    ]  # fmt: skip


def test_a_container_joins_the_network_of_another(sandbox: DockerSandbox, tmp_path: Path) -> None:
    serve = ("python3", "-m", "http.server", "3128", "--bind", "127.0.0.1", "-d", "/etc")
    get = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:3128/hostname').status)"

    with sandbox.box(ready(tmp_path, network=Network(mode="none"))) as box:
        joined = ContainerSpec(
            image=BASE, labels={}, command=serve, network=f"container:{box.id}", hardened=True
        )
        with sandbox.start(joined):
            tried = box.run(f'for i in $(seq 50); do python3 -c "{get}" && break; sleep 0.1; done')

    assert tried.stdout == "200\n"


def test_a_box_of_one_container_is_its_own_main_service(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    with sandbox.box(ready(tmp_path)) as box:
        assert box.service("main") is box
        with pytest.raises(TaskError, match="no service 'db', only 'main'"):
            box.service("db")


def test_a_gpu_that_the_engine_has_not_is_the_tasks_trouble(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    spec = ready(tmp_path, resources=Resources(gpus=1))

    with pytest.raises(TaskError, match="NVIDIA container toolkit"), sandbox.box(spec):
        pass
