"""Git's plumbing commands, cut off from the user's hooks, identity, filters and index."""

import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tenacity

from autoloop.errors import AutoloopError, InfraError, ProjectError, StorageError
from autoloop.records.secrets import blank_secrets, secrets_hidden

try:
    with secrets_hidden():
        import git
except ImportError as error:  # GitPython refuses to be imported where git is missing
    raise ProjectError(
        "git cannot be used: install it (on Debian: apt-get install git) and make sure that "
        f"`git --version` works. GitPython says: {error}"
    ) from error

_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsync": "all",
    "core.fsyncMethod": "fsync",
    "core.filesRefLockTimeout": "0",
    "core.packedRefsTimeout": "0",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "trailer.separators": ":",
}
_LOCK = re.compile(r"Unable to create '(.+?\.lock)': File exists")
_IN_THE_WAY = re.compile(r"'(refs/heads/[^']+)' exists; cannot create '([^']+)'")
_MOST_CONFLICTS = 127
"""What `git merge-file` counts to; a greater status is an error."""
_STALE_LOCK_S = 30.0
"""A live git holds the lock of a ref for milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a project lies in its repository."""

    git_dir: Path
    """Of the working tree; a linked one has its own."""
    common_dir: Path
    """Where objects and refs are."""
    prefix: tuple[str, ...]
    """Path of the project below the top of the working tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One line of a git tree."""

    mode: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFacts:
    """What makes up a commit, besides its message."""

    tree: str
    parents: tuple[str, ...]
    time_s: int
    """Committer date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefChange:
    """A ref that moves from `old` to `new`; None is absence."""

    ref: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.new is None:
            return f"delete {self.ref} {self.old}"
        if self.old is None:
            return f"create {self.ref} {self.new}"
        return f"update {self.ref} {self.new} {self.old}"


class RepositoryLockedError(InfraError):
    """Another program holds a lock file of git."""

    def __init__(self, lock: Path) -> None:
        super().__init__(
            f"git's lock file {str(lock)!r} is held by another program, or was left by one that "
            "died; wait for that program, or delete the file when no git command is running, "
            "then resume."
        )
        self.lock = lock


def locate(project: Path) -> Location:
    """Find the repository that a project folder belongs to.

    Raises:
        ProjectError: there is none, or it has no working tree.
    """
    folder = project.resolve()
    if not folder.is_dir():
        raise ProjectError(f"{str(project)!r} is not a folder.")
    try:
        with git.Repo(folder, search_parent_directories=True, expand_vars=False) as repo:
            top, git_dir, common = repo.working_tree_dir, repo.git_dir, repo.common_dir
    except git.InvalidGitRepositoryError as error:
        raise ProjectError(
            f"{str(folder)!r} is not in a git repository; autoloop keeps every edit as a commit. "
            "Write `git init` there first."
        ) from error
    if top is None:
        raise ProjectError(
            f"{str(folder)!r} is a bare git repository; clone it and use the clone as project."
        )
    return Location(
        git_dir=Path(git_dir).resolve(),
        common_dir=Path(common).resolve(),
        prefix=folder.relative_to(Path(top).resolve()).parts,
    )


class Plumbing:
    """Runs git commands on one repository, never on the user's branch, index or files."""

    def __init__(
        self,
        location: Location,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._location = location
        self._now = now
        self._git = git.Git(str(location.git_dir))
        # Overrides what a hook or `git rebase --exec` that called us left in the environment;
        # an explicit GIT_DIR also holds where git mistrusts the owner of the folder, which is
        # safe because nothing that its configuration names is run.
        self._git.update_environment(
            GIT_DIR=str(location.git_dir),
            GIT_COMMON_DIR=str(location.common_dir),
            GIT_OBJECT_DIRECTORY=str(location.common_dir / "objects"),
            GIT_ALTERNATE_OBJECT_DIRECTORIES="",
            GIT_WORK_TREE=str(location.git_dir),
            GIT_LITERAL_PATHSPECS="1",
            GIT_NO_REPLACE_OBJECTS="1",
            GIT_ALLOW_PROTOCOL="none",
            GIT_AUTHOR_NAME="autoloop",
            GIT_AUTHOR_EMAIL="autoloop@localhost",
            GIT_COMMITTER_NAME="autoloop",
            GIT_COMMITTER_EMAIL="autoloop@localhost",
            **blank_secrets(),
        )
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(6),
            wait=tenacity.wait_exponential(multiplier=0.1, max=1.0),
            retry=tenacity.retry_if_exception_type(RepositoryLockedError),
            before_sleep=self._remove_stale_lock,
            sleep=sleep,
            reraise=True,
        )

    def call(self, *arguments: str, stdin: bytes = b"", date: int | None = None) -> bytes:
        """Run a git command and return what it prints."""
        return self._retrying(self._call, arguments, stdin, date)

    def ref(self, name: str) -> str | None:
        """The object that a ref or a revision names, or None."""
        status, out, _ = self._execute(
            ("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        )
        return out.decode().split()[-1] if status == 0 else None

    def commit_facts(self, commit: str) -> CommitFacts:
        """Read a commit."""
        head, _, _ = self.call("cat-file", "commit", commit).partition(b"\n\n")
        lines = [line.decode(errors="replace").split(" ") for line in head.split(b"\n")]
        times = [line[-2] for line in lines if line[0] == "committer" and len(line) > 2]
        return CommitFacts(
            tree=next(line[1] for line in lines if line[0] == "tree"),
            parents=tuple(line[1] for line in lines if line[0] == "parent"),
            time_s=int(times[0]) if times and times[0].isdigit() else 0,
        )

    def entries(self, tree: str) -> dict[bytes, TreeEntry]:
        """What is directly in a tree."""
        found = {}
        for line in self.call("ls-tree", "-z", "--full-tree", tree).split(b"\0")[:-1]:
            facts, _, name = line.partition(b"\t")
            mode, kind, oid = facts.decode().split()
            found[name] = TreeEntry(mode=mode, kind=kind, id=oid)
        return found

    def write_tree(self, entries: Mapping[bytes, TreeEntry]) -> str:
        """Store a tree; what it names need not be here (a partial clone)."""
        lines = b"".join(
            f"{entry.mode} {entry.kind} {entry.id}\t".encode() + name + b"\0"
            for name, entry in entries.items()
        )
        return self._id("mktree", "-z", "--missing", stdin=lines)

    def write_blob(self, content: bytes) -> str:
        """Store bytes exactly as they are."""
        return self._id("hash-object", "-w", "--no-filters", "--stdin", stdin=content)

    def write_commit(self, facts: CommitFacts, message: str) -> str:
        """Store a commit; equal arguments give an equal commit."""
        parents = [part for parent in facts.parents for part in ("-p", parent)]
        return self._id(
            "commit-tree", *parents, facts.tree, stdin=message.encode(), date=facts.time_s
        )

    def merge(self, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        """Merge three texts; None where both sides changed the same place, or one is no text."""
        with tempfile.TemporaryDirectory(prefix="autoloop-merge-") as folder:
            files = [Path(folder) / name for name in ("ours", "base", "theirs")]
            for file, content in zip(files, (ours, base, theirs), strict=True):
                file.write_bytes(content)
            # Its status is the number of conflicts, or negative when it refuses.
            status, out, complaint = self._execute(("merge-file", "-p", *map(str, files)))
        if status > _MOST_CONFLICTS and "binary" not in complaint:
            raise self._failure("merge-file", complaint)
        return None if status else out

    def move(self, changes: Sequence[RefChange]) -> None:
        """Move refs together, if they are where they are said to be."""
        self.call("update-ref", "--stdin", stdin="".join(f"{c}\n" for c in changes).encode())

    def _id(self, *arguments: str, stdin: bytes, date: int | None = None) -> str:
        return self.call(*arguments, stdin=stdin, date=date).decode().strip()

    def _call(self, arguments: Sequence[str], stdin: bytes, date: int | None) -> bytes:
        status, out, complaint = self._execute(arguments, stdin=stdin, date=date)
        if status:
            raise self._failure(arguments[0], complaint)
        return out

    def _execute(
        self, arguments: Sequence[str], *, stdin: bytes = b"", date: int | None = None
    ) -> tuple[int, bytes, str]:
        settings = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        when = f"@{date} +0000"
        dates = {} if date is None else {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        with tempfile.TemporaryFile() as stream:
            stream.write(stdin)
            stream.seek(0)
            try:
                status, out, complaint = self._git.execute(
                    [git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git", *settings, *arguments],
                    istream=stream,
                    with_extended_output=True,
                    with_exceptions=False,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    env=dates,
                )
            except git.GitCommandNotFound as error:
                raise ProjectError(
                    f"git cannot be run ({error.stderr or error}): install it and resume."
                ) from error
        return status, out, complaint

    def _failure(self, command: str, complaint: str) -> AutoloopError:
        if lock := _LOCK.search(complaint):
            return RepositoryLockedError(Path(lock[1]))
        if found := _IN_THE_WAY.search(complaint):
            branch = found[1].removeprefix("refs/heads/")
            return ProjectError(
                f"The branch {branch!r} is in the way of {found[2].removeprefix('refs/heads/')!r}:"
                f" rename it with `git branch -m {branch} NEW-NAME`."
            )
        where = str(self._location.common_dir)
        if "No space left on device" in complaint or "Disk quota exceeded" in complaint:
            return StorageError(f"The disk of the git repository {where!r} is full: {complaint}")
        if "ermission denied" in complaint or "insufficient permission" in complaint:
            return ProjectError(
                f"The git repository {where!r} cannot be written to; make its files belong to you "
                f"with chown. git says: {complaint}"
            )
        return InfraError(f"git {command} failed in {where!r}: {complaint or 'it gave no reason'}")

    def _remove_stale_lock(self, state: tenacity.RetryCallState) -> None:
        """Clear a lock on a ref of ours that a killed git left: one process works on a run."""
        failure = state.outcome.exception() if state.outcome else None
        if not isinstance(failure, RepositoryLockedError):
            return
        refs = self._location.common_dir / "refs"
        ours = (refs / "autoloop", refs / "heads" / "autoloop")
        if not any(failure.lock.is_relative_to(folder) for folder in ours):
            return
        try:
            age_s = self._now() - os.lstat(failure.lock).st_mtime
        except FileNotFoundError:
            return
        if age_s > _STALE_LOCK_S:
            failure.lock.unlink(missing_ok=True)
