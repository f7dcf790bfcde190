"""Commit messages made of words that a model wrote."""

from autoloop.workspace.messages import clean_message


def test_a_plain_message_stays_as_it_is() -> None:
    message = "Read the file first\n\nWhy.\n\nStep: 3\nVerdict: keep\n"

    assert clean_message(message) == message


def test_control_and_formatting_characters_are_dropped() -> None:
    assert clean_message("a\0b\x1b[31mc\u202ed\ud800\u200b\n\nx\ty") == "ab[31mcd\n\nx y\n"


def test_carriage_returns_and_odd_line_ends_become_newlines() -> None:
    assert clean_message("subject\r\n\r\nbody\u2028more") == "subject\n\nbody\nmore\n"


def test_comment_lines_are_indented_and_the_subject_loses_its_hashes() -> None:
    assert clean_message("## Title\n\n# not a comment") == "Title\n\n # not a comment\n"


def test_an_empty_message_says_so() -> None:
    assert clean_message("\0\n#\n  ") == "(no message)\n"


def test_a_long_subject_is_cut() -> None:
    subject = clean_message("x" * 500).rstrip()

    assert len(subject) == 120
    assert subject.endswith("…")


def test_a_very_long_message_keeps_its_trailers() -> None:
    cleaned = clean_message("subject\n\n" + "word " * 100_000 + "\n\nVerdict: keep\n")

    assert len(cleaned) < 21_000
    assert cleaned.startswith("subject\n")
    assert cleaned.endswith("\n\nVerdict: keep\n")
