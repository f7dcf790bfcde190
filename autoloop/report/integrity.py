"""How many trials and candidates are not clean, and what was seen in them."""

from collections.abc import Iterable, Sequence

from autoloop.records import Audit, Flags, Integrity, RuleSeen, TrialFinding, TrialResult
from autoloop.records.text import plain_text
from autoloop.report.tables import Table

WORST_FIRST = ("tampered", "suspicious", "note")
FLAGGED = (
    "A tampered trial counts 0, and no edit is kept that was part of it; a suspicious one counts as"
    " it is. docs/security.md tells the rules."
)


def rules_seen(trials: Iterable[TrialResult]) -> tuple[RuleSeen, ...]:
    """What was found in these trials, by rule and severity, the worst first."""
    found: dict[tuple[str, str], list[tuple[TrialFinding, str]]] = {}
    for trial in trials:
        own = {(f.severity, f.rule): f for f in reversed(trial.findings)}
        for key, finding in own.items():
            found.setdefault(key, []).append((finding, trial.id))
    seen = [
        RuleSeen(
            rule=places[0][0].rule,
            severity=places[0][0].severity,
            trials=len(places),
            evidence=places[0][0].evidence,
            trial=places[0][1],
        )
        for places in found.values()
    ]
    return tuple(sorted(seen, key=lambda own: (WORST_FIRST.index(own.severity), own.rule)))


def flagged_agents(trials: Iterable[TrialResult]) -> int:
    """How many versions of agent.py have a trial that is not clean."""
    return len({t.key.agent for t in trials if t.integrity is not Integrity.CLEAN})


def flagged_sentence(trials: Sequence[TrialResult]) -> str:
    """How many trials and candidates were flagged; empty when none was."""
    flags = Flags.of(trial.integrity for trial in trials)
    if not flags:
        return ""
    agents = flagged_agents(trials)
    total = len({trial.key.agent for trial in trials})
    return (
        f"Integrity: of {len(trials)} trials {flags}; {agents} of {total} versions of agent.py were"
        " flagged."
    )


def audit_sentence(audit: Audit | None) -> str:
    """What the audit says of the candidates; empty without one that is not clean."""
    if audit is None or not audit.flagged:
        return ""
    each = ", ".join(
        f"{'the first agent' if own.step == 0 else f'step {own.step}'} {own.verdict.value}"
        for own in audit.flagged
    )
    total = len(audit.candidates)
    return f"Audit: {len(audit.flagged)} of {total} candidates flagged ({each})."


def rule_table(seen: Iterable[RuleSeen]) -> Table:
    """Findings of trials by rule."""
    rows = tuple((s.rule, s.severity, f"{s.trials}", s.trial, plain_text(s.evidence)) for s in seen)
    return Table(header=("rule", "severity", "trials", "such as", "evidence"), rows=rows)


def audit_table(audit: Audit | None) -> Table:
    """The audit by candidate and rule; a clean candidate has one row."""
    header = ("candidate", "verdict", "rule", "severity", "places", "such as", "evidence")
    rows: list[tuple[str, ...]] = []
    for own in audit.candidates if audit else ():
        head = ("first agent" if own.step == 0 else f"step {own.step}", own.verdict.value)
        rows += [
            (*head, f.rule, f.severity, f"{f.count}", f.where, plain_text(f.evidence))
            for f in own.findings
        ] or [(*head, "-", "-", "-", "-", f"nothing found in {own.trials} trials")]
        if own.opinion is not None:
            word = own.opinion.verdict.value if own.opinion.verdict else "no answer"
            said = f"{word}: {' '.join(own.opinion.reasons)}"
            rows.append((*head, "judge", "advice", "-", own.opinion.model, plain_text(said)))
    return Table(header=header, rows=tuple(rows))
