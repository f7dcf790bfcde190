"""Commit messages made of words that a model wrote."""

import unicodedata

_SUBJECT_LIMIT = 120
_MESSAGE_LIMIT = 20_000
_CUT = "\n[…]\n"


def clean_message(message: str) -> str:
    """Make text safe to store as a commit message and to print in a terminal.

    Control, formatting and unencodable characters go; lines that git would take for comments when
    the message is edited again are indented; of a very long message the middle is dropped, so that
    subject and trailers stay.
    """
    if len(message) > _MESSAGE_LIMIT:
        half = _MESSAGE_LIMIT // 2
        message = message[:half] + _CUT + message[-half:]
    lines = [_visible(line) for line in message.splitlines()]
    while lines and not lines[0].lstrip("# "):
        lines.pop(0)
    if not lines:
        return "(no message)\n"
    subject, rest = lines[0].lstrip("# "), [_uncommented(line) for line in lines[1:]]
    if len(subject) > _SUBJECT_LIMIT:
        subject = subject[: _SUBJECT_LIMIT - 1] + "…"
    return "\n".join([subject, *rest]).rstrip() + "\n"


def _visible(line: str) -> str:
    spaced = line.replace("\t", " ")
    return "".join(c for c in spaced if not unicodedata.category(c).startswith("C")).rstrip()


def _uncommented(line: str) -> str:
    return f" {line}" if line.startswith("#") else line
