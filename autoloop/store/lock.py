"""One process per run, held by a file lock that the kernel gives back when the process dies."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import tenacity

from autoloop.errors import RunError, StorageError

FILE = "lock"


class RunLock:
    """An exclusive hold on a run's folder.

    Raises:
        RunError: another live process holds it.
        StorageError: the file system has no locks.
    """

    def __init__(self, folder: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._folder = folder
        self._file = folder / FILE
        # Whoever asks whether a run is going on holds the lock for an instant.
        patient = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(5),
            wait=tenacity.wait_fixed(0.05),
            retry=tenacity.retry_if_exception_type(RunError),
            sleep=sleep,
            reraise=True,
        )
        self._descriptor: int | None = patient(self._acquire)

    def release(self) -> None:
        """Give the run back. Harmless to repeat."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def _acquire(self) -> int:
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _refused(self._file, error) from error
        try:
            self._hold(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _hold(self, descriptor: int) -> None:
        if not _try_lock(self._file, descriptor, fcntl.LOCK_EX):
            raise RunError(
                f"The run in {str(self._folder)!r} is in use by process {_pid(descriptor)}: "
                "wait for it, or end it with `autoloop stop`."
            )
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        except OSError as error:
            raise _refused(self._file, error) from error


def holder(folder: Path) -> str | None:
    """Process id of whoever holds the run's folder; None when it is free."""
    file = folder / FILE
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(file, error) from error
    try:
        free = _try_lock(file, descriptor, fcntl.LOCK_SH)
        return None if free else _pid(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(file: Path, descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _refused(file, error) from error
    return True


def _pid(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode(errors="replace") or "(starting)"


def _refused(file: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{str(file)!r} cannot be locked ({error}): see that its folder is on a local disk, has "
        "room and may be written to by you."
    )
