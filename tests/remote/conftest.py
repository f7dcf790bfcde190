"""Harbor's docker environment, and one container of it that whole modules share."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
from docker.api.client import APIClient

from autoloop.ports import BoxSpec, Container, ContainerSpec
from autoloop.records import Environment
from tests.harbor.absent import module_for

BASE = "autoloop/base:bookworm"
FOLDERS = ("/logs/agent", "/logs/verifier")


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return None if module_path.stem == "test_absent" else module_for(module_path, parent)


class Inner:
    """The sandbox of this machine, of which only the calls are looked at."""

    def __init__(self) -> None:
        self.swept: list[str | None] = []
        self.started: list[ContainerSpec] = []

    def sweep(self, *, run: str | None = None) -> int:
        self.swept.append(run)
        return 2

    def fingerprint(self, environment: Environment) -> str:
        raise AssertionError(f"{environment.folder} is not of this machine")

    def agent_image(self) -> str:
        return "image-of-agent"

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        raise AssertionError(f"{environment.folder} was to be built here within {timeout_s} s")

    def box(self, spec: BoxSpec) -> AbstractContextManager[Container]:
        raise AssertionError(f"{spec.environment.folder} was to be started here")

    def start(self, spec: ContainerSpec) -> AbstractContextManager[Container]:
        self.started.append(spec)
        return nullcontext(cast("Container", None))


def make_environment(folder: Path, **changes: Any) -> Environment:  # noqa: ANN401 - its fields
    """A container of the base image with a Dockerfile of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(f"FROM {BASE}\nWORKDIR /app\n", encoding="utf-8")
    known = {"folder": folder, "dockerfile": dockerfile, "image": None}
    return Environment(**(known | changes))


def spec_of(environment: Environment, *, timeout_s: float = 120.0) -> BoxSpec:
    labels = {"trial": f"trial-{os.getpid()}"}
    return BoxSpec(environment=environment, labels=labels, folders=FOLDERS, timeout_s=timeout_s)


@pytest.fixture(autouse=True, scope="session")
def _silent_harbor() -> None:
    os.environ["HARBOR_TELEMETRY"] = "off"


@pytest.fixture(scope="session")
def engine(engine: APIClient) -> str:
    """Harbor's name for the container engine of this machine."""
    assert engine.ping()
    return "docker"


@pytest.fixture
def inner() -> Inner:
    return Inner()


@pytest.fixture(scope="module")
def container(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Shared by a module: a test leaves no process and no file that another would notice."""
    remote = import_module("autoloop.remote")
    folder = tmp_path_factory.mktemp("shared")
    environment = make_environment(folder / "environment", env={"FROM_TASK": "${X} $Y"})
    with (
        remote.HarborSandbox(
            Inner(), environment=engine, options={}, run="tests", folder=folder
        ) as sandbox,
        sandbox.box(spec_of(environment)) as container,
    ):
        yield container
