"""The command line, as a person starts it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autoloop.cli import main
from tests.app.builders import make_project, record_run

NO_ENGINE = "unix:///nowhere/docker.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - any document may be printed
        """The one JSON document on standard output."""
        assert self.out, self.err
        return json.loads(self.out)

    def assert_refused(self, *, code: int = 1) -> None:
        """It ended with a sentence on standard error, and with nothing else."""
        assert "Traceback" not in self.err
        assert (self.code, self.out) == (code, ""), self.err
        assert self.err.strip()


Command = Callable[..., Done]


def autoloop(*arguments: object, cwd: Path, **env: str) -> Done:
    """Run the command line to its end within this process, which is quicker."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["autoloop", *map(str, arguments)])
        for name, value in env.items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code=code, out=out.getvalue(), err=err.getvalue())


def autoloop_process(
    *arguments: object, cwd: Path, preexec: Callable[[], None] | None = None, **env: str
) -> Done:
    """Run the command line to its end as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "from autoloop.cli import main; main()", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", **env},
        preexec_fn=preexec,
        check=False,
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of six tasks, without a run."""
    return make_project(tmp_path / "project")


@pytest.fixture
def recorded(project: Path) -> Path:
    """A project with one finished run."""
    record_run(project)
    return project


@pytest.fixture
def run(project: Path) -> Command:
    """Runs commands in the project, where no container engine answers."""

    def command(*arguments: object, **env: str) -> Done:
        return autoloop(*arguments, cwd=project, **{"DOCKER_HOST": NO_ENGINE, **env})

    return command
