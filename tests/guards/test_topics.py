"""Advice for single train tasks, told in everyday words."""

import pytest

from autoloop.guards import HiddenFile, TrainTask
from autoloop.guards.topics_guard import TopicsGuard

PLAIN = 'PROMPT = "Solve it."\n\n\ndef solve(instruction, env, model):\n    pass\n'
TOLD = {
    "json/members": "The rowing club's treasurer needs a table of all members, newest first.",
    "csv/weather": "Summarise the temperatures of the weather stations along the coast.",
    "files/scans": "Rename the scanned pictures: blanks become underscores.",
    "text/minutes": "Gather what each person promised in the minutes of our meetings.",
    **{f"other/{n}": f"Write a file with the number {n} into a folder." for n in range(36)},
}
TEST = "def test_overdrawn_account():\n    assert ledger.interest(overdrawn=True) == 3\n"


def guard(told: dict[str, str]) -> TopicsGuard:
    hidden = {"json/members": (HiddenFile(name="check.py", text=TEST),)}
    return TopicsGuard(
        TrainTask(name=name, instruction=text, hidden=hidden.get(name, ()))
        for name, text in told.items()
    )


def severities(added: str, told: dict[str, str] = TOLD) -> list[str]:
    found = guard(told).check(before=PLAIN, after=f"{PLAIN}\n{added}\n")
    return [finding.severity for finding in found]


@pytest.mark.parametrize(
    "added",
    [
        'HINT = "In a sports club, the people are listed for its treasurer, latest ones on top."',
        'HINT = "Photos: spaces turn into an underscore. In meetings: person by person."',
        'HINTS = ["Weather stations go along the sea.", "A treasurer wants each member."]',
        "# the weather of a station along the sea",
        "def club_members(treasurer):\n    return treasurer.rowing",
        'HINT = "Is an account overdrawn, the ledger has interest."',
        'HINT = "Rowing clubs tell their treasurers who the newest members are."',
        'HINT = "The treasurer\\nof the rowing club wants it."',
        "# weather stations: mean temperatures",
        'HINT = "treasurer, weather and pictures"',
        "def mean_temperature(station):\n    return station.weather",
        "class Treasurer:\n    rowing_club = 1",
        'HINT = "".join(["trea", "surer of the row", "ing club"])',
    ],
)
def test_what_is_about_one_task_blocks_in_other_words_too(added: str) -> None:
    assert severities(added) == ["block"]


@pytest.mark.parametrize(
    "added",
    [
        'HINT = "Write a file with a number into the folder."',
        'HINT = "Look at the first lines of each input before you choose a reader."',
        'HINT = "Is it about the weather?"',
        'HINT = "Sort the rows as the task says; equal ones by the second key."',
        'HINT = "Keep the first rows, the newest first."',
        "def most_frequent(words):\n    return max(set(words), key=words.count)",
    ],
)
def test_advice_for_any_task_passes(added: str) -> None:
    assert severities(added) == []


def test_a_word_of_each_of_three_tasks_in_one_sentence_blocks() -> None:
    assert severities('KINDS = "weather, rowing, pictures, tables"') == ["block"]


def test_of_few_tasks_little_is_known() -> None:
    few = {name: TOLD[name] for name in ("json/members", "csv/weather")}

    assert severities('HINT = "The newest members of the club, all of them."', few) == []


def test_a_finding_names_the_words_of_the_instruction_as_the_edit_spells_them() -> None:
    added = f'{PLAIN}\nHINT = "The treasurers of rowing clubs want every member."\n'

    (finding,) = guard(TOLD).check(before=PLAIN, after=added)

    for word in ("treasurers", "rowing", "clubs"):
        assert repr(word) in finding.message


def test_a_finding_names_no_task_and_no_word_of_hidden_files() -> None:
    added = f'{PLAIN}\nHINT = "Is an account overdrawn, the ledger has interest."\n'

    (finding,) = guard(TOLD).check(before=PLAIN, after=added)

    for hidden in ("json", "members", "overdrawn", "ledger", "interest"):
        assert hidden not in finding.message


def test_what_was_there_before_is_let_through() -> None:
    before = f'{PLAIN}\nHINT = "The treasurer of the rowing club wants every member."\n'

    assert guard(TOLD).check(before=before, after=f"{before}\nLIMIT = 3\n") == ()
