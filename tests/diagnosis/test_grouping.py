"""Groups of failed trials, beside passing ones."""

from autoloop.diagnosis import SymptomDiagnosis
from autoloop.errors import StorageError
from autoloop.ports import Trace, TrialCase
from autoloop.records import Symptom
from autoloop.testing.traces import TraceFake
from tests.diagnosis.builders import LOOKING, WRITING, case, ran, said, sound

UNCHECKED = [ran(LOOKING), ran(WRITING), said("Done.")]


def test_what_sets_failed_trials_apart_comes_first() -> None:
    cases = [
        case(*sound(ran("cat x", "No such file or directory")), trial="a", task="one"),
        case(*sound(ran("cat x", "No such file or directory")), trial="b", task="two"),
        case(*sound(ran("cat x", "No such file or directory")), trial="c", passed=True),
        case(*UNCHECKED, trial="d", task="two"),
        case(*sound(), trial="e", passed=True),
    ]

    report = SymptomDiagnosis().report(cases)

    assert (report.failed, report.passed) == (3, 2)
    assert [group.symptom for group in report.groups] == [Symptom.UNCHECKED, Symptom.WRONG_PATH]
    wrong = report.groups[1]
    assert (wrong.failed, wrong.passed, wrong.tasks) == (2, 1, 2)
    assert (wrong.failed_share, wrong.passed_share) == (0.6667, 0.5)
    assert [(one.trial, one.entries) for one in wrong.sightings] == [("a", (2,)), ("b", (2,))]


def test_symptoms_of_passing_trials_alone_are_no_group() -> None:
    report = SymptomDiagnosis().report([case(*UNCHECKED, passed=True), case(*sound(), trial="b")])

    assert report.groups == ()


def test_failed_trials_without_a_symptom_are_named() -> None:
    report = SymptomDiagnosis().report([case(*sound(), trial="odd"), case(*UNCHECKED)])

    assert [one.trial for one in report.unexplained] == ["odd"]


def test_each_task_is_shown_before_any_is_shown_twice() -> None:
    cases = [case(*UNCHECKED, trial=f"{task}{n}", task=task) for task in "ab" for n in range(2)]

    (group,) = SymptomDiagnosis().report(cases).groups

    assert [one.trial for one in group.sightings] == ["a0", "b0", "a1", "b1"]


def test_the_same_cases_give_the_same_report() -> None:
    cases = [case(*UNCHECKED, trial=f"{n}", task=f"{n % 3}") for n in range(9)]

    assert SymptomDiagnosis().report(cases) == SymptomDiagnosis().report(cases)


def test_a_trace_is_read_once_while_it_is_remembered() -> None:
    opened: list[str] = []

    def counted(trial: str) -> TrialCase:
        def opening() -> Trace:
            opened.append(trial)
            return TraceFake("Do it.")

        return TrialCase(trial=trial, task="t", passed=False, trace=opening)

    diagnosis = SymptomDiagnosis(remembered=2)
    for trial in ("a", "b", "a", "c", "a", "b"):
        diagnosis.report([counted(trial)])

    assert opened == ["a", "b", "c", "b"]


def test_a_damaged_trace_says_nothing_of_other_trials() -> None:
    def damaged() -> Trace:
        raise StorageError("It is damaged.")

    broken = TrialCase(trial="broken", task="t", passed=False, trace=damaged)

    report = SymptomDiagnosis().report([broken, case(*UNCHECKED)])

    assert [one.trial for one in report.unexplained] == ["broken"]
    assert [group.failed for group in report.groups] == [1]


def test_nothing_to_diagnose_is_an_empty_report() -> None:
    report = SymptomDiagnosis().report([])

    assert (report.failed, report.passed, report.groups, report.unexplained) == (0, 0, (), ())
