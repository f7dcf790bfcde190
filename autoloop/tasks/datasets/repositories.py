"""Git repositories of other people's tasks, checked out into a cache, one folder per commit."""

import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autoloop.errors import StorageError, TaskError
from autoloop.records.secrets import blank_secrets, secrets_hidden
from autoloop.tasks.datasets.sources import without_credentials

try:
    with secrets_hidden():
        import git
except ImportError as error:  # GitPython refuses to be imported where git is missing
    raise TaskError(
        "git cannot be run: install it (on Debian: apt-get install git) and make sure that "
        f"`git --version` works. GitPython says: {error}"
    ) from error

CREDENTIALS = ("GH_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "HF_TOKEN")
"""What helpers of git may take from the environment to log in at a host of repositories."""
WHOLE_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SHORT_ID = re.compile(r"[0-9a-f]{7,63}")
SPECIAL = re.compile(r"([*?\[\]\\!# ])")
"""Characters that mean something in a sparse-checkout pattern."""
POINTER = b"version https://git-lfs.github.com/spec/v1\n"
POINTER_BYTES = 1024
BLOBLESS = "--filter=blob:none"
SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.autocrlf": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The files of one commit."""

    url: str
    commit: str
    folder: Path

    def folder_at(self, path: str) -> Path | None:
        """A folder of it, or None when there is none or a link leads out."""
        folder = self.folder / path
        inside = Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(self.folder))
        return folder if inside and folder.is_dir() else None

    def __str__(self) -> str:
        return f"The git repository {without_credentials(self.url)!r} at {self.commit[:12]}"


