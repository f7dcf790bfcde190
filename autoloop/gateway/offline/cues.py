"""What the harness around the instruction asks of the stand-in, as far as it takes the hint."""

import re
from dataclasses import dataclass

_DETAIL = r"(?:requirement|detail|constraint|condition|criteri)"
_INPUT = r"(?:files?|inputs?|data|director|folder)"
_LOOK = r"(?:look|inspect|read|examine|view|open|explore|study|cat)\b"
_FIRST = r"(?:\bfirst\b|\bbefore\b|\balways\b|(?:start|begin) (?:by|with)\b)"

_RESTATE = (
    r"(?:\bre-?state|\blist\b|\benumerate|\b(?:write|note) down|\brepeat\b|\bgo through)"
    rf".{{0,60}}{_DETAIL}"
)
_CUTS = (
    r"\b(?:output|result|text|view|listing)s?\b.{0,60}\b(?:cut|truncat|omitted|shortened|incomplete)"
    r"|\b(?:cut|truncated|omitted|shortened|incomplete)\b.{0,60}\b(?:output|result|text|view|listing)"
)
_CHECK = (
    r"\b(?:verify|verifies|verifying|(?:double-?|re-?)?check(?:ing)?|test|validate|confirm|review)\b"
    r".{0,60}\b(?:results?\b|outputs?\b|(?:the|your|its|of) work\b|answer|finish|correct|done\b)"
)
_TRUST = (
    r"(?:\bdo not|\bdon't|\bnever|\bwithout|\bno need to)\s+(?:\w+\s+){0,2}?"
    r"(?:(?:double-?|re-?)?check|verify|test|review)|\btrust\b"
)
_PERSIST = (
    r"\bread\b.{0,30}\berrors?\b|\berrors?\b.{0,60}\b(?:try|fix|read|again)\b"
    r"|\btry (?:it )?(?:again|another|a different)|(?:do not|don't|never) (?:give up|stop at)"
    r"|\banother way\b|\bkeep (?:going|trying)|\bretry|\bgo on\b|\bcontinue\b"
    r"|\bnot (?:done|finished) yet"
    r"|\bfails?\b.{0,60}\b(?:again|another|fix|correct|different)\b"
)
_LOOKS = (
    rf"{_FIRST}.{{0,60}}\b{_LOOK}.{{0,60}}\b{_INPUT}|\b{_LOOK}.{{0,60}}\b{_INPUT}.{{0,60}}{_FIRST}"
)
_HURRY = (
    r"\b(?:one|single) command\b|\b(?:as few|fewest) (?:commands|steps|turns)"
    r"|\bbe (?:brief|quick|fast)|\bquick(?:ly)?\b|\bas fast as\b|\bhurry"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """Hints in the harness's text that change how the stand-in works."""

    restates: bool = False
    """It should write the requirements down."""
    minds_cuts: bool = False
    """It was warned that outputs may be cut."""
    checks: bool = False
    """It should check its result."""
    persists: bool = False
    """It should not give up at an error."""
    looks: bool = False
    """It should look at the input before it works."""
    hurries: bool = False
    """It should be quick: it neither looks nor checks."""


def read_cues(text: str) -> Cues:
    """The hints in a text; well-meant words without one change nothing."""
    hurries = _says(_HURRY, text)
    return Cues(
        restates=_says(_RESTATE, text),
        minds_cuts=_says(_CUTS, text),
        checks=_says(_CHECK, text) and not _says(_TRUST, text) and not hurries,
        persists=_says(_PERSIST, text),
        looks=_says(_LOOKS, text) and not hurries,
        hurries=hurries,
    )


def _says(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None
