"""The gate as it stands before the tasks of this repository."""

import pytest

from autoloop.guards import Guards, TrainTask, standard_guards
from tests.guards.edits import train_tasks


@pytest.fixture(scope="session")
def all_tasks(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainTask, ...]:
    """Every task of this repository, as if it were for training."""
    return train_tasks(tmp_path_factory.mktemp("datasets"))


@pytest.fixture(scope="session")
def gate(all_tasks: tuple[TrainTask, ...]) -> Guards:
    """The gate that knows them all."""
    return standard_guards(all_tasks)
