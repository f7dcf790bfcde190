"""A bench on which skills really work: their steps run in a folder of the test."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

from openpyxl import load_workbook  # type: ignore[import-untyped]

from autoloop.gateway.offline.skill import Job, Skill, View
from tests.offline.stage import ROOT

# The steps say `python3`; here that is the interpreter of the tests, which has openpyxl.
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """One instruction with its input; the instruction's paths lie below `/app/`."""

    skill: Skill
    instruction: str
    fill: Callable[[Path], object]
    """Puts the input into a folder."""
    folder: Path

    @property
    def job(self) -> Job:
        """What the skill understands."""
        job = self.skill.understand(self.instruction.replace("/app", str(self.folder / "app")))
        assert job is not None, "not understood"
        return job

    def work(self, view: View | None = None, *, times: int = 1) -> dict[str, str]:
        """What is there after the work, by path; always from a fresh start."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "app").mkdir(parents=True)
        self.fill(self.folder / "app")
        environment = {**os.environ, "PATH": PATH, "TMPDIR": str(self.folder)}
        for step in self.job.steps(view or View()) * times:
            subprocess.run(["bash", "-c", step], env=environment, capture_output=True, check=False)
        return contents(self.folder / "app")

    def forgetting(self, detail: str) -> dict[str, str]:
        """What is there after the work without one detail."""
        assert detail in self.job.details
        return self.work(View(dropped=frozenset([detail])))


def task_bench(skill: Skill, task: str, folder: Path) -> Workbench:
    """The bench of one of the default tasks."""
    place = ROOT / "tasks" / task
    return Workbench(
        skill=skill,
        instruction=(place / "instruction.md").read_text(),
        fill=lambda app: shutil.copytree(place / "environment" / "data", app, dirs_exist_ok=True),
        folder=folder,
    )


def write_files(**files: str) -> Callable[[Path], None]:
    """Puts text files into a folder; `__` in a name stands for a dot."""

    def fill(folder: Path) -> None:
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)

    return fill


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder as text."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): as_text(path) for path in sorted(files)}


def as_text(path: Path) -> str:
    """A file's content, also of workbooks and databases."""
    if is_zipfile(path):
        book = load_workbook(path)
        rows = [[s.title, *row] for s in book for row in s.iter_rows(values_only=True) if any(row)]
        return "\n".join(map(str, rows))
    if path.suffix == ".db":
        with sqlite3.connect(path) as database:
            return "\n".join(database.iterdump())
    return path.read_bytes().hex() if path.suffix == ".gz" else path.read_text()
