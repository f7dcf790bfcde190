"""audit.json of a run: what the last audit said, whole or not at all."""

import os
import uuid
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from autoloop.errors import RunError, StorageError
from autoloop.records import Audit

FILE = "audit.json"
_AUDIT = TypeAdapter(Audit)


def read_audit(run_folder: Path) -> Audit | None:
    """The recorded audit; None where there is none yet.

    Raises:
        RunError: the file is damaged.
    """
    path = run_folder / FILE
    try:
        return _AUDIT.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise RunError(
            f"{path} cannot be read ({error}): delete it, then write it anew with `autoloop audit`."
        ) from error


def known_audit(run_folder: Path) -> Audit | None:
    """The recorded audit for those who only mention it: a damaged one is none."""
    try:
        return read_audit(run_folder)
    except RunError:
        return None


def write_audit(run_folder: Path, audit: Audit) -> None:
    """Replace the recorded audit; a reader sees the old or the new one.

    Raises:
        StorageError: the disk refuses.
    """
    path = run_folder / FILE
    fresh = path.with_name(f".{FILE}.{uuid.uuid4().hex[:8]}")
    try:
        with fresh.open("wb") as file:
            file.write(_AUDIT.dump_json(audit, indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {error}.") from error
