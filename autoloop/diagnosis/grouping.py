"""Groups failed trials by their symptoms, beside how often passing trials show the same."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock

from autoloop.diagnosis.deeds import deed_signs
from autoloop.diagnosis.endings import ending_signs
from autoloop.diagnosis.seen import look_through
from autoloop.diagnosis.verdicts import verdict_signs
from autoloop.errors import StorageError
from autoloop.ports import TrialCase
from autoloop.records import FailureGroup, FailureReport, Sighting, Sign, Symptom

REMEMBERED = 5_000
"""Trials whose signs are kept, so that their traces are read once."""


class SymptomDiagnosis:
    """Port `Diagnosis`: fixed rules over recorded traces; may be used from any thread."""

    def __init__(self, *, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[Sign, ...]] = OrderedDict()

    def report(self, cases: Sequence[TrialCase]) -> FailureReport:
        """Failed trials by symptoms; a case that was seen before is not read again."""
        signs = [(case, self._signs(case)) for case in cases]
        failed = [one for one in signs if not one[0].passed]
        passed = [own for case, own in signs if case.passed]
        groups = [_group(symptom, failed, passed) for symptom in Symptom]
        return FailureReport(
            failed=len(failed),
            passed=len(passed),
            groups=tuple(sorted((g for g in groups if g.failed), key=_rank)),
            unexplained=tuple(
                Sighting(trial=case.trial, task=case.task) for case, own in failed if not own
            ),
        )

    def _signs(self, case: TrialCase) -> tuple[Sign, ...]:
        with self._lock:
            known = self._known.get(case.trial)
        if known is None:
            try:
                known = read_signs(case)
            except StorageError:
                # One damaged file says nothing of the other trials; whoever opens it is told.
                return ()
        with self._lock:
            self._known[case.trial] = known
            self._known.move_to_end(case.trial)
            while len(self._known) > self._remembered:
                self._known.popitem(last=False)
        return known


def read_signs(case: TrialCase) -> tuple[Sign, ...]:
    """All symptoms of one trial, each once."""
    seen = look_through(case)
    found: dict[Symptom, Sign] = {}
    for sign in (*ending_signs(seen), *deed_signs(seen), *verdict_signs(seen)):
        found.setdefault(sign.symptom, sign)
    return tuple(found.values())


def _group(
    symptom: Symptom,
    failed: Sequence[tuple[TrialCase, tuple[Sign, ...]]],
    passed: Sequence[tuple[Sign, ...]],
) -> FailureGroup:
    sightings = _by_turns(
        Sighting(trial=case.trial, task=case.task, entries=sign.entries, detail=sign.detail)
        for case, own in failed
        for sign in own
        if sign.symptom is symptom
    )
    beside = sum(any(sign.symptom is symptom for sign in own) for own in passed)
    return FailureGroup(
        symptom=symptom,
        failed=len(sightings),
        passed=beside,
        failed_share=_share(len(sightings), len(failed)),
        passed_share=_share(beside, len(passed)),
        tasks=len({sighting.task for sighting in sightings}),
        sightings=sightings,
    )


def _by_turns(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """One of each task, then a second one of each, and so on: who reads a few reads of many."""
    count: Counter[str] = Counter()
    ranked: list[tuple[int, Sighting]] = []
    for one in sightings:
        ranked.append((count[one.task], one))
        count[one.task] += 1
    return tuple(one for _, one in sorted(ranked, key=lambda pair: pair[0]))


def _rank(group: FailureGroup) -> tuple[float, int, str]:
    """What sets failed trials apart comes first, then what many of them show."""
    return group.passed_share - group.failed_share, -group.failed, group.symptom


def _share(count: int, total: int) -> float:
    return round(count / total, 4) if total else 0.0
