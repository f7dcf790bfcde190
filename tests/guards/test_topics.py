"""What tells that an edit is about one task, without its files and without its sentences."""

import pytest

from autoloop.guards.topics_guard import TopicsGuard

PLAIN = 'PROMPT = "Solve it."\n\n\ndef solve(instruction, env, model):\n    pass\n'
TASKS = {
    "json/members": "The rowing club's treasurer needs a table of all members, newest first.",
    "csv/weather": "Summarise the temperatures of the weather stations along the coast.",
    "text/speech": "Find the most frequent words of the speech at the harbour festival.",
    "sql/revenue": "Which cities bring the most revenue? Keep the first four.",
    **{f"other/{n}": f"Write a file with the number {n} into a folder." for n in range(36)},
}


def severities(added: str) -> list[str]:
    found = TopicsGuard(TASKS).check(before=PLAIN, after=f"{PLAIN}\n{added}\n")
    return [finding.severity for finding in found]


@pytest.mark.parametrize(
    "added",
    [
        'HINT = "Rowing clubs tell their treasurers who the newest members are."',
        'HINT = "The treasurer\\nof the rowing club wants it."',
        "# weather stations: mean temperatures",
        'HINT = "treasurer, revenue and harbour"',
        "def mean_temperature(station):\n    return station.weather",
        "class Treasurer:\n    rowing_club = 1",
        'HINT = "".join(["trea", "surer of the row", "ing club"])',
    ],
)
def test_words_of_a_task_that_come_together_block(added: str) -> None:
    assert severities(added) == ["block"]


@pytest.mark.parametrize(
    "added",
    [
        'HINT = "Write a file with a number into the folder."',
        'HINT = "Keep the first rows, the newest first."',
        'HINT = "Is it about the weather?"',
        "def most_frequent(words):\n    return max(set(words), key=words.count)",
    ],
)
def test_words_of_anybody_and_single_ones_pass(added: str) -> None:
    assert severities(added) == []


def test_what_is_known_of_few_tasks_weighs_less() -> None:
    few = {name: TASKS[name] for name in ("json/members", "csv/weather")}
    after = f'{PLAIN}\nHINT = "The newest members of a club"\n'

    assert TopicsGuard(few).check(before=PLAIN, after=after) == ()


def test_what_was_there_before_is_let_through() -> None:
    before = f'{PLAIN}\nHINT = "The treasurer of the rowing club wants it."\n'

    assert TopicsGuard(TASKS).check(before=before, after=f"{before}\nLIMIT = 3\n") == ()
