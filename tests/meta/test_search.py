from collections.abc import Iterator

import pytest

from autoloop.meta.search import BadPatternError, Passage, search


def passage(text: str, *, entry: int = 1) -> Passage:
    return Passage(trial="t", entry=entry, text=text)


def test_a_pattern_that_would_run_for_ever_is_stopped() -> None:
    with pytest.raises(BadPatternError, match="took more than"):
        search("(a+)+$", [passage("a" * 60 + "b")], limit=5, timeout_s=0.5)


def test_a_pattern_that_stops_taking_texts_is_stopped() -> None:
    endless = (passage("a" * 60 + "b" * 10_000, entry=n) for n in range(1_000_000))

    with pytest.raises(BadPatternError, match="took more than"):
        search("(a+)+$", endless, limit=5, timeout_s=0.5)


def test_as_many_matches_are_found_as_show_that_there_are_more() -> None:
    found = search("x", [passage("x\n" * 4), passage("x\n" * 9, entry=2)], limit=5)

    assert [match.entry for match in found] == [1, 1, 1, 1, 2, 2]


def test_no_more_is_read_than_is_wanted() -> None:
    taken = 0

    def texts() -> Iterator[Passage]:
        nonlocal taken
        for entry in range(1_000_000):
            taken = entry
            yield passage("x" * 1_000, entry=entry)

    found = search("x", texts(), limit=5)

    assert len(found) == 6
    assert taken < 100_000


def test_answers_longer_than_a_pipe_holds_are_taken_while_texts_are_left() -> None:
    endless = (passage("é\u202e" * 120, entry=n) for n in range(1_000_000))

    assert len(search("é", endless, limit=500)) == 501
