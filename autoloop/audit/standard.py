"""The audit of a candidate: all rules over all that is known of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from autoloop.audit.hidden import CanarySighting, HiddenText
from autoloop.audit.material import Candidate, SeenTrial, TaskFacts, new_literals
from autoloop.audit.names import ENVIRONMENT_DETECTION, OTHER_MODELS, RESTRICTED_PATH, RewardWrite
from autoloop.audit.recorded import Gate, LostTrace, RefusedCalls, TrialFindings
from autoloop.audit.rule import Rules, Work, gathered
from autoloop.audit.scores import LONG, LittleCode, NoModel, NoWork, OneTask, SplitGap
from autoloop.records import AuditFinding, CandidateAudit, TrialResult

STANDARD = Rules(
    code=(Gate(), CanarySighting(), RESTRICTED_PATH, ENVIRONMENT_DETECTION, OTHER_MODELS),
    trial=(
        TrialFindings(),
        RewardWrite(),
        RESTRICTED_PATH,
        ENVIRONMENT_DETECTION,
        OTHER_MODELS,
        RefusedCalls(),
        CanarySighting(),
        HiddenText(),
        LostTrace(),
    ),
    score=(OneTask(), NoWork(), NoModel(), SplitGap(), LittleCode()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a trial showed, once its trace is let go of."""

    findings: tuple[AuditFinding, ...]
    work: Work


def audit_candidate(
    candidate: Candidate,
    trials: Iterable[SeenTrial],
    *,
    before: Sequence[TrialResult] = (),
    rules: Rules = STANDARD,
) -> CandidateAudit:
    """Look at a candidate with all rules; each trace is let go of before the next is asked for.

    Args:
        candidate: Its code, and its tasks.
        trials: Its trials with their traces.
        before: Trials of the first agent, to compare scores with.
        rules: What is looked for.
    """
    texts = texts_of(candidate)
    looked = [
        (look(trial, candidate.facts(trial.result), texts=texts, rules=rules), trial.alone)
        for trial in trials
    ]
    return conclude(candidate, looked, before=before, rules=rules)


def texts_of(candidate: Candidate) -> frozenset[str]:
    """Texts of a candidate's code that are worth looking for in what its trials did."""
    return frozenset(t.text for t in new_literals(candidate) if len(t.text.strip()) >= LONG)


def look(
    trial: SeenTrial, task: TaskFacts, *, texts: frozenset[str], rules: Rules = STANDARD
) -> Looked:
    """Look at one trial; the same for every candidate that it is a trial of."""
    found = (own for rule in rules.trial for own in rule.in_trial(trial, task))
    return Looked(findings=tuple(found), work=_work(trial, texts))


def conclude(
    candidate: Candidate,
    looked: Iterable[tuple[Looked, bool]],
    *,
    before: Sequence[TrialResult] = (),
    rules: Rules = STANDARD,
) -> CandidateAudit:
    """The audit of a candidate whose trials were looked at.

    Args:
        candidate: Its code, and its tasks.
        looked: Its trials, and whether no other edit was on.
        before: Trials of the first agent, to compare scores with.
        rules: What is looked for.
    """
    found, works = list(_in_code(candidate, rules)), []
    for own, alone in looked:
        found += own.findings if alone else map(_shared, own.findings)
        works.append(own.work)
    found += [own for rule in rules.score for own in rule.in_scores(candidate, works, before)]
    return CandidateAudit(
        step=candidate.step,
        commit=candidate.commit,
        trials=len(works),
        findings=gathered(found),
    )


def _in_code(candidate: Candidate, rules: Rules) -> Iterator[AuditFinding]:
    """What is odd about the code; a line that one rule named is not named by the next."""
    seen: set[str] = set()
    for rule in rules.code:
        own = [found for found in rule.in_code(candidate) if found.where not in seen]
        seen |= {found.where for found in own}
        yield from own


def _shared(found: AuditFinding) -> AuditFinding:
    """A finding of a trial with other edits on, so that tampering may have been theirs."""
    if found.severity != "tampered":
        return found
    words = f"Another edit was on, too. {found.evidence}"
    return replace(found, severity="suspicious", evidence=words)


def _work(trial: SeenTrial, texts: frozenset[str]) -> Work:
    done = "\n".join(deed.argument for deed in trial.track.deeds)
    said = "\n".join(trial.track.said)
    return Work(
        result=trial.result,
        deeds=None if trial.track.trouble else len(trial.track.deeds),
        used=frozenset(text for text in texts if text in done and text not in said),
    )
