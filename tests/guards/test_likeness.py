"""Programs are told apart by what they do, not by how they are written."""

import pytest

from autoloop.guards import TrainTask, standard_guards
from autoloop.ports import Likeness

AGENT = '''"""An agent."""
LIMIT = 3
PROMPT = "You solve a task in a shell. Look at the files before you change them."


def solve(instruction, env, model):
    """Solve it."""
    history = [PROMPT, instruction]
    for turn in range(LIMIT):
        answer = model.chat(history)
        history.append(answer + "!")
    return "a" + "b"
'''


def likeness(after: str, before: str = AGENT) -> Likeness:
    return standard_guards({}).likeness(before, after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 1 + 2  # three"),
        ('    """Solve it."""\n', ""),
        ('"a" + "b"', "'ab'"),
        ('"a" + "b"', "f'ab'"),
        ("history", "messages"),
        ("for turn", "for _"),
        ("instruction, env, model", "task, box, llm"),
        ("    return", "    pass\n    return"),
        ("\n\n\n", "\n"),
    ],
)
def test_what_makes_no_difference_makes_the_same_program(old: str, new: str) -> None:
    after = AGENT.replace(old, new)
    after = after.replace("model.chat", "llm.chat") if "llm" in new else after
    after = after.replace("PROMPT, instruction", "PROMPT, task") if "task" in new else after

    assert after != AGENT
    assert likeness(after) is Likeness.SAME


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ('"!"', '"?"'),
        ('"!"', '" the answer is 42"'),
        ("before you change", "after you changed"),
        ("the files", "the results"),
    ],
)
def test_other_constants_make_a_near_program(old: str, new: str) -> None:
    assert likeness(AGENT.replace(old, new)) is Likeness.NEAR


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("before you change them.", "before you change them, and check the result afterwards."),
        ("You solve a task in a shell. Look", "Think first, plan well, then act. Look"),
        ("range(LIMIT)", "range(LIMIT, 9)"),
        ("history.append", "history.insert"),
        ("model.chat(history)", "model.chat(history[1:])"),
        ("LIMIT", "MOST"),
        ("    return", "    answer = env.run(answer)\n    return"),
    ],
)
def test_other_sentences_or_statements_make_another_program(old: str, new: str) -> None:
    assert likeness(AGENT.replace(old, new)) is Likeness.OTHER


def test_names_that_reach_beyond_a_function_are_not_renamed() -> None:
    before = "def solve(a, b, c):\n    global x\n    x = 1\n    return g(y=b)\n"

    assert likeness(before.replace("x", "z"), before) is Likeness.OTHER
    assert likeness(before.replace("y=", "z="), before) is Likeness.OTHER
    assert likeness(before.replace("g(", "h("), before) is Likeness.OTHER


def test_where_names_are_read_at_run_time_none_is_renamed() -> None:
    before = "def solve(a, b, c):\n    d = 1\n    return locals()\n"

    assert likeness(before.replace("d", "e"), before) is Likeness.OTHER


@pytest.mark.parametrize("broken", ["def solve(:", "x = (" * 500, "\0"])
def test_what_does_not_parse_is_only_like_itself(broken: str) -> None:
    assert likeness(broken) is Likeness.OTHER
    assert likeness(broken, broken) is Likeness.SAME


def test_a_deep_or_huge_program_is_no_trouble() -> None:
    deep = "x = " + "-" * 50_000 + "1\n"
    long = "x = " + " + ".join(["'abc'"] * 3_000) + "\n"

    assert likeness(deep) is Likeness.OTHER
    assert likeness(long, long + "\n# more") in Likeness


def test_comparing_programs_changes_nothing_of_what_the_gate_sees() -> None:
    words = "Read /app/ledger.csv and write the sum of Quarrowmere."
    tasks = [TrainTask(name="csv/ledger", instruction=words)]
    before = "def solve(instruction, env, model):\n    text = instruction\n    env.run(text)\n"
    after = before.replace("    env", "    if text == 'Quarrowmere': return\n    env")

    standard_guards(tasks).likeness(after, before)
    found = standard_guards(tasks).check(before=before, after=after)

    assert "branch" in {finding.rule for finding in found}
