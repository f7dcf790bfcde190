"""Prints records: as JSON for programs, as tables for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autoloop.records.secrets import environment_mask
from autoloop.records.text import plain_text
from autoloop.results import Audit, Interval, RuleSeen

WIDEST_UNBROKEN = 40
"""Cells up to this width stay on one line of a terminal; longer texts share what is left."""
GAP = "  "

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def say(text: str, *, style: str = "") -> None:
    """Print a line of text that may come from anywhere."""
    out.print(escape(plain_text(text)), style=style, soft_wrap=True)


def say_error(text: str) -> None:
    """Print a sentence to standard error."""
    err.print(escape(plain_text(text)), style="red", soft_wrap=True)


def unlike(facts: Mapping[str, object]) -> str:
    """How many trials of a summary are not like the others, in words."""
    reused = f", {facts['reused_trials']} reused" if facts["reused_trials"] else ""
    return f"{facts['invalid_trials']} invalid{reused}"


def print_json(document: object) -> None:
    """Print one JSON document, whatever records it is made of."""
    print(environment_mask().text(json.dumps(document, default=_plain_data, indent=2)))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. Lines are broken in a terminal only: for other programs they stay whole."""
    cells = [[" ".join(plain_text(cell).split()) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(header, *cells, strict=True)]
    if not out.is_terminal:
        for row in (header, *cells):
            print(GAP.join(set_cell_size(*cell) for cell in zip(row, widths, strict=True)).rstrip())
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, len(GAP), 0, 0))
    for name, width in zip(header, widths, strict=True):
        table.add_column(name, no_wrap=width <= WIDEST_UNBROKEN)
    for row in cells:
        table.add_row(*map(escape, row))
    out.print(table)


def print_rules(seen: Iterable[RuleSeen]) -> None:
    """Print what was found in trials, by rule."""
    rows = [(s.rule, s.severity, f"{s.trials}", s.trial, s.evidence) for s in seen]
    print_table(("rule", "severity", "trials", "such as", "evidence"), rows)


def audit_document(audit: Audit | None) -> dict[str, object] | None:
    """An audit as JSON has it, with the verdicts that follow from its findings."""
    if audit is None:
        return None
    candidates = [{**asdict(own), "verdict": own.verdict} for own in audit.candidates]
    return {**asdict(audit), "candidates": candidates}


def points(interval: Interval, *, signed: bool = False) -> str:
    """An interval in points of a hundred, such as `62.5 [41.0, 80.2]`."""
    sign = "+" if signed else ""
    low, mean, high = (100 * x + 0.0 for x in (interval.low, interval.mean, interval.high))
    return f"{mean:{sign}.1f} [{low:{sign}.1f}, {high:{sign}.1f}]" if interval.n else "-"


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
