"""Symptoms of how a trial ended: limits, quotas, crashes, the model's last words."""

import re
from collections.abc import Iterator, Sequence

from autoloop.diagnosis.seen import Place, Seen
from autoloop.records import Sign, Symptom

_CALLS = re.compile(r"has used all of its \d+ model calls")
_TOKENS = re.compile(r"has used \d+ of its \d+ tokens")
_MONEY = re.compile(r"has used all of its \S+ USD")
_CONTEXT = re.compile(
    r"context[ _](?:length|window|size)|prompt is too long|too many (?:input )?tokens"
    r"|maximum (?:context|prompt|input)",
    re.IGNORECASE,
)
_LINE = re.compile(r'File "[^"\n]*agent\.py", line (\d+)')
_ERROR = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)
_DECLINED = re.compile(
    r"\bI(?:'m| am) (?:sorry|not able to (?:help|assist)|unable to (?:help|assist))"
    r"|\bI (?:can(?:no|')t|won't|must decline to|will not) (?:help|assist|comply|do that|provide)"
    r"|\bI (?:must |have to )?(?:decline|refuse)\b|against my (?:guidelines|policy|policies)",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"\bgiv(?:e|ing) up\b|\b(?:I|we) (?:was|were|am|are)? ?(?:unable|not able) to\b"
    r"|\b(?:I|we) (?:could not|couldn't|cannot|can't) (?:complete|finish|solve|find|do|make|get)",
    re.IGNORECASE,
)
_OWN_KINDS = ("AgentTimeoutError", "AgentCrashed", "QuotaError", "QuotaExceededError", "Tampered")
_AGENTS = ("AgentError", "CandidateError")
_DETAIL_CHARS = 200


def ending_signs(seen: Seen) -> Iterator[Sign]:
    """What ended the trial, as far as its record says."""
    yield from _failure_signs(seen)
    yield from _quota_signs(seen)
    yield from _provider_signs(seen)
    yield from _word_signs(seen)


def _failure_signs(seen: Seen) -> Iterator[Sign]:
    failure = seen.case.failure
    at = _last_entry(seen)
    if "AgentTimeoutError" in failure:
        doing = f"last: {seen.acts[-1].command}" if seen.acts else ""
        yield Sign(symptom=Symptom.TIME_LIMIT, entries=at, detail=doing[:_DETAIL_CHARS])
    elif "AgentCrashed" in failure:
        yield Sign(symptom=Symptom.CRASH, entries=at, detail=_crash(failure))
    elif failure.startswith("Tampered"):
        yield Sign(symptom=Symptom.TAMPERED, detail=failure[:_DETAIL_CHARS])
    elif failure and not any(kind in failure for kind in (*_OWN_KINDS, *_AGENTS)):
        yield Sign(symptom=Symptom.NO_VERDICT, detail=failure[:_DETAIL_CHARS])


def _quota_signs(seen: Seen) -> Iterator[Sign]:
    said = [*seen.refused, Place(entry=0, text=seen.case.failure)]
    for symptom, pattern in (
        (Symptom.TURN_LIMIT, _CALLS),
        (Symptom.TOKEN_QUOTA, _TOKENS),
        (Symptom.MONEY_QUOTA, _MONEY),
    ):
        if found := [place for place in said if pattern.search(place.text)]:
            yield _places(symptom, found, pattern)
    if seen.is_interrupted and not (seen.case.failure or seen.refused):
        words = "The model was not asked again after its last command."
        yield Sign(symptom=Symptom.TURN_LIMIT, entries=(seen.last.entry,), detail=words)


def _provider_signs(seen: Seen) -> Iterator[Sign]:
    quotas = (_CALLS, _TOKENS, _MONEY)
    troubles = [p for p in seen.refused if not any(quota.search(p.text) for quota in quotas)]
    full = [place for place in troubles if _CONTEXT.search(place.text)]
    other = [place for place in troubles if place not in full]
    if full:
        yield _places(Symptom.CONTEXT_FULL, full)
    if other:
        yield _places(Symptom.PROVIDER, other)


def _word_signs(seen: Seen) -> Iterator[Sign]:
    if seen.empty:
        yield Sign(symptom=Symptom.EMPTY_ANSWER, entries=seen.empty)
    if seen.unreadable:
        yield _places(Symptom.BAD_CALL, seen.unreadable)
    if not seen.ended_by_itself:
        return
    declined = _DECLINED.search(seen.last.text)
    if declined:
        detail = seen.last.text[declined.start() :][:_DETAIL_CHARS]
        yield Sign(symptom=Symptom.REFUSAL, entries=(seen.last.entry,), detail=detail)
    elif given_up := _GIVEN_UP.search(seen.last.text):
        detail = seen.last.text[given_up.start() :][:_DETAIL_CHARS]
        yield Sign(symptom=Symptom.GAVE_UP, entries=(seen.last.entry,), detail=detail)
    elif seen.acts and seen.acts[-1].failed:
        act = seen.acts[-1]
        yield Sign(
            symptom=Symptom.GAVE_UP, entries=(act.entry,), detail=act.command[:_DETAIL_CHARS]
        )


def _places(
    symptom: Symptom, places: Sequence[Place], pattern: re.Pattern[str] | None = None
) -> Sign:
    found = pattern.search(places[0].text) if pattern else None
    return Sign(
        symptom=symptom,
        entries=tuple(dict.fromkeys(place.entry for place in places if place.entry)),
        detail=(found.group() if found else places[0].text)[:_DETAIL_CHARS],
    )


def _last_entry(seen: Seen) -> tuple[int, ...]:
    last = max([act.entry for act in seen.acts[-1:]] + [seen.last.entry])
    return (last,) if last else ()


def _crash(failure: str) -> str:
    """Exception and line of a traceback, if it names them."""
    lines = _LINE.findall(failure)
    names = _ERROR.findall(failure.rstrip().rpartition("\n")[2] or failure)
    where = f" at line {lines[-1]} of agent.py" if lines else ""
    message = failure.rstrip().rpartition("\n")[2]
    if not names:
        return f"{message}{where}"[:_DETAIL_CHARS]
    return f"{names[-1]}{where}: {message.partition(': ')[2]}"[:_DETAIL_CHARS]
