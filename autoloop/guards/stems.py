"""Words without their endings, and where sentences end."""

import re
from collections.abc import Mapping
from functools import cache

from autoloop.guards.common import empty_words, same_words

BORDER = re.compile(r"(?<=[.!?;])\s+|\n\s*\n|\n\s*(?:[-*#]|\d+[.)])\s")
"""What parts sentences and the points of a list."""
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "er", "s", "e", "y")
_SPELLINGS = (("our", "or"), ("ogu", "og"), ("is", "iz"))
"""Ends of stems as some and as others write them."""
_STEM = 4
"""Letters that are left of a word at least."""


@cache
def empty_stems() -> frozenset[str]:
    """Stems of words that no task is about."""
    return frozenset(map(stem_of, empty_words()))


@cache
def stem_of(word: str) -> str:
    """What different forms of a word have in common, roughly."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return stem_of(word[: -len(ending)])
    return word


@cache
def meaning_of(word: str) -> str:
    """What a word has in common with its forms, its other spellings and words like it."""
    stem = stem_of(word)
    # "shipp" of "shipping".
    stem = (
        stem[:-1] if len(stem) > _STEM and stem[-1] == stem[-2] and stem[-1] not in "ls" else stem
    )
    for ending, other in _SPELLINGS:
        if stem.endswith(ending) and len(stem) > len(ending) + 1:
            stem = stem.removesuffix(ending) + other
    return _meanings().get(stem, stem)


@cache
def _meanings() -> Mapping[str, str]:
    return {stem_of(word): stem_of(first) for word, first in same_words().items()}
