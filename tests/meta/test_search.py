import pytest

from autoloop.meta.search import BadPatternError, search


def test_a_pattern_that_would_run_for_ever_is_stopped() -> None:
    with pytest.raises(BadPatternError, match="took more than"):
        search("(a+)+$", [("t", "a" * 60 + "b")], limit=5, timeout_s=0.5)


def test_as_many_matches_are_found_as_show_that_there_are_more() -> None:
    found = search("x", [("t", "x\n" * 9)], limit=5)

    assert [match.line for match in found] == [1, 2, 3, 4, 5, 6]
