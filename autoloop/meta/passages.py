"""Replacing passages of a text that must be found exactly once."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

SOURCE_CHARS = 200_000
"""The most characters of an agent.py that anybody may write."""


class PassageError(Exception):
    """A passage is not there, or more than once; the message says what to do."""


class Replacement(BaseModel):
    """One passage and what to put in its place. `old` must match exactly once, spaces included."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    old: str = Field(min_length=1, max_length=SOURCE_CHARS)
    new: str = Field(max_length=SOURCE_CHARS)


def replaced(text: str, edits: Iterable[Replacement]) -> str:
    """The text after all edits, one after the other.

    Raises:
        PassageError: a passage is not there exactly once, or the text becomes too long.
    """
    for edit in edits:
        count = text.count(edit.old)
        if count == 0:
            raise PassageError(
                "`old` is not in the draft; compare it with read_agent, spaces included."
            )
        if count > 1:
            raise PassageError(f"`old` is in the draft {count} times; add lines around it.")
        text = text.replace(edit.old, edit.new)
    if len(text) > SOURCE_CHARS:
        raise PassageError(
            f"the draft would have {len(text):,} characters; {SOURCE_CHARS:,} is the most."
        )
    return text
