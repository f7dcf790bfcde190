from collections.abc import Mapping

import pytest

from autoloop.guards import Guards, SyntaxGuard, TaskWordsGuard, TrainTask, standard_guards
from autoloop.ports import Guard
from autoloop.records import Finding

PLAIN = 'PROMPT = "Solve it."\n\n\ndef solve(instruction, env, model):\n    pass\n'
TASKS = {
    "csv/orders": (
        "Read /app/orders.csv and keep what was paid.\n"
        "- Write the totals per customer_name to /app/out/totals.json.\n"
        "- Ignore orders above 7341.25.\n"
    ),
    "logs/errors": "Count the errors in /app/server.log. Write the count to /app/count.txt.",
}
TRAIN = tuple(TrainTask(name=name, instruction=text) for name, text in TASKS.items())


def check(
    prompt: str, *, tasks: Mapping[str, str] = TASKS, before: str = PLAIN
) -> list[tuple[str, int | None]]:
    after = f"{before}\nHINT = {prompt}\n"
    findings = TaskWordsGuard(tasks).check(before=before, after=after)
    return [(finding.severity, finding.line) for finding in findings]


@pytest.mark.parametrize(
    "prompt",
    [
        '"Look at the files first."',
        '"Read errors in the log and try again."',
        "20_000, 4096, 60, 0.5, 'csv', 'agent.py'",
        '"Write the result where the task says."',
    ],
)
def test_general_advice_passes(prompt: str) -> None:
    assert check(prompt) == []


@pytest.mark.parametrize(
    "prompt",
    [
        '"Orders live in /app/orders.csv."',
        '"orders.csv has a header"',
        "7341.25",
        "customer_name",
        'dict(customer_name="x")',
        '"x"  # mind customer_name',
        '"ord" + "ers.csv"',
        'b"server.log"',
        'f"{PROMPT} server.log"',
    ],
)
def test_one_word_of_a_task_warns_with_its_line(prompt: str) -> None:
    assert check(prompt) == [("warn", 7)]


@pytest.mark.parametrize(
    "prompt",
    [
        '"Take orders.csv, write totals.json."',
        '{"/app/server.log": "/app/count.txt"}',
        '"Count the errors in /app/server.log."',
        '"count   THE errors in\\n/app/server.log, please"',
        '"Hint: ignore orders above 7341.25!"',
    ],
)
def test_a_sentence_or_two_files_of_one_task_block(prompt: str) -> None:
    assert [severity for severity, _ in check(prompt)] == ["block"]


def test_files_of_two_tasks_only_warn_for_each() -> None:
    assert check('"orders.csv or server.log"') == [("warn", 7), ("warn", 7)]


def test_words_that_were_there_before_are_not_held_against_the_edit() -> None:
    before = PLAIN.replace("Solve it.", "Take orders.csv, write totals.json.")

    assert check('"Take orders.csv, write totals.json, slowly."', before=before) == []


def test_a_folders_plain_name_is_no_telling_word() -> None:
    tasks = {"program": "Mend the program in /app/bank so that /app/tests pass."}

    assert check('"Run the tests; do not bank on luck."', tasks=tasks) == []
    assert check('"Look into /app/bank."', tasks=tasks) == [("warn", 7)]


def test_words_that_many_tasks_share_tell_nothing() -> None:
    tasks = {f"task {n}": f"Read /app/data.csv and sum up column {n}." for n in range(12)}

    assert check('"Read /app/data.csv first"', tasks=tasks) == []


def test_a_broken_agent_that_is_mended_is_looked_at_as_a_whole() -> None:
    findings = TaskWordsGuard(TASKS).check(before="def", after="x = 'server.log'")

    assert [finding.severity for finding in findings] == ["warn"]


def test_the_message_names_task_and_words() -> None:
    guard = TaskWordsGuard(TASKS)

    (finding,) = guard.check(before="", after="x = 'orders.csv totals.json'")

    assert "'csv/orders'" in finding.message
    assert "'orders.csv', 'totals.json'" in finding.message


def test_a_blocking_guard_spares_the_later_ones() -> None:
    class Unwanted:
        def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
            raise AssertionError(before, after)

    (finding,) = Guards(SyntaxGuard(), Unwanted()).check(before="", after="def")

    assert finding.rule == "syntax"


def test_the_standard_guards_look_at_syntax_and_task_words() -> None:
    guards = standard_guards(TRAIN)

    assert [f.rule for f in guards.check(before="", after="x")] == ["solve"]
    assert [f.rule for f in guards.check(before="", after=f"{PLAIN}'server.log'")] == ["task-words"]


def test_the_guards_measure_what_parses() -> None:
    guards: Guard = standard_guards(TRAIN)

    assert guards.size("x = 1") > 0
    assert guards.size("def") == 0


def test_names_of_tasks_are_words_of_theirs() -> None:
    names = ["csv/orders", "logs/errors", "mail/inbox", "plain"]
    tasks = dict.fromkeys(names, "Do what there is to do.")

    assert [s for s, _ in check("'csv/orders'", tasks=tasks)] == ["warn"]
    assert "block" in [s for s, _ in check(repr(names), tasks=tasks)]
    assert check("'plain'", tasks=tasks) == []
