"""A project folder: where things are, and its settings and tasks, read with care."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autoloop.errors import ProjectError, RunError

EVAL = "eval-"
"""Names of evaluations begin with it."""
CALIBRATE = "calibrate-"
"""Names of calibrations begin with it: they are runs, and no other run learns from them."""
REDTEAM = "redteam-"
"""Names of folders that hold what attacks left."""
MARKS = ("agent.py", "program.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with `agent.py`, `program.md` and `tasks/`."""

    root: Path
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Settings that win over program.md, by dotted key; values as in YAML."""

    @property
    def runs(self) -> Path:
        """Folder of the runs."""
        return self.root / "runs"

    def run_folder(self, name: str) -> Path:
        """Folder of one run; raises RunError when there is none of that name."""
        folder = self.runs / name
        if not (folder / "run.db").is_file():
            known = ", ".join(self.run_names()[-5:]) or "none yet"
            raise RunError(f"There is no run {name!r} in {self.runs}. Latest runs: {known}.")
        return folder

    def run_names(self) -> list[str]:
        """Names of the climbs, oldest first."""
        return sorted(name for name in self._recorded() if not name.startswith((EVAL, CALIBRATE)))

    def calibration_names(self) -> list[str]:
        """Names of the calibrations, oldest first."""
        return sorted(name for name in self._recorded() if is_calibration(name))

    def eval_names(self) -> list[str]:
        """Names of the evaluations, oldest first."""
        return sorted(name for name in self._recorded() if name.startswith(EVAL))

    def _recorded(self) -> list[str]:
        return [path.parent.name for path in self.runs.glob("*/run.db")]

    def latest_run(self, name: str | None = None) -> str:
        """The run that is meant: `name` if given, else the latest."""
        names = self.run_names()
        if name is not None:
            return self.run_folder(name).name
        if not names:
            raise RunError(f"There is no run in {self.runs} yet. Start one with `autoloop climb`.")
        return names[-1]

    def agent_source(self) -> str:
        """Text of the project's agent.py."""
        return read_agent(self.root / "agent.py")

    def new_run_name(self, now: datetime, prefix: str = "") -> str:
        """A name for a new run, by date and time, not taken yet."""
        stem = prefix + now.strftime("%Y%m%d-%H%M%S")
        taken = {p.name for p in self.runs.glob(f"{stem}*")}
        return next(n for n in _numbered(stem) if n not in taken)


def is_calibration(run: str) -> bool:
    """Whether a run of this name is a calibration."""
    return run.startswith(CALIBRATE)


def _numbered(stem: str) -> Iterable[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def find_project(path: Path, overrides: Mapping[str, object] | None = None) -> Project:
    """The project at or above `path`.

    Raises:
        ProjectError: there is no such folder, or no agent.py or program.md up to the top of its
            git repository.
    """
    if not path.is_dir():
        raise ProjectError(f"There is no folder {str(path)!r}. Name the folder of a project.")
    found = _find(path, overrides or {})
    if found is not None:
        return found
    raise ProjectError(
        f"{path.resolve()} is not an autoloop project: neither it nor a folder above it in"
        " the same git repository has an agent.py or a program.md. Make one with `autoloop init`."
    )


def find_project_or_folder(path: Path, overrides: Mapping[str, object]) -> Project:
    """The project at or above `path`; where there is none, `path` itself with all defaults."""
    return _find(path, overrides) or Project(root=path.resolve(), overrides=overrides)


def _find(path: Path, overrides: Mapping[str, object]) -> Project | None:
    start = path.resolve()
    for folder in (start, *start.parents):
        if any((folder / mark).is_file() for mark in MARKS):
            return Project(root=folder, overrides=overrides)
        if (folder / ".git").exists():
            return None
    return None


def read_agent(path: Path) -> str:
    """Text of an agent.py.

    Raises:
        ProjectError: it is not there, no UTF-8 text, or a link.
    """
    if path.is_symlink():
        raise ProjectError(f"{path} is a symbolic link. Put the file itself there.")
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise ProjectError(f"{path} is missing. `autoloop init` writes a first one.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read: {error}.") from error
