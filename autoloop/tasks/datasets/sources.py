"""Addresses of git repositories, with revision and folder: `URL@revision:path`."""

import posixpath
import re
from dataclasses import dataclass

from autoloop.errors import TaskError

SOURCE = re.compile(
    r"(?P<host>(?:https?|ssh|git)://[^/]+/|file:///|[A-Za-z0-9_][\w.-]*@[\w.-]+:)"
    r"(?P<repository>[^@:]+)(?:@(?P<revision>[^:]*))?(?::(?P<path>.*))?",
    re.DOTALL,
)
CREDENTIALS = re.compile(r"(?<=://)[^/@]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """A folder of a git repository at a revision."""

    url: str
    revision: str | None = None
    """A branch, a tag or a commit; None is what the repository offers first."""
    path: str = ""
    """Below the top; empty is the top itself."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The folders that are needed; none means all of it."""
        return (self.path,) if self.path else ()


def git_source(text: str) -> GitSource | None:
    """Take `URL@revision:path` apart; None when it is no address of a git repository.

    An @ or a colon in the repository's own path is written %40 or %3A.

    Raises:
        TaskError: revision or path cannot be one.
    """
    match = SOURCE.fullmatch(text)
    if match is None:
        return None
    revision = match["revision"]
    if revision is not None and (not revision or revision.startswith("-")):
        raise TaskError(
            f"{without_credentials(text)!r} names the revision {revision!r}. "
            "Write a branch, a tag or a commit after the @."
        )
    return GitSource(
        url=match["host"] + match["repository"],
        revision=revision,
        path=repository_path(match["path"] or ""),
    )


def repository_path(text: str) -> str:
    """A path below a repository's top without `.` and `..`; empty for the top.

    Raises:
        TaskError: it leads out.
    """
    path = posixpath.normpath(text) if text else "."
    if path.startswith("/") or path.split("/")[0] == ".." or "\0" in path or "\n" in path:
        raise TaskError(f"{text!r} is no path in a git repository. Write one such as tasks/csv.")
    return "" if path == "." else path


def without_credentials(text: str) -> str:
    """A text in which no address shows a user or a password."""
    return CREDENTIALS.sub("", text)
