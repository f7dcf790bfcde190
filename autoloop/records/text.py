"""Text that may come from anywhere, made safe to show."""

import unicodedata
from html import escape

from autoloop.records.secrets import environment_mask

LAYOUT = "\n\t"


def plain_text(text: str) -> str:
    """Text without secrets and without characters that a terminal obeys or that reorder it."""
    return "".join(
        c
        if c in LAYOUT or not unicodedata.category(c).startswith("C")
        else "\N{REPLACEMENT CHARACTER}"
        for c in environment_mask().text(text).replace("\r\n", "\n")
    )


def html_text(text: str) -> str:
    """The same for HTML, as text or as the value of an attribute."""
    return escape(plain_text(text))
