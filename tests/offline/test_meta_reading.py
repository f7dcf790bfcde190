from autoloop.gateway.offline.meta_edits import Symptom
from autoloop.gateway.offline.meta_reading import (
    ListedTrace,
    diagnose,
    read_steps,
    read_traces,
)
from autoloop.meta.bench import Bench
from autoloop.records import Decision
from tests.meta.builders import ask, desk, step
from tests.offline.climbs import AGENT, CUT, TASKS, transcript

PLAIN = "Sort it."


def symptoms(text: str, *, model_calls: int = 3) -> set[Symptom]:
    trace = ListedTrace(trial="t", task="csv", is_incumbent=True, model_calls=model_calls)
    return set(diagnose(AGENT, (), [(trace, text)]).symptoms)


def test_a_trace_that_ends_without_a_look_at_the_result_is_unchecked() -> None:
    assert symptoms(transcript(PLAIN)) == {"unchecked"}


def test_a_cut_output_is_noticed() -> None:
    assert "cut" in symptoms(transcript(PLAIN, shown=CUT))


def test_many_details_that_were_never_restated_are_noticed() -> None:
    bullets = "\n".join(line for line in TASKS["csv/orders-0"].splitlines() if line[:1] == "-")

    assert "details" in symptoms(transcript())
    assert "details" not in symptoms(transcript(ending=f"Requirements:\n{bullets}"))


def test_an_error_at_the_end_is_noticed() -> None:
    text = transcript(PLAIN, ending="bash: python: command not found\n\nI give up.")

    assert symptoms(text) == {"gave up"}


def test_a_trial_that_used_all_turns_ran_into_the_limit() -> None:
    assert symptoms(transcript(PLAIN), model_calls=6) == {"limit"}


def test_work_without_a_look_before_is_noticed() -> None:
    text = transcript(PLAIN).replace("command: cat /app/orders.csv", "command: rm -r /app/out")

    assert "unlooked" in symptoms(text)


def test_a_trace_of_several_steps_is_read_to_its_end() -> None:
    first, last = transcript(PLAIN, shown=CUT), transcript(PLAIN)

    assert symptoms(f"=== step plan\n{first}\n\n=== step build\n{last}") == {"cut", "unchecked"}


def test_a_trace_without_commands_has_no_symptoms() -> None:
    assert symptoms("The trial ended before the agent did anything.") == set()


def test_the_meta_agents_own_lists_are_understood() -> None:
    steps = [step(1, title="It's an edit"), step(2, title="Other", decision=Decision.KEEP)]
    bench = Bench(desk({"csv__1": "x", "csv__2": "x"}, steps=steps))

    listed = read_steps(ask(bench, "list_steps"))
    traces = read_traces(ask(bench, "list_traces"))

    assert [(item.index, item.decision, item.title) for item in listed] == [
        (1, "revert", "It's an edit"),
        (2, "keep", "Other"),
    ]
    assert [(item.trial, item.task, item.model_calls) for item in traces] == [
        ("csv__1", "csv", 3),
        ("csv__2", "csv", 3),
    ]
