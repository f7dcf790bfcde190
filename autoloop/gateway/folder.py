"""The folder that holds a process's sockets, and what killed processes left of theirs."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_PREFIX = "al-"
_LOCK = "lock"
_LONGEST_BASE = 60
"""A Unix socket's address holds about 100 bytes, and below the base come 27."""


@contextmanager
def private_folder(base: Path | None) -> Iterator[Path]:
    """A folder of our own below a base that leaves room for sockets; removed at the end.

    What processes that were killed left in the same base is removed first.
    """
    wanted = base or Path(tempfile.gettempdir())
    # mkdtemp makes a folder there that only we can enter.
    roomy = wanted if len(str(wanted)) <= _LONGEST_BASE else Path("/tmp")  # noqa: S108
    _sweep(roomy)
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=roomy))
    with _locked(home):
        try:
            yield home
        finally:
            shutil.rmtree(home)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Hold a lock that the kernel drops when we die. It gets its name once it is held."""
    new = home / "new"
    with new.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        new.rename(home / _LOCK)
        yield


def _sweep(base: Path) -> None:
    for lock in base.glob(f"{_PREFIX}*/{_LOCK}"):
        # Another process may sweep or end at the same moment, or the folder may be another user's.
        with suppress(FileNotFoundError, PermissionError), lock.open() as file:
            if _is_free(file):
                shutil.rmtree(lock.parent)


def _is_free(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
