"""A project with one recorded run."""

from pathlib import Path

import pytest

from tests.app.builders import make_project, record_run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of six tasks, without a run."""
    return make_project(tmp_path / "project")


@pytest.fixture
def recorded(project: Path) -> Path:
    """A project with one finished run."""
    record_run(project)
    return project
