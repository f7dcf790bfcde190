"""Success of the best agent, and tasks to look at, as tables for report.html."""

from collections.abc import Mapping, Sequence

from autoloop.records import Interval, Split, TaskRecord
from autoloop.records.rates import ks_of_table
from autoloop.report.facts import GroupFacts, IntervalFacts
from autoloop.report.figures import points
from autoloop.report.summary import BestFacts
from autoloop.report.tables import Table


def pass_table(best: Mapping[Split, BestFacts]) -> Table:
    """pass@k and pass^k on each split, for the k there is room for."""
    rows = [
        (
            split.value,
            f"{facts.all.tasks}",
            f"{at.k}",
            _points(at.any),
            _points(at.all),
        )
        for split, facts in best.items()
        for at in facts.all.passes
        if at.k in ks_of_table(len(facts.all.passes))
    ]
    header = ("split", "tasks", "attempts k", "at least one passes, pass@k", "all pass, pass^k")
    return Table(header=header, rows=tuple(rows))


def group_table(best: Mapping[Split, BestFacts]) -> Table:
    """Score and success of each family and each difficulty on each split."""
    rows = [
        (split.value, kind, group.name, f"{group.tasks}", f"{group.trials}", *_figures(group))
        for split, facts in best.items()
        for kind, groups in (("family", facts.families), ("difficulty", facts.difficulties))
        for group in groups
    ]
    header = ("split", "by", "name", "tasks", "trials", "score", "success")
    return Table(header=header, rows=tuple(rows))


def hint_table(records: Sequence[TaskRecord]) -> Table:
    """Tasks that something should be done about."""
    rows = [
        (own.task, own.state.value, f"{own.passed}/{own.trials}", points(own.rate), own.hint)
        for own in records
        if own.hint
    ]
    return Table(header=("task", "state", "passed", "rate", "hint"), rows=tuple(rows))


def _figures(group: GroupFacts) -> tuple[str, str]:
    return _points(group.score), _points(group.success)


def _points(facts: IntervalFacts) -> str:
    return points(Interval(mean=facts.mean, low=facts.low, high=facts.high, n=facts.n))
