"""Questions of a command line, answered with the tools of a conversation."""

import json

import pytest

from autoloop.meta.bench import Bench
from autoloop.meta.outside.clerk import MOST_QUESTIONS, Clerk, _typed
from autoloop.records import JsonObject, ToolSpec
from autoloop.testing.desk import DeskFake
from tests.meta.builders import PLEADING, SOURCE, desk

BETTER = SOURCE.replace("Solve it", "Solve it with care")


def clerk(own: DeskFake | None = None) -> Clerk:
    return Clerk(Bench(own or desk()), left=lambda: "3 minutes left")


def question(tool: str, *, source: str | None = BETTER, **arguments: object) -> str:
    return json.dumps({"tool": tool, "arguments": arguments, "source": source})


def test_an_answer_says_what_is_left() -> None:
    answer = clerk().answer(question("scoreboard"))

    assert answer.exit_code == 0
    assert answer.stdout.endswith("[3 minutes left, 3 spot checks left]")


def test_help_lists_every_tool_but_those_that_edit() -> None:
    answer = clerk().answer(question("help")).stdout

    for name in ("submit:", "spot_check:", "read_trace:", "--hypothesis"):
        assert name in answer
    assert "edit_agent" not in answer


def test_editing_is_not_done_here() -> None:
    answer = clerk().answer(question("replace_agent", source="x = 1"))

    assert answer.exit_code == 1
    assert "there is no tool 'replace_agent'" in answer.stdout


def test_a_submission_ends_the_step() -> None:
    counter = clerk()
    submission = {"tool": "submit", "arguments": PLEADING, "source": BETTER}

    first = counter.answer(json.dumps(submission))
    second = counter.answer(question("scoreboard"))

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert counter.ending == "submitted"
    assert "the step is over: submitted" in second.stdout


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"tool": ""}', '{"tool": "help", "x": 1}', "{" * 100_000]
)
def test_nonsense_is_refused_with_a_sentence(text: str) -> None:
    answer = clerk().answer(text)

    assert answer.exit_code == 1
    assert answer.stdout.startswith("Refused: ")


@pytest.mark.parametrize("deep", ["[" * 200_000, "[" * 900 + "]" * 900])
def test_a_value_that_is_nested_too_deeply_is_refused_like_any_wrong_one(deep: str) -> None:
    answer = clerk().answer(question("spot_check", tasks=[deep]))

    assert answer.exit_code == 1
    assert answer.stdout.startswith("Refused: ")


def test_a_source_that_is_too_long_is_refused() -> None:
    answer = clerk().answer(question("check_agent", source="x" * 300_000))

    assert "source" in answer.stdout


def test_questions_have_an_end() -> None:
    counter = clerk()
    for _ in range(MOST_QUESTIONS):
        counter.answer(question("status"))

    assert "questions were asked" in counter.answer(question("status")).stdout


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ({"type": "string"}, ["two", "words"], "two words"),
        ({"type": "string"}, ["[1]"], "[1]"),
        ({"type": "integer"}, ["2"], 2),
        ({"type": "integer"}, ["two"], "two"),
        ({"type": "boolean"}, [], True),
        ({"type": "boolean"}, ["false"], False),
        ({"type": "array"}, ["a", "b"], ["a", "b"]),
        ({"type": "array"}, ['[{"task": "a"}]'], [{"task": "a"}]),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ["csv"], "csv"),
        ({"type": "object"}, ['{"a": 1}'], {"a": 1}),
        ({"$ref": "#/x"}, ['{"a": 1}'], {"a": 1}),
        ({"enum": ["a", "b"]}, ["a"], "a"),
        ({}, ["free"], "free"),
    ],
)
def test_words_become_what_the_tools_schema_asks_for(
    kind: JsonObject, words: list[str], value: object
) -> None:
    spec = ToolSpec(name="t", parameters={"properties": {"x": kind}})

    assert _typed({"x": list(words)}, spec) == {"x": value}


def test_what_came_as_json_stays_as_it_is() -> None:
    spec = ToolSpec(name="t", parameters={"properties": {"x": {"type": "string"}}})

    assert _typed({"x": "as it is", "y": 3}, spec) == {"x": "as it is", "y": 3}
