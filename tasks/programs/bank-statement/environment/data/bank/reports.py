"""What the entries of a statement add up to."""

from collections import defaultdict


def balance(entries, start=0):
    """Cents on the account after all entries."""
    return start + sum(entry.cents for entry in entries)


def by_month(entries):
    """Cents per month, as `2025-03`."""
    months = defaultdict(int)
    for entry in entries:
        months[entry.day[:7]] += entry.cents
    return dict(months)


def lowest(entries, start=0):
    """The lowest balance reached on the way, the start included."""
    reached = [start]
    for entry in entries:
        reached.append(reached[-1] + entry.cents)
    return min(reached)


def largest(entries, count=3):
    """The entries of the largest amounts, spent or received."""
    return sorted(entries, key=lambda entry: abs(entry.cents), reverse=True)[:count]


def overdrawn(entries, limit, start=0):
    """True when the balance falls below minus the limit."""
    return lowest(entries, start) <= -limit
