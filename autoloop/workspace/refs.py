"""Names of the branch and the refs that belong to a run."""

import re
from dataclasses import dataclass

from autoloop.errors import RunError

BRANCHES = "refs/heads/autoloop/"
REFS = "refs/autoloop/"
_RUN_NAME = re.compile(r"[a-z0-9-]{1,100}")


@dataclass(frozen=True, slots=True)
class RunRefs:
    """Everything in git that carries a run's name."""

    run: str

    def __post_init__(self) -> None:
        if not _RUN_NAME.fullmatch(self.run):
            raise RunError(
                f"{self.run!r} cannot name a run: write up to 100 lower-case letters, digits "
                "and hyphens."
            )

    @property
    def branch(self) -> str:
        """The branch of kept edits."""
        return BRANCHES + self.run

    @property
    def base(self) -> str:
        """Marks the baseline commit; its presence says that the run has begun in git."""
        return f"{self.folder}base"

    @property
    def folder(self) -> str:
        """Prefix of the run's own refs."""
        return f"{REFS}{self.run}/"

    def step(self, step: int) -> str:
        """The ref of one step's edit."""
        return f"{self.folder}{step:03d}"