class Repositories:
    """Repositories that are fetched when they are first asked for."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache.resolve()

    def checkout(self, url: str, revision: str | None, *, paths: Sequence[str] = ()) -> Checkout:
        """The files of a revision, or only those below some paths.

        A commit named in full is taken from the cache without asking the repository again.

        Raises:
            TaskError: the repository does not answer, or has no such revision.
            StorageError: the cache cannot be written.
        """
        home = self._cache / _digest(without_credentials(url))
        wanted = tuple(sorted(set(paths)))
        if revision is not None and WHOLE_ID.fullmatch(revision):
            found = _checkout_in(home, url, revision, wanted)
            if found.folder.is_dir():
                return found
        try:
            home.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home, prefix=".making-") as workplace:
                return _made(home, Path(workplace), url, revision, wanted)
        except git.GitCommandError as error:
            raise _refusal(url, revision, error) from error
        except git.GitCommandNotFound as error:
            raise TaskError(
                "git cannot be run: install it (on Debian: apt-get install git) and try again."
            ) from error
        except OSError as error:
            raise StorageError(
                f"The cache {str(home)!r} cannot be written: {error}. Make room, or name another "
                "folder."
            ) from error


def _made(
    home: Path, workplace: Path, url: str, revision: str | None, paths: tuple[str, ...]
) -> Checkout:
    """Make what is missing beside its place, then move it there in one step."""
    clone = _Clone(workplace, url)
    commit = clone.commit_of(revision)
    checkout = _checkout_in(home, url, commit, paths)
    if not checkout.folder.is_dir():
        made = workplace / "made"
        clone.write(commit, made / checkout.folder.name, paths=paths)
        _refuse_pointers(made, checkout)
        try:
            made.rename(checkout.folder.parent)
        except OSError:
            # Another process made it in the meantime.
            if not checkout.folder.is_dir():
                raise
    return checkout


def _checkout_in(home: Path, url: str, commit: str, paths: tuple[str, ...]) -> Checkout:
    part = f"-{_digest(chr(0).join(paths))}" if paths else ""
    # The innermost folder is named as the repository: a task at the top is called after it.
    name = re.split("[/:]", url.rstrip("/"))[-1].removesuffix(".git") or "repository"
    return Checkout(url=url, commit=commit, folder=home / f"{commit}{part}" / name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class _Clone:
    """An empty repository that takes what it needs from another one."""

    def __init__(self, workplace: Path, url: str) -> None:
        self._url = url
        self._folder = workplace / "git"
        self._git = git.Git(str(workplace))
        # Overrides what a hook that called us left in the environment.
        self._git.update_environment(
            GIT_DIR=str(self._folder),
            GIT_COMMON_DIR=str(self._folder),
            GIT_OBJECT_DIRECTORY=str(self._folder / "objects"),
            GIT_ALTERNATE_OBJECT_DIRECTORIES="",
            GIT_INDEX_FILE=str(self._folder / "index"),
            GIT_WORK_TREE=str(workplace),
            GIT_TERMINAL_PROMPT="0",
            **blank_secrets(keep=CREDENTIALS),
        )
        self._call("init", "--quiet", "--template=")
        self._call("remote", "add", "origin", url)

    def commit_of(self, revision: str | None) -> str:
        """The id of the commit that a revision is now."""
        name = revision or "HEAD"
        if WHOLE_ID.fullmatch(name):
            return name
        lines = self._call("ls-remote", "origin", name, f"{name}^{{}}").splitlines()
        ids = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines)}
        tag = f"refs/tags/{name}"
        for ref in (name, f"refs/heads/{name}", f"{tag}^{{}}", tag, f"refs/{name}"):
            if ref in ids:
                return ids[ref]
        return self._commit_named_in_short(name)

    def _commit_named_in_short(self, name: str) -> str:
        if SHORT_ID.fullmatch(name):
            self._fetch_history(BLOBLESS)
            arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options")
            try:
                return self._call(*arguments, f"{name}^{{commit}}")
            except git.GitCommandError:
                pass  # None has this name, or several have: the sentence below is for both.
        raise TaskError(
            f"The git repository {without_credentials(self._url)!r} has no branch, tag or commit "
            f"{name!r}. Write one that it has after the @."
        )

    def write(self, commit: str, folder: Path, *, paths: Sequence[str]) -> None:
        """Write the files of a commit to a folder."""
        folder.mkdir(parents=True)
        if paths:
            literal = [SPECIAL.sub(r"\\\1", path) for path in paths]
            patterns = "".join(f"/{path}/\n" for path in literal)
            (self._folder / "info").mkdir(exist_ok=True)
            (self._folder / "info" / "sparse-checkout").write_text(patterns, "utf-8")
            self._call("config", "core.sparseCheckout", "true")
        self._fetch(commit, BLOBLESS if paths else "--no-filter")
        try:
            self._check_out(commit, folder)
        except git.GitCommandError:
            # Some servers promise to send files later, and do not.
            self._fetch(commit, "--no-filter", "--refetch")
            self._check_out(commit, folder)

    def _check_out(self, commit: str, folder: Path) -> None:
        self._call(f"--work-tree={folder}", "checkout", "--quiet", "--force", commit)

    def _fetch(self, commit: str, *options: str) -> None:
        try:
            self._call("fetch", "--quiet", "--no-tags", *options, "--depth=1", "origin", commit)
        except git.GitCommandError:
            # Some servers give a commit only to who asks for a branch or tag with it.
            self._fetch_history(*options)
            self._call("cat-file", "-e", f"{commit}^{{commit}}")

    def _fetch_history(self, *options: str) -> None:
        heads, tags = "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"
        self._call("fetch", "--quiet", *options, "origin", heads, tags)

    def _call(self, *arguments: str) -> str:
        settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        command = [git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git", *settings, *arguments]
        return str(self._git.execute(command))


def _refusal(url: str, revision: str | None, error: git.GitCommandError) -> TaskError:
    said = without_credentials(str(error.stderr)).strip().removeprefix("stderr: ").strip(" '\n")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    plain = [line for line in lines if line.startswith(("fatal:", "error:"))]
    reason = next(iter(plain or lines), f"exit code {error.status}")
    at = f" at {revision!r}" if revision else ""
    return TaskError(
        f"The git repository {without_credentials(url)!r}{at} cannot be had: git says {reason!r}. "
        "Check address, revision and network, and that git may read it without asking for a "
        "password."
    )


def _refuse_pointers(folder: Path, checkout: Checkout) -> None:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.stat().st_size > POINTER_BYTES:
            continue
        if path.read_bytes().startswith(POINTER):
            raise TaskError(
                f"{checkout} keeps {path.relative_to(folder).as_posix()!r} in Git LFS, and git "
                "did not fetch it. Install git-lfs (on Debian: apt-get install git-lfs), run "
                "`git lfs install` once, and try again."
            )
