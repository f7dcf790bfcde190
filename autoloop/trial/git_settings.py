"""Which settings of git's name programs that git would run in the midst of the tests."""

import re
from collections.abc import Iterable

from autoloop.ports import Container, FileChange

SETTINGS = re.compile(r".*/\.git/(.*/)?config(\.worktree)?")
NAMING = re.compile(
    rb"^\s*(fsmonitor|hookspath|textconv|external|clean|smudge|process|sshcommand|program|driver)"
    rb"\s*=|^\s*\[\s*include",
    re.IGNORECASE | re.MULTILINE,
)
LOOKED_AT = 20
READ_BYTES = 64_000


def naming_programs(container: Container, changes: Iterable[FileChange]) -> frozenset[str]:
    """Paths of the changed settings that do; those that cannot be read are taken to."""
    own = [c.path for c in changes if c.kind != "removed" and SETTINGS.fullmatch(c.path)]
    read = [path for path in own[:LOOKED_AT] if not _names_one(container, path)]
    return frozenset(own) - frozenset(read)


def _names_one(container: Container, path: str) -> bool:
    try:
        return NAMING.search(container.read(path, max_bytes=READ_BYTES)) is not None
    except (FileNotFoundError, ValueError):
        return True
