"""How the stand-in argues for an edit, and what it predicts of it."""

from collections.abc import Mapping, Sequence

from autoloop.gateway.offline.meta_edits import SYMPTOM_WORDS, Idea, Kind
from autoloop.gateway.offline.meta_reading import Findings
from autoloop.records import ChangeKind

Argument = str | int | float | bool | Sequence[str] | Sequence[Mapping[str, str]]

_MOST_CURED = 3
_CHANCES: Mapping[Kind, float] = {"idle": 0.15, "harm": 0.15, "narrow": 0.25, "tidy": 0.35}
_AREAS: tuple[tuple[str, ChangeKind], ...] = (
    ("output", ChangeKind.CONTEXT),
    ("view", ChangeKind.CONTEXT),
    ("turns", ChangeKind.CONTROL_FLOW),
    ("check", ChangeKind.VERIFICATION),
    ("verif", ChangeKind.VERIFICATION),
    ("temperature", ChangeKind.PARAMETERS),
    ("commands twice the time", ChangeKind.TOOL),
    ("requirements", ChangeKind.DECOMPOSITION),
    ("details", ChangeKind.DECOMPOSITION),
    ("Drop ", ChangeKind.SIMPLIFICATION),
    ("Rename ", ChangeKind.SIMPLIFICATION),
)
"""Words of titles, and what such an edit changes; all others change the prompt."""


def area(idea: Idea) -> ChangeKind:
    """What of the agent it changes."""
    return next((kind for words, kind in _AREAS if words in idea.title), ChangeKind.PROMPT)


def chance(idea: Idea, findings: Findings) -> float:
    """How likely it will be kept: cures by how often their symptoms were seen."""
    if idea.kind != "cure":
        return _CHANCES[idea.kind]
    seen = sum(findings.symptoms.get(symptom, 0) for symptom in idea.cures)
    share = seen / (findings.read * len(idea.cures)) if findings.read and idea.cures else 0.0
    return round(0.25 + 0.4 * min(share, 1.0), 2)


def _cured(idea: Idea, findings: Findings) -> Sequence[str]:
    """Tasks of the failing traces that were read, where it is to cure anything."""
    return findings.tasks[:_MOST_CURED] if idea.cures else ()


def cause(idea: Idea) -> str:
    """What goes wrong without it."""
    if not idea.cures:
        return idea.claim
    return " and ".join(SYMPTOM_WORDS[symptom] for symptom in idea.cures)


def hypothesis(idea: Idea, findings: Findings) -> str:
    """Why it should help, as a sentence."""
    if not idea.cures:
        return f"{idea.claim[0].upper()}{idea.claim[1:]}."
    seen = {SYMPTOM_WORDS[symptom]: findings.symptoms.get(symptom, 0) for symptom in idea.cures}
    if not any(seen.values()):
        return f"The traces I read do not show it, but it may happen that {cause(idea)}."
    parts = [f"{words} ({count} of {findings.read})" for words, count in seen.items() if count]
    return f"In the failing traces I read, {'; '.join(parts)}."


def pleading(idea: Idea, findings: Findings) -> dict[str, Argument]:
    """All that is said with its submission."""
    general = "Yes: it speaks of no task, file or value, so it helps wherever this happens."
    if idea.kind == "narrow":
        general = "It is about the files of one task, but others may look alike."
    return {
        "title": idea.title,
        "hypothesis": hypothesis(idea, findings),
        "expected": f"Fewer failures where {cause(idea)}.",
        "generality": general,
        "kind": area(idea).value,
        "chance": chance(idea, findings),
        "predicted": [{"task": task} for task in _cured(idea, findings)],
    }
