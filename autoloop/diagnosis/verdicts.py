"""Symptoms that the verifier's checks tell by their names, where they may be told."""

import re
from collections.abc import Iterator

from autoloop.diagnosis.seen import Seen
from autoloop.records import Sign, Symptom

_WORDS = r"(?:^|[\W_]){}(?:$|[\W_])"
_MISSING = re.compile(
    _WORDS.format(r"(?:exists?|missing|present|created|written|is_file|found)"), re.IGNORECASE
)
_FORM = re.compile(
    _WORDS.format(
        r"(?:format(?:ted|ting)?|schema|headers?|columns?|keys?|fields?|encoding|utf_?8|json|csv|yaml"
        r"|xml|pars(?:e|es|eable|able)|valid|types?|shape|structure|newlines?|indent(?:ation)?"
        r"|delimiter|precision|rounded|rounding|sorted|order(?:ed)?|trailing)"
    ),
    re.IGNORECASE,
)
_MISSING_OUTPUT = re.compile(r"No such file or directory|FileNotFoundError|does not exist")
_FORM_OUTPUT = re.compile(
    r"\b(?:JSON|Unicode|YAML|TOML)DecodeError|\bParserError\b|\bUnicode\w*Error|\bKeyError\b"
    r"|could not convert string|invalid literal for"
)
_DETAIL_CHARS = 200


def verdict_signs(seen: Seen) -> Iterator[Sign]:
    """What checks that failed say of the result."""
    if seen.case.passed:
        return
    feedback = seen.case.feedback
    failed = [check.name for check in feedback.checks if not check.passed]
    for symptom, names, output in (
        (Symptom.MISSING_RESULT, _MISSING, _MISSING_OUTPUT),
        (Symptom.WRONG_FORMAT, _FORM, _FORM_OUTPUT),
    ):
        said = [name for name in failed if names.search(name)]
        said += [found.group() for found in output.finditer(feedback.output)]
        if said:
            detail = ", ".join(dict.fromkeys(said))
            yield Sign(symptom=symptom, detail=detail[:_DETAIL_CHARS])
