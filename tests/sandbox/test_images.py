"""Images: built once, named by content, and honest when they cannot be made."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import ImageError
from autoloop.ports import BoxSpec, ContainerSpec
from autoloop.records import Environment
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.context import BuildContext
from tests.sandbox.conftest import BASE

pytestmark = pytest.mark.docker


Build = Callable[[Environment], str]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A build context that nobody else has."""
    folder = tmp_path / "environment"
    folder.mkdir()
    (folder / "data.txt").write_text(uuid.uuid4().hex)
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(f"FROM {BASE}\nCOPY data.txt /data.txt\nWORKDIR /app\n")
    return Environment(folder=folder, dockerfile=dockerfile, image=None)


@pytest.fixture
def build(sandbox: DockerSandbox, engine: APIClient) -> Iterator[Build]:
    """Builds images that are removed after the test."""
    made: set[str] = set()

    def build_one(environment: Environment) -> str:
        sandbox.prepare(environment, timeout_s=60)
        tag = f"autoloop/task:{BuildContext(folder=environment.folder).digest()}"
        made.add(image := engine.inspect_image(tag)["Id"])  # type: ignore[no-untyped-call]
        return str(image)

    yield build_one
    for image in made:
        engine.remove_image(image, force=True)


def dockerfile(environment: Environment, text: str) -> None:
    assert environment.dockerfile is not None
    environment.dockerfile.write_text(text)


def test_one_content_is_built_once_however_many_ask(
    build: Build, environment: Environment, engine: APIClient
) -> None:
    began, together = time.time(), threading.Barrier(8)

    def ask(_: int) -> str:
        together.wait()
        return build(environment)

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(ask, range(8)))

    events = engine.events(since=int(began), until=int(time.time()) + 1, decode=True)
    tagged = [event for event in events if event.get("Action") == "tag" and event["id"] in ids]
    assert len(ids) == 1
    assert len(tagged) == 1


def test_other_content_is_another_image_and_ignored_files_do_not_count(
    build: Build, environment: Environment
) -> None:
    (environment.folder / ".dockerignore").write_text("# notes\n*.log\n")
    first = build(environment)

    (environment.folder / "build.log").write_text("noise")
    with_noise = build(environment)
    (environment.folder / "data.txt").write_text("other")
    with_change = build(environment)

    assert first == with_noise
    assert first != with_change


def test_a_failing_build_says_what_failed(sandbox: DockerSandbox, environment: Environment) -> None:
    dockerfile(environment, f"FROM {BASE}\nRUN echo the reason; exit 7\n")

    with pytest.raises(ImageError, match=r"(?s)does not build: .*code: 7.*the reason"):
        sandbox.prepare(environment, timeout_s=60)


def test_a_wrong_dockerfile_says_which_word(
    sandbox: DockerSandbox, environment: Environment
) -> None:
    dockerfile(environment, f"FROM {BASE}\nCOPPY a b\n")

    with pytest.raises(ImageError, match="COPPY"):
        sandbox.prepare(environment, timeout_s=60)


def test_a_build_that_takes_too_long_is_ended(
    sandbox: DockerSandbox, environment: Environment
) -> None:
    dockerfile(environment, f"FROM {BASE}\nRUN echo begun; sleep 600\n")

    began = time.monotonic()
    with pytest.raises(ImageError, match=r"took longer than [\d.]+ s"):
        sandbox.prepare(environment, timeout_s=2.5)
    assert time.monotonic() - began < 20


def test_a_missing_base_image_names_the_script_that_makes_it(
    sandbox: DockerSandbox, environment: Environment
) -> None:
    dockerfile(environment, "FROM --platform=linux/amd64 autoloop/base:nine AS first\n")

    with pytest.raises(ImageError, match=r"autoloop/base:nine.*sandboxes/setup\.sh"):
        sandbox.prepare(environment, timeout_s=60)


def test_a_ready_image_wins_over_the_dockerfile(
    sandbox: DockerSandbox, environment: Environment, engine: APIClient
) -> None:
    ready = Environment(folder=environment.folder, dockerfile=environment.dockerfile, image=BASE)

    with sandbox.box(BoxSpec(environment=ready, labels={})) as box:
        assert engine.inspect_container(box.id)["Image"] == engine.images(BASE)[0]["Id"]


def test_a_task_without_any_image_is_told_what_to_add(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    with pytest.raises(ImageError, match=r"no Dockerfile.*docker_image"):
        sandbox.prepare(Environment(folder=tmp_path, dockerfile=None, image=None), timeout_s=60)


def test_the_agent_image_has_both_sdks_compiled_beforehand(sandbox: DockerSandbox) -> None:
    spec = ContainerSpec(image=sandbox.agent_image(), labels={}, hardened=True)

    with sandbox.start(spec) as container:
        result = container.run("python3 -I -c 'import openai, anthropic; print(openai.__cached__)'")

    compiled = result.stdout.strip()
    assert compiled.startswith("/usr/local/lib/python3.11/dist-packages/openai/__pycache__/")
