"""What an evaluation was about, kept beside its database so that attempts can be added later."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from autoloop.app.project import Project
from autoloop.errors import RunError, StorageError
from autoloop.records import Agent, Split

FILE = "eval.json"


class EvalRecord(BaseModel):
    """Everything that makes more trials of an evaluation the same kind of trials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    """As it was named: `oracle`, `nop`, or a path."""
    kind: Literal["python", "oracle", "nop"]
    agent_source: str
    """Text of its agent.py as it was; empty for oracle and nop."""
    source: str
    """Where the tasks came from."""
    split: Split | None
    tasks: Mapping[str, str]
    """Content digest of each task by name."""
    model: str
    settings: str
    """All settings as JSON."""
    wall_s: float = 0.0
    """Seconds worked on it, over all sessions."""

    def of_agent(self) -> Agent:
        """The agent that is evaluated."""
        return Agent(kind=self.kind, source=self.agent_source)

    def write(self, folder: Path) -> None:
        """Put it into the evaluation's folder; a reader sees the old or the new one.

        Raises:
            StorageError: the disk refuses.
        """
        fresh = folder / f"{FILE}.new"
        try:
            fresh.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
            fresh.replace(folder / FILE)
        except OSError as error:
            raise StorageError(f"{folder / FILE} cannot be written: {error}.") from error


def read_eval(project: Project, name: str) -> EvalRecord:
    """The record of a finished evaluation.

    Raises:
        RunError: there is none of that name, or it cannot be read.
    """
    path = project.runs / name / FILE
    try:
        return EvalRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        known = ", ".join(project.eval_names()[-5:]) or "none yet"
        raise RunError(
            f"There is no evaluation {name!r} in {project.runs}. Latest: {known}."
        ) from error
    except (OSError, ValidationError) as error:
        raise RunError(f"{path} cannot be read: {error}. Evaluate anew.") from error
