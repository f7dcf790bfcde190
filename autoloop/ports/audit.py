"""Looking once more at what was kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from autoloop.records import Step, TrialResult, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOutcome:
    """What the audit of a kept edit comes to."""

    notice: str = ""
    """What a person should know now; empty when nothing was found."""
    usage: Usage = field(default_factory=Usage)
    """Of the model that was asked for its opinion, if one was."""


class Auditor(Protocol):
    """Looks at everything recorded of a kept edit, and records what it sees."""

    def kept(self, step: Step, trials: Sequence[TrialResult], *, may_ask: bool) -> AuditOutcome:
        """Audit an edit that has just landed; an audit that cannot be made is a notice.

        It decides nothing: what becomes of an edit is the strategy's business. May be repeated.

        Args:
            step: The step, with the commit on the run's branch.
            trials: All trials of the run so far.
            may_ask: Whether the budget allows to ask a model.
        """
