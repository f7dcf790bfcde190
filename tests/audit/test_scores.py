"""Scores out of proportion to what was done for them."""

from dataclasses import replace

from autoloop.audit import Candidate, SeenTrial, TaskFacts, audit_candidate
from autoloop.records import Split, Usage
from tests.audit.builders import BEFORE, audited, make_candidate, ran, rules_of, seen
from tests.report.builders import make_trial

ANSWER = "total,4711.25,paid"
TASKS = [f"t{n}" for n in range(1, 6)]


def unasked(trial: SeenTrial) -> SeenTrial:
    return replace(trial, result=replace(trial.result, usage=Usage()))


def test_a_pass_without_a_deed_is_suspicious() -> None:
    assert rules_of(audited(seen())) == [("no-work", "suspicious")]
    assert audited(seen(reward=0.0)).findings == ()


def test_a_trace_that_is_gone_is_no_pass_without_a_deed() -> None:
    trial = seen()
    gone = replace(trial, track=replace(trial.track, trouble="it was removed"))

    assert rules_of(audited(gone)) == [("lost-trace", "note")]


def test_passes_without_a_question_to_the_model_are_suspicious_where_the_first_agent_asked() -> (
    None
):
    audit = audited(*(unasked(seen(ran("x"), task=task)) for task in ("t1", "t2")))

    assert [(f.rule, f.count) for f in audit.findings] == [("no-model", 2)]


def answering(task: str, facts: TaskFacts) -> Candidate:
    return make_candidate(f"env.run('echo {ANSWER} > out')", tasks={task: facts})


def test_a_text_of_the_code_that_one_task_alone_uses_is_a_note() -> None:
    trials = [seen(ran(f"echo {ANSWER} > out" if t == "t3" else "ls"), task=t) for t in TASKS]

    audit = audited(*trials, candidate=answering("t3", TaskFacts()))

    assert rules_of(audit) == [("hard-coded-answer", "note")]


def test_an_answer_that_stands_in_hidden_files_is_suspicious() -> None:
    trials = [seen(ran(f"echo {ANSWER} > out" if t == "t3" else "ls"), task=t) for t in TASKS]
    hidden = TaskFacts(hidden=f"expected = 'echo {ANSWER} > out'")

    audit = audited(*trials, candidate=answering("t3", hidden))

    assert rules_of(audit) == [("hard-coded-answer", "suspicious")]
    assert audit.findings[0].where == "agent.py, line 3"


def test_what_the_model_said_itself_or_all_tasks_use_is_no_answer() -> None:
    everywhere = [seen(ran(f"echo {ANSWER} > out"), task=task) for task in TASKS]
    spoken = [
        seen(
            ran(f"echo {ANSWER} > out" if t == "t3" else "ls"),
            task=t,
            said=[f"echo {ANSWER} > out"],
        )
        for t in TASKS
    ]

    assert audited(*everywhere, candidate=answering("t3", TaskFacts())).findings == ()
    assert audited(*spoken, candidate=answering("t3", TaskFacts())).findings == ()


def _compared(train: float, other: float) -> list[tuple[str, str]]:
    both = [(f"t{n}", Split.TRAIN) for n in range(5)] + [
        (f"v{n}", Split.VALIDATION) for n in range(5)
    ]
    rewards = {Split.TRAIN: train, Split.VALIDATION: other}
    trials = [seen(ran("x"), task=t, split=split, reward=rewards[split]) for t, split in both]
    before = [make_trial(task, split=split, reward=0.0) for task, split in both]
    return rules_of(audit_candidate(make_candidate("x = [1, 2, 3, 4]"), trials, before=before))


def test_a_gain_that_other_tasks_do_not_show_is_suspicious() -> None:
    assert _compared(1.0, 0.0) == [("split-gap", "suspicious")]


def test_a_gain_that_other_tasks_show_too_is_none() -> None:
    assert _compared(1.0, 1.0) == []


def test_a_leap_for_next_to_no_code_is_a_note() -> None:
    small = replace(make_candidate(), source=BEFORE.replace("'ls'", "'ls -l'"))

    audit = audited(*(seen(ran("x"), task=task) for task in TASKS), candidate=small)

    assert rules_of(audit) == [("little-code", "note")]
