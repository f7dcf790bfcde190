"""Words that any program or prompt may use, so that they give no task away."""

import re
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[A-Za-z]+")
_LISTS = ("common_words.txt", "trade_words.txt")
"""Python's own documentation; and formats, tools and things that every kind of harness names."""
_PROSE = "prose_words.txt"
"""What manuals of all kinds of programs say beyond that."""


@cache
def common_words() -> frozenset[str]:
    """Everybody's vocabulary."""
    folder = files("autoloop.guards")
    texts = [folder.joinpath(name).read_text(encoding="utf-8") for name in _LISTS]
    return frozenset(word for text in texts for word in text.split())


@cache
def _trade_words() -> frozenset[str]:
    text = files("autoloop.guards").joinpath(_LISTS[1]).read_text(encoding="utf-8")
    return frozenset(text.split())


@cache
def _prose_words() -> frozenset[str]:
    text = files("autoloop.guards").joinpath(_PROSE).read_text(encoding="utf-8")
    return frozenset(text.split())


def is_everyday(word: str) -> bool:
    """Whether a word is in everybody's vocabulary, that of manuals included."""
    return is_common(word) or word in _prose_words()


def is_of_the_trade(word: str) -> bool:
    """Whether a word names a format, a tool or a thing that every kind of harness names."""
    return word in _trade_words()


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
