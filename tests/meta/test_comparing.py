"""Two trials of one task side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from autoloop.meta.bench import Bench
from autoloop.ports import TraceSummary
from autoloop.records import CheckResult, Feedback, TraceEntry
from autoloop.records.quoting import RESULT_CHARS
from autoloop.testing.desk import DeskFake
from tests.diagnosis.builders import numbered, ran, said
from tests.meta.builders import SOURCE, ask, trace

TASK = said("Sort it.", speaker="user")
FAILING = [TASK, ran("ls", "a"), ran("python x", "no python", code=127), said("I give up.")]
PASSING = [TASK, ran("ls", "a"), ran("python3 x"), ran("cat b", "1"), said("Done.")]
SUMMARIES = (trace("bad"), trace("good", reward=1.0))


def bench(
    traces: Mapping[str, Sequence[TraceEntry]] | None = None,
    summaries: Sequence[TraceSummary] = SUMMARIES,
) -> Bench:
    given = traces or {"bad": FAILING, "good": PASSING}
    return Bench(
        DeskFake(
            source=SOURCE,
            summaries=summaries,
            transcripts={name: numbered(*entries) for name, entries in given.items()},
        )
    )


def test_a_failing_trial_is_compared_with_a_passing_one() -> None:
    shown = ask(bench(), "compare_trials", trial="bad")

    assert shown.splitlines()[0].startswith("A trial='bad' task='csv'")
    assert shown.splitlines()[1].startswith("B trial='good' task='csv'")
    between = shown.partition("<<<")[2].splitlines()[1:-1]
    assert between == [
        "What the model was told before its first answer is the same.",
        "A ran 2 commands: 1 failed, 0 changed something.",
        "B ran 3 commands: 0 failed, 0 changed something.",
        "The first 1 commands are the same; then they part:",
        "  A entry 3: python x → exit 127, 33 chars",
        "  B entry 3: python3 x → exit 0, 22 chars",
        "  B entry 4: cat b → exit 0, 23 chars",
        "Only A ran these 1:",
        "  entry 3: python x → exit 127, 33 chars",
        "Only B ran these 2:",
        "  entry 3: python3 x → exit 0, 22 chars",
        "  entry 4: cat b → exit 0, 23 chars",
        "A ended: I give up.",
        "B ended: Done.",
    ]


def test_before_and_after_an_edit_are_compared_where_both_ended_alike() -> None:
    after = replace(trace("good"), agent="step 2")

    shown = ask(bench(summaries=(SUMMARIES[0], after)), "compare_trials", trial="bad")

    assert "agent='step 2'" in shown


def test_the_other_one_can_be_named() -> None:
    shown = ask(bench(), "compare_trials", trial="good", other="bad")

    assert shown.startswith("A trial='good'")
    assert "B ended: I give up." in shown


def test_another_output_of_the_same_command_is_pointed_out() -> None:
    other = [TASK, ran("ls", "b"), said("Done.")]

    shown = ask(bench({"bad": FAILING, "good": other}), "compare_trials", trial="bad")

    assert "gave another output first in entry 2 of A and entry 2 of B" in shown
    assert "  B ran nothing more" in shown


def test_trials_that_ran_the_same_are_told_to_be_the_same() -> None:
    told = [said("Other words.", speaker="user"), *FAILING[1:]]

    shown = ask(bench({"bad": FAILING, "good": told}), "compare_trials", trial="bad")

    assert "Both ran the same commands." in shown
    assert "before its first answer is not the same" in shown
    assert "Only" not in shown


def test_checks_that_failed_in_one_only_are_named() -> None:
    seen = bench()
    failed = CheckResult(name="test_header", passed=False)
    seen.desk.feedbacks = {"bad": Feedback(checks=(failed,))}  # type: ignore[attr-defined]

    assert "Checks that failed in A only: test_header." in ask(seen, "compare_trials", trial="bad")


def test_thousands_of_commands_are_cut_with_a_way_to_the_rest() -> None:
    many = [ran(f"step {n} " + "x" * 500, code=1) for n in range(2_000)]

    shown = ask(bench({"bad": [TASK, *many], "good": PASSING}), "compare_trials", trial="bad")

    assert len(shown) <= RESULT_CHARS
    assert "more characters cut" not in shown
    assert "[1988 more from entry 14 on: outline]" in shown


def test_what_cannot_be_compared_is_refused() -> None:
    others = (*SUMMARIES, trace("logs", task="logs"))
    seen = bench({"bad": FAILING, "good": PASSING, "logs": PASSING}, summaries=others)

    assert "no trace 'x'" in ask(seen, "compare_trials", trial="x")
    assert "no trace 'x'" in ask(seen, "compare_trials", trial="bad", other="x")
    assert "no other trial of 'logs'" in ask(seen, "compare_trials", trial="logs")
    assert "different tasks" in ask(seen, "compare_trials", trial="bad", other="logs")
