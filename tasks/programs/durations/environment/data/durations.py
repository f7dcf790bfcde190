"""Durations as people write them: `1h 30m`, `45s`, `2d`."""

import re

__version__ = "1.4.0"

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
PART = re.compile(r"(\d+)\s*([dhms])")


def parse(text):
    """Seconds of a duration; ValueError when there is none in the text."""
    parts = PART.findall(text.lower())
    if not parts:
        raise ValueError(f"no duration in {text!r}")
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def spell(seconds):
    """The duration in words of units, the largest first."""
    words = []
    for unit, size in UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words) or "0s"


def add(*texts):
    """Durations added up, spelled."""
    return spell(sum(parse(text) for text in texts))


def clock(seconds):
    """As `h:mm:ss`; the hours may exceed a day."""
    minutes = seconds // 60
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds % 60:02d}"


def longest(texts):
    """The longest of several durations, as it was written."""
    return max(texts, key=parse)


def fits(text, limit):
    """Whether a duration is within a limit, which itself still fits."""
    return parse(text) < parse(limit)
