"""Real git repositories with tasks in them."""

import os
import subprocess
from pathlib import Path

from tests.tasks.builders import write_task

NOBODY = {"NAME": "nobody", "EMAIL": "nobody@localhost"}
IDENTITY = {f"GIT_{who}_{key}": NOBODY[key] for who in ("AUTHOR", "COMMITTER") for key in NOBODY}


class Origin:
    """A repository that others fetch from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        """Its address."""
        return self.folder.as_uri()

    def git(self, *arguments: str) -> str:
        """Run a git command in it; what it prints."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **IDENTITY},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, *tasks: str, **files: str) -> str:
        """Commit tasks and files; the id of the commit."""
        for task in tasks:
            write_task(self.folder / task)
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=more")
        return self.git("rev-parse", "HEAD")
