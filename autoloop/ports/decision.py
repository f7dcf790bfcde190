"""Judging edits: before anything is spent, after trials, and in tables."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from autoloop.records import (
    Ask,
    Board,
    Evidence,
    Finding,
    Interval,
    McNemar,
    Move,
    PairedTest,
    Passes,
    PassRates,
    Verdict,
)


class Strategy(Protocol):
    """Steers the search. Holds configuration only: the answer is a pure function of the board.

    It is asked whenever something changed, says which edits are decided, which trials to run next
    and whether the meta-agent shall make another edit, and is asked again. When `board.exhausted`
    it must give every open edit its verdict. What is pending or free may change what it asks for,
    never a verdict: replayed on the same observations it decides the same.
    """

    @property
    def name(self) -> str:
        """Name in settings and reports."""

    @property
    def mixes(self) -> bool:
        """Whether trials run several edits together: what lands may never have run as it is."""

    def decide(self, board: Board) -> Move:
        """Verdicts, orders for trials, a wish for another edit, or nothing: wait."""


class KeepRule(Protocol):
    """Decides about an edit. Holds configuration only: the answer is a pure function of evidence.

    It asks for trials in batches about the size of the free workers, is asked again as results
    arrive (in any order), and ends with a verdict; it may end while trials are still running.
    When `evidence.exhausted` it must answer with a verdict.
    """

    @property
    def name(self) -> str:
        """Name in settings and reports."""

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        """Ask for more trials, wait (`Ask` without wants), or decide."""


class Estimator(Protocol):
    """Scores with intervals, for tables. Pure: the same trials give the same figures.

    Intervals are of 95 %, over tasks; tasks without trials are left out. Only `rate` is about one
    task, and counts trials.
    """

    def score(self, rewards: Mapping[str, Sequence[float]]) -> Interval:
        """Mean reward over tasks (rewards by task name), with its interval."""

    def gain(
        self, baseline: Mapping[str, Sequence[float]], best: Mapping[str, Sequence[float]]
    ) -> Interval:
        """Mean difference best minus baseline, paired by task, with its interval."""

    def passes(self, tasks: Mapping[str, Passes]) -> PassRates:
        """Success rate, and pass@k and pass^k for every k that all tasks have attempts for."""

    def rate(self, passes: Passes) -> Interval:
        """Share of one task's trials that passed, with its Clopper-Pearson interval."""

    def paired(
        self, a: Mapping[str, Sequence[float]], b: Mapping[str, Sequence[float]]
    ) -> PairedTest:
        """Mean difference B minus A with its interval, and the two-sided sign-flip test."""

    def mcnemar(self, *, only_a: int, only_b: int) -> McNemar:
        """McNemar's exact test of the tasks that one side alone passed."""

    def difference(self, amounts: Sequence[float]) -> Interval:
        """Mean of differences in what has no bounds, such as seconds, one per task."""


class Likeness(StrEnum):
    """How alike two versions of agent.py are."""

    SAME = "same"
    """But for names of variables, comments and layout."""
    NEAR = "near"
    """But for constants: numbers, short texts, a few words of a longer one."""
    OTHER = "other"


class Guard(Protocol):
    """Looks at an edit before anything is spent on it. Pure."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """What is wrong or odd with the edit; a finding of severity `block` refuses it."""

    def size(self, source: str) -> int:
        """How complex an agent.py is, in syntax-tree nodes; 0 when it does not parse."""

    def likeness(self, one: str, other: str) -> Likeness:
        """How alike two versions are; one that does not parse is only like itself."""
