"""Prints records: as JSON for programs, as tables for people."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

NEWLINES = "\n\t"

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def plain(text: str) -> str:
    """Text without characters that a terminal would obey."""
    return "".join(
        c
        if c in NEWLINES or not unicodedata.category(c).startswith("C")
        else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def say(text: str, *, style: str = "") -> None:
    """Print a line of text that may come from anywhere."""
    out.print(escape(plain(text)), style=style, soft_wrap=True)


def say_error(text: str) -> None:
    """Print a sentence to standard error."""
    err.print(escape(plain(text)), style="red", soft_wrap=True)


def print_json(document: object) -> None:
    """Print one JSON document, whatever records it is made of."""
    print(json.dumps(document, default=_plain_data, indent=2))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(*header, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(escape(plain(cell)) for cell in row))
    out.print(table)


def _plain_data(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
