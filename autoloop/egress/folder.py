"""The folder that holds a process's proxy sockets, and what killed processes left of theirs."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "al-egress-"
_LOCK = "lock"
_LONGEST_BASE = 60
"""A Unix socket's address holds about 100 bytes, and below the base come 33."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that only we can enter, removed at the end; those of killed processes go first."""
    wanted = Path(tempfile.gettempdir())
    base = wanted if len(str(wanted)) <= _LONGEST_BASE else Path("/tmp")  # noqa: S108
    _sweep(base)
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    # The kernel drops the lock when we die. It gets its name once it is held, and is held until
    # the folder is gone: whoever sweeps meanwhile would be in the way.
    with (home / "new").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (home / "new").rename(home / _LOCK)
            yield home
        finally:
            shutil.rmtree(home)


def _sweep(base: Path) -> None:
    for path in base.glob(f"{_PREFIX}*/{_LOCK}"):
        # It may be in use, or another user's, or swept by another process at this moment.
        with suppress(BlockingIOError, FileNotFoundError, PermissionError), path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent)
