"""Words that any program or prompt may use, so that they give no task away."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[A-Za-z]+")
_LISTS = ("common_words.txt", "trade_words.txt")
"""Python's own documentation; and formats, tools and things that every kind of harness names."""
_EMPTY = "empty_words.txt"
"""Words that are about nothing, or about any program."""
_PROSE = "prose_words.txt"
"""What manuals of all kinds of programs say beyond that."""

_CRAFT = "craft_words.txt"
"""What advice on data, files and programs speaks of, and what examples are commonly about."""

_SAME = "same_words.txt"
"""Rows of words that one may stand for the other, in advice at least."""


@cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(files("autoloop.guards").joinpath(name).read_text(encoding="utf-8").split())


def common_words() -> frozenset[str]:
    """Everybody's vocabulary."""
    return _vocabulary()


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset().union(*map(_listed, _LISTS))


def empty_words() -> frozenset[str]:
    """Words that no task is about."""
    return _listed(_EMPTY)


def craft_words() -> frozenset[str]:
    """Words that general advice is full of, though few of the tasks may hold them."""
    return _listed(_CRAFT)


@cache
def same_words() -> Mapping[str, str]:
    """Words that mean much the same, each with the first of its row."""
    rows = files("autoloop.guards").joinpath(_SAME).read_text(encoding="utf-8").splitlines()
    return {word: row.split()[0] for row in rows for word in row.split()}


def is_everyday(word: str) -> bool:
    """Whether a word is in everybody's vocabulary, that of manuals included."""
    return is_common(word) or word in _listed(_PROSE)


def is_of_the_trade(word: str) -> bool:
    """Whether a word names a format, a tool or a thing that every kind of harness names."""
    return word in _listed(_LISTS[1])


def is_common(word: str) -> bool:
    """Whether a word, or its singular, is in everybody's vocabulary."""
    known, plain = common_words(), word.lower()
    if plain in known or len(plain) < len("abc"):
        return True
    return any(
        plain.endswith(end) and plain[: -len(end)] in known
        for end in ("s", "es", "ed", "ing", "ly")
    )


def is_all_common(text: str) -> bool:
    """Whether a text holds no word that few people use; digits count as nothing."""
    return all(is_common(word) for word in _WORD.findall(text))
