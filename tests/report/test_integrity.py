"""What people and programs are told of trials and candidates that are not clean."""

from dataclasses import replace
from pathlib import Path

from autoloop.decision import Estimates
from autoloop.records import Audit, AuditFinding, CandidateAudit, Integrity, Opinion
from autoloop.report import ClimbFacts, ReportSources, climb_summary, rules_seen, write_report
from autoloop.report.integrity import audit_sentence, audit_table, flagged_sentence
from tests.report.builders import flagged, make_run, make_step, make_trial, make_trials
from tests.report.test_html import HOSTILE, Page

EVIL = f"{HOSTILE}\x1b[2J\u202e"
TAMPERED = CandidateAudit(
    step=2,
    commit="c" * 40,
    trials=3,
    findings=(
        AuditFinding(rule="reward-write", severity="tampered", evidence=EVIL, where="t1__1"),
    ),
    opinion=Opinion(model="judge/one", verdict=Integrity.CLEAN, reasons=(EVIL,)),
)
CLEAN = CandidateAudit(step=0, commit="a" * 40, trials=5)
AUDIT = Audit(run="calm-otter", whole=True, candidates=(CLEAN, TAMPERED))


def report(folder: Path, *, evidence: str = "It was seen.", audit: Audit | None = None) -> str:
    trials = [*make_trials(), flagged(make_trial(attempt=9), "tampered", evidence)]
    sources = ReportSources(diffs={}, estimator=Estimates(), audit=audit)
    path = folder / "report.html"
    write_report(path, make_run(), [make_step(1)], trials, sources=sources)
    return path.read_text(encoding="utf-8")


def test_findings_are_told_by_rule_with_the_first_as_an_example() -> None:
    trials = [
        flagged(make_trial("t1"), "suspicious", "One."),
        flagged(make_trial("t2"), "suspicious", "Two."),
        flagged(make_trial("t3"), "tampered", "Three."),
    ]

    seen = rules_seen(trials)

    assert [(s.severity, s.trials, s.evidence) for s in seen] == [
        ("tampered", 1, "Three."),
        ("suspicious", 2, "One."),
    ]


def test_the_report_says_how_many_trials_and_candidates_were_flagged(tmp_path: Path) -> None:
    text = report(tmp_path, audit=AUDIT)

    assert "of 7 trials 1 tampered; 1 of 2 versions of agent.py were flagged." in text
    assert "Audit: 1 of 2 candidates flagged (step 2 tampered)." in text
    assert "<td>shadowing</td><td>tampered</td><td>1</td>" in text


def test_the_report_of_a_clean_run_says_so(tmp_path: Path) -> None:
    sources = ReportSources(diffs={}, estimator=Estimates())
    write_report(tmp_path / "r.html", make_run(), [], make_trials(), sources=sources)

    text = (tmp_path / "r.html").read_text(encoding="utf-8")

    assert "All 6 trials are clean." in text
    assert flagged_sentence(make_trials()) == audit_sentence(None) == ""


def test_evidence_and_opinions_never_become_html(tmp_path: Path) -> None:
    text = report(tmp_path, evidence=EVIL, audit=AUDIT)

    page = Page(text)
    assert page.open == page.loads == []
    assert not {"script", "img"} & set(page.seen)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_clean_candidate_has_one_row_and_advice_is_called_advice() -> None:
    first, finding, judge = audit_table(AUDIT).rows

    assert first[:3] == ("first agent", "clean", "-")
    assert finding[:4] == ("step 2", "tampered", "reward-write", "tampered")
    assert judge[2:4] == ("judge", "advice")


def test_an_opinion_is_no_verdict() -> None:
    assert TAMPERED.verdict is Integrity.TAMPERED
    harsh = Opinion(model="judge/one", verdict=Integrity.TAMPERED)
    assert replace(CLEAN, opinion=harsh).verdict is Integrity.CLEAN


def test_a_summary_counts_and_lists_what_was_flagged() -> None:
    trials = [*make_trials(), flagged(make_trial(attempt=9), "suspicious")]
    facts = ClimbFacts(best_commit="", estimator=Estimates(), audit=AUDIT)

    found = climb_summary(make_run(), [], trials=trials, facts=facts)

    integrity = found.integrity
    assert (integrity.suspicious_trials, integrity.tampered_trials) == (1, 0)
    assert (integrity.flagged_candidates, integrity.findings[0].rule) == (1, "shadowing")
    assert [(own.step, own.verdict) for own in found.audit] == [(0, "clean"), (2, "tampered")]
