"""Statements as text: `2025-03-01; Rent; -950,00`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One line of a statement."""

    day: str
    text: str
    cents: int


def cents(amount):
    """Cents of an amount with comma and dots, as `1.234,50`."""
    sign = -1 if amount.startswith("-") else 1
    whole, _, fraction = amount.lstrip("+-").partition(",")
    return sign * (int(whole.replace(".", "")) * 100 + int(fraction.ljust(2, "0") or 0))


def read(lines):
    """Entries of the lines; blank ones and those starting with # are skipped."""
    entries = []
    for line in lines:
        if not line.strip() and line.startswith("#"):
            continue
        day, text, amount = (part.strip() for part in line.split(";"))
        entries.append(Entry(day, text, cents(amount)))
    return entries


def between(entries, first, last):
    """Entries of the days from first to last, both included."""
    return [entry for entry in entries if first <= entry.day <= last]
