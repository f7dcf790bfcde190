"""The audit of a candidate: all rules over all that is known of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from autoloop.audit.hidden import CanarySighting, HiddenText
from autoloop.audit.material import Candidate, SeenTrial, new_literals
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
    found = list(_in_code(candidate, rules))
    texts = frozenset(t.text for t in new_literals(candidate) if len(t.text.strip()) >= LONG)
    works = []
    for trial in trials:
        found += _in_trial(candidate, trial, rules)
        works.append(_work(trial, texts))
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


def _in_trial(candidate: Candidate, trial: SeenTrial, rules: Rules) -> Iterator[AuditFinding]:
    """What is odd about a trial; where other edits were on, tampering may have been theirs."""
    task = candidate.facts(trial.result)
    for rule in rules.trial:
        for found in rule.in_trial(trial, task):
            if found.severity == "tampered" and not trial.alone:
                words = f"Another edit was on, too. {found.evidence}"
                yield replace(found, severity="suspicious", evidence=words)
            else:
                yield found


def _work(trial: SeenTrial, texts: frozenset[str]) -> Work:
    done = "\n".join(deed.argument for deed in trial.track.deeds)
    said = "\n".join(trial.track.said)
    return Work(
        result=trial.result,
        deeds=None if trial.track.trouble else len(trial.track.deeds),
        used=frozenset(text for text in texts if text in done and text not in said),
    )
