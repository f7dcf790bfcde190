"""A running environment of Harbor's docker type, as Harbor hands it to an agent."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import pytest
from docker.api.client import APIClient

from tests.harbor.absent import module_for

T = TypeVar("T")
BASE = "autoloop/base:bookworm"
OVERLAY = "services:\n  main:\n    init: true\n"


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return None if module_path.stem == "test_export" else module_for(module_path, parent)


@pytest.fixture(autouse=True, scope="session")
def _silent_harbor() -> None:
    os.environ["HARBOR_TELEMETRY"] = "off"


@pytest.fixture(scope="session")
def engine(engine: APIClient) -> str:
    """Harbor's name for the container engine of this machine."""
    assert engine.ping()
    return "docker"


class Stage:
    """One event loop, as Harbor has one, and an environment on it."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.runner = asyncio.Runner()
        self.environment = make_environment(folder, engine)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)


def make_environment(folder: Path, engine: str) -> Any:  # noqa: ANN401 - no type of Harbor's is known here
    """An environment that is not started yet."""
    (folder / "environment").mkdir()
    dockerfile = folder / "environment" / "Dockerfile"
    dockerfile.write_text(f"FROM {BASE}\nWORKDIR /app\n", encoding="utf-8")
    (folder / "overlay.yaml").write_text(OVERLAY, encoding="utf-8")
    config = import_module("harbor.models.task.config")
    trial = import_module("harbor.models.trial.paths").TrialPaths(trial_dir=folder / "trial")
    trial.mkdir()
    return import_module("harbor.environments.factory").EnvironmentFactory.create_environment(
        import_module("harbor.models.environment_type").EnvironmentType(engine),
        environment_dir=folder / "environment",
        environment_name="stage",
        session_id=f"autoloop-tests-{os.getpid()}__env",
        trial_paths=trial,
        task_env_config=config.EnvironmentConfig(),
        extra_docker_compose=[folder / "overlay.yaml"],
    )


@pytest.fixture(scope="module")
def stage(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Shared by a module: a test leaves nothing that another would notice."""
    stage = Stage(tmp_path_factory.mktemp("stage"), engine)
    with stage.runner:
        stage.run(stage.environment.start(force_build=False))
        try:
            yield stage
        finally:
            stage.run(stage.environment.stop(delete=True))
