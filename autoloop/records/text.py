"""Text that may come from anywhere, made safe to show."""

import unicodedata

LAYOUT = "\n\t"


def plain_text(text: str) -> str:
    """Text without characters that a terminal would obey, or that reorder what is read."""
    return "".join(
        c
        if c in LAYOUT or not unicodedata.category(c).startswith("C")
        else "\N{REPLACEMENT CHARACTER}"
        for c in text.replace("\r\n", "\n")
    )
