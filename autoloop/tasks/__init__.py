"""Tasks in Harbor's format: found, read, divided into splits, made anew and imported."""

from autoloop.tasks.checksum import task_checksum
from autoloop.tasks.datasets import open_dataset
from autoloop.tasks.digest import task_digest
from autoloop.tasks.finding import find_tasks
from autoloop.tasks.new import new_task
from autoloop.tasks.splits import SplitPlan, make_splits
from autoloop.tasks.spreadsheetbench import import_spreadsheetbench

__all__ = [
    "SplitPlan",
    "find_tasks",
    "import_spreadsheetbench",
    "make_splits",
    "new_task",
    "open_dataset",
    "task_checksum",
    "task_digest",
]
