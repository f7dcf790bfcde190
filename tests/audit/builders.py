"""Candidates and trials on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from autoloop.audit import Candidate, SeenTrial, TaskFacts, audit_candidate
from autoloop.records import CandidateAudit, Deed, Severity, Split, Track, TrialFinding
from tests.report.builders import BASELINE, make_trial

BEFORE = "def solve(instruction, env, model):\n    env.run('ls')\n"


def make_candidate(
    *lines: str, tasks: Mapping[str, TaskFacts] | None = None, baseline: str = BEFORE
) -> Candidate:
    """The first agent with these lines more."""
    more = "".join(f"    {line}\n" for line in lines)
    return Candidate(
        step=2, commit="c" * 40, source=BEFORE + more, baseline=baseline, tasks=tasks or {}
    )


def ran(command: str, output: str = "", *, failed: bool = False) -> Deed:
    return Deed(action="run", argument=command, output=output, failed=failed)


def seen(
    *deeds: Deed,
    task: str = "t1",
    said: Sequence[str] = (),
    refused: int = 0,
    reward: float = 1.0,
    split: Split = Split.TRAIN,
) -> SeenTrial:
    """A trial in which this was done."""
    result = make_trial(task, agent="candidate", reward=reward, split=split)
    return SeenTrial(result=result, track=Track(deeds=deeds, said=tuple(said), refused=refused))


def found_by(trial: SeenTrial, rule: str, severity: Severity = "tampered") -> SeenTrial:
    """The same with a finding of its own."""
    own = TrialFinding(rule=rule, severity=severity, evidence="It was seen.")
    return replace(trial, result=replace(trial.result, findings=(own,)))


def audited(*trials: SeenTrial, candidate: Candidate | None = None) -> CandidateAudit:
    before = [make_trial(f"t{n}", agent=BASELINE, reward=0.0) for n in range(1, 7)]
    return audit_candidate(candidate or make_candidate(), trials, before=before)


def rules_of(audit: CandidateAudit) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in audit.findings]
