"""Looks at the holdout during a run: each is on disk before anybody is told its answer."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from autoloop.errors import RunError, StorageError

FILE = "looks.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the holdout said, and what it cost."""

    number: int
    """1, 2, 3, … within the run."""
    allowed: int
    """Looks that the run has in all."""
    at: str
    """When it was answered, in ISO form."""
    commit: str
    """The best at that time."""
    agent: str
    """Digest of its agent.py."""
    answers: Literal["thresholdout", "ladder"]
    claimed: float
    """Gain that train and validation showed."""
    gain: float
    """The protected answer: gain over the baseline, from -1 to 1."""
    agrees: bool | None
    """Whether holdout agrees with the claim; None with the Ladder."""
    within: float
    """How exact the answer is."""
    trials: int
    """That were run for it."""
    tokens: int
    cost_usd: float | None
    seconds: float
    said: str
    """The sentence a person was told."""

    @property
    def answered_at(self) -> datetime:
        """When it was answered."""
        return datetime.fromisoformat(self.at)


def read_looks(run_folder: Path) -> tuple[Look, ...]:
    """All looks of a run, oldest first.

    Raises:
        RunError: the log is damaged: nobody knows how many looks are left.
    """
    path = run_folder / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(Look(**json.loads(line)) for line in lines)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"{path} cannot be read ({error}), so nobody knows which looks are left. Restore it."
        ) from error


def log_look(run_folder: Path, look: Look) -> None:
    """Add a look; on disk when this returns.

    Raises:
        StorageError: the disk refuses; then nobody may be told.
    """
    path = run_folder / FILE
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(look)) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error}); no answer is given.") from error
