"""A real repository, cut off from the developer's own git settings."""

import subprocess
from pathlib import Path

import pytest

from tests.workspace.contract import BASELINE


class Repository:
    """A git repository driven the way a user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str, stdin: str = "") -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()

    def commit(self, **files: str) -> str:
        """Commit files, `__` in a name standing for `/` and `_` for a dot."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self.git("add", "-f", str(path))
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        self.git(*identity, "-c", "commit.gpgSign=false", "commit", "--allow-empty", "-qm", "Work")
        return self.git("rev-parse", "HEAD")

    def snapshot(self) -> dict[str, bytes]:
        """Every byte of the working files, index, HEAD, configuration and the user's branches."""
        parts = (
            "index",
            "HEAD",
            "config",
            "logs/HEAD",
            "refs/heads/main",
            "packed-refs",
            "hooks/x",
        )
        kept = [self.folder / ".git" / part for part in parts]
        files = [path for path in self.folder.rglob("*") if ".git" not in path.parts]
        return {str(p): p.read_bytes() for p in (*files, *kept) if p.is_file()}

    def refs(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname)").split()

    def assert_sound(self) -> None:
        report = self.git("fsck", "--strict", "--full", "--no-dangling")
        assert report == ""


@pytest.fixture(autouse=True)
def _own_git_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def empty(tmp_path: Path) -> Repository:
    """A repository without a commit."""
    folder = tmp_path / "project"
    folder.mkdir()
    repository = Repository(folder)
    repository.git("init", "-q", "-b", "main")
    return repository


@pytest.fixture
def repository(empty: Repository) -> Repository:
    """A repository whose only commit holds the baseline."""
    empty.commit(agent_py=BASELINE, README_md="hello\n")
    return empty
