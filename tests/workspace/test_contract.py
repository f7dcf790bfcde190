"""Git and the fake keep the same promises."""

import pytest

from autoloop.ports import Workspace
from autoloop.testing.workspaces import MemoryWorkspace
from autoloop.workspace import GitWorkspace
from tests.workspace.conftest import Repository
from tests.workspace.contract import WorkspaceContract


class TestGitWorkspace(WorkspaceContract):
    @pytest.fixture
    def workspace(self, repository: Repository) -> Workspace:
        return GitWorkspace(repository.folder)


class TestMemoryWorkspace(WorkspaceContract):
    @pytest.fixture
    def workspace(self) -> Workspace:
        return MemoryWorkspace()
