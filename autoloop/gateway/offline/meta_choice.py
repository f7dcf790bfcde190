"""Which edit the stand-in tries next: what the traces call for, with some wrong turns."""

import math
import random

from autoloop.gateway.offline.meta_edits import IDEAS, Idea, Kind, kind_of, narrow_ideas
from autoloop.gateway.offline.meta_reading import Findings

_WRONG_TURNS: tuple[tuple[Kind, float], ...] = (
    ("idle", 0.35),
    ("harm", 0.35),
    ("narrow", 0.2),
    ("tidy", 0.1),
)
# One of the first so many edits is a wrong turn, so that reverting is seen early.
_EARLY = 3
_EVEN = 0.5


def draw(seed: int, label: str) -> float:
    """A number from 0 to 1 that depends on seed and label alone."""
    return random.Random(f"{seed}\n{label}").random()  # noqa: S311 no secret


def rank_ideas(findings: Findings, seed: int) -> tuple[Idea, ...]:
    """Ideas that fit and were not tried, the one to try first at the front.

    Behind the first choice come cures: who was refused goes for something sound.
    """
    tried = {step.title for step in findings.steps}
    known = (*IDEAS, *narrow_ideas(findings.files, findings.separator))
    fitting = [
        idea
        for idea in known
        if idea.title not in tried
        and (not idea.after or idea.after in tried)
        and idea.apply(findings.source) is not None
    ]
    fitting.sort(key=lambda idea: _luck(idea, findings, seed))
    kind = _first_kind(findings, seed)
    first = next((idea for idea in fitting if idea.kind == kind), None)
    return tuple(sorted(fitting, key=lambda idea: (idea is not first, idea.kind != "cure")))


def _luck(idea: Idea, findings: Findings, seed: int) -> float:
    """The lower the sooner; ideas of twice the weight come first twice as often."""
    return -math.log(1.0 - draw(seed, idea.title)) / _weight(idea, findings)


def _weight(idea: Idea, findings: Findings) -> float:
    if not idea.cures or not findings.read:
        return 1.0
    seen = sum(findings.symptoms.get(symptom, 0) for symptom in idea.cures)
    return 0.2 + 5.0 * seen / findings.read


def _first_kind(findings: Findings, seed: int) -> Kind:
    kinds = [kind for step in findings.steps if (kind := kind_of(step.title))]
    cures = kinds.count("cure")
    wrong = len(kinds) - cures
    if len(kinds) == _EARLY - 1 and not wrong:
        # Of a kind that no guard holds back.
        return "harm" if draw(seed, "early") < _EVEN else "idle"
    if kinds and kinds[-1] != "cure":
        chance = 0.15
    elif cures - wrong >= _EARLY:
        chance = 0.75
    else:
        chance = 0.35 if kinds else 0.25
    return _wrong_turn(seed) if draw(seed, "astray") < chance else "cure"


def _wrong_turn(seed: int) -> Kind:
    luck = draw(seed, "wrong turn")
    for kind, chance in _WRONG_TURNS:
        luck -= chance
        if luck < 0:
            return kind
    return "idle"
