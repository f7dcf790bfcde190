"""A reviewer that follows a script."""

from collections.abc import Mapping
from types import MappingProxyType

from autoloop.ports import ReviewCase, ReviewOutcome
from autoloop.records import Review, Usage

YES = Review(worthwhile="yes", reason="It would help anywhere.")
NO = Review(worthwhile="no", reason="It knows one task.", tasks=("train/t1",))


class ScriptedReviewer:
    """A `Reviewer` that answers by the number of the step, and keeps what it was shown.

    An exception in the script is raised; a step without an entry is worthwhile.
    """

    def __init__(
        self,
        answers: Mapping[int, Review | Exception] = MappingProxyType({}),
        *,
        usage: Usage | None = None,
    ) -> None:
        self._answers = answers
        self._usage = usage or Usage()
        self.cases: list[ReviewCase] = []
        """The edits that it was asked about so far."""

    def review(self, case: ReviewCase) -> ReviewOutcome:
        """Give the answer for the case's step."""
        self.cases.append(case)
        answer = self._answers.get(case.step, YES)
        if isinstance(answer, Exception):
            raise answer
        return ReviewOutcome(review=answer, usage=self._usage)
