"""report.html: one self-contained page about a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoloop.ports import Estimator
from autoloop.records import Audit, Decision, Flags, Run, Split, Step, Task, TrialResult
from autoloop.records.text import html_text
from autoloop.report.chart import chart
from autoloop.report.figures import chances, points
from autoloop.report.honesty import (
    expected_worthless,
    few_tasks_sentence,
    gap_sentence,
    queries_sentence,
    selection_gap,
    worthless_sentence,
)
from autoloop.report.integrity import (
    FLAGGED,
    audit_sentence,
    audit_table,
    flagged_sentence,
    rule_table,
    rules_seen,
)
from autoloop.report.page import page
from autoloop.report.progress import progress_of
from autoloop.report.rate_tables import group_table, hint_table, pass_table
from autoloop.report.spending import reused_in, seconds_of, spent_on, trials_of
from autoloop.report.summary import ClimbFacts, best_by_split
from autoloop.report.tables import Table, final_table, task_table
from autoloop.report.task_records import task_records

LONGEST_DIFF = 40_000
DIFF_CLASSES = {"+": "add", "-": "del"}
LEGEND = (
    "Line: mean train reward of the incumbent, in points. Triangles: kept edits. Crosses: edits "
    "that were not kept. Upright lines: the interval of an edit's gain, where its verdict has one. "
    "Train scores chose the edits and flatter them; holdout does not."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSources:
    """What a report needs besides the records of the run."""

    diffs: Mapping[int, str]
    """Unified diff of each step's edit, by index."""
    estimator: Estimator
    audit: Audit | None = None
    """None: there is none yet."""
    tasks: tuple[Task, ...] = ()
    """For families; those that are gone are left out of them."""


def write_report(
    path: Path,
    run: Run,
    steps: Sequence[Step],
    trials: Sequence[TrialResult],
    *,
    sources: ReportSources,
) -> None:
    """Write the page anew; it loads nothing from elsewhere and works in light and dark.

    Args:
        path: The file to write.
        run: The run it is about.
        steps: Its steps.
        trials: Its trials; only those of the train split are shown by task.
        sources: What is not in the records.
    """
    progress = progress_of(steps, trials)
    sections = [
        _head(run),
        _cards(run, steps, trials),
        _section("Score over steps", f'{chart(progress)}<p class="soft">{html_text(LEGEND)}</p>'),
        _section("Final table, points with 95 % intervals", _table(final_table(run))),
        _notes(run, steps),
        _integrity(trials, sources.audit),
        _section("Steps", "".join(_step(s, trials, sources.diffs.get(s.index, "")) for s in steps)),
        _best(steps, trials, sources),
        _section("Train tasks, points (attempts)", _table(task_table(progress, trials))),
        _section("Tasks to look at", _table(hint_table(task_records(trials, sources.estimator)))),
    ]
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(page(f"autoloop: {run.name}", "\n".join(sections)), encoding="utf-8")
    fresh.replace(path)


def _best(steps: Sequence[Step], trials: Sequence[TrialResult], sources: ReportSources) -> str:
    facts = ClimbFacts(best_commit="", estimator=sources.estimator, tasks=sources.tasks)
    best = best_by_split(steps, trials, facts=facts)
    passes = _section("Best agent: success, points with 95 % intervals", _table(pass_table(best)))
    return passes + _section("Best agent by family and difficulty", _table(group_table(best)))


def _head(run: Run) -> str:
    ended = f"stopped: {run.stop_reason.value}" if run.stop_reason else "not finished"
    about = (
        f"{run.created_at:%Y-%m-%d %H:%M}, task model {run.task_model}, meta model {run.meta_model}"
        f", rule {run.rule}, seed {run.seed}; {ended}"
    )
    return f'<h1>{html_text(run.name)}</h1><p class="soft">{html_text(about)}</p>'


def _cards(run: Run, steps: Sequence[Step], trials: Sequence[TrialResult]) -> str:
    decisions = [s.verdict.decision for s in steps if s.verdict]
    usage = spent_on(steps, trials)
    invalid = sum(not trial.counts for trial in trials)
    reused = reused_in(trials)
    flags = Flags.of(trial.integrity for trial in trials)
    cost = "price unknown" if usage.cost_usd is None else f"${usage.cost_usd:,.2f}"
    cards = [
        *(
            (f"{split.value} gain", points(run.scores[split].gain, signed=True))
            for split in Split
            if split in run.scores
        ),
        ("edits kept", f"{decisions.count(Decision.KEEP)} of {len(decisions)}"),
        ("trials", f"{len(trials) - invalid:,}" + (f" + {invalid} invalid" if invalid else "")),
        *([("of them reused", f"{reused:,}")] if reused else []),
        *([("flagged", f"{flags}")] if flags else []),
        ("tokens", f"{usage.tokens:,}"),
        ("cost", cost),
        ("time", f"{run.active_s / 60:,.0f} min"),
    ]
    cells = (f'<div class="card">{html_text(k)}<b>{html_text(v)}</b></div>' for k, v in cards)
    return f'<div class="cards">{"".join(cells)}</div>'


def _section(title: str, body: str) -> str:
    return f"<h2>{html_text(title)}</h2>{body}" if body else ""


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f"<th>{html_text(cell)}</th>" for cell in table.header)
    rows = ("".join(f"<td>{html_text(cell)}</td>" for cell in row) for row in table.rows)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _notes(run: Run, steps: Sequence[Step]) -> str:
    """What has to be known beside the table."""
    found = (
        few_tasks_sentence(run.splits.values()),
        gap_sentence(selection_gap(run.scores)),
        worthless_sentence(expected_worthless(steps)),
        queries_sentence(steps),
    )
    return "".join(f"<p>{html_text(sentence)}</p>" for sentence in found if sentence)


def _integrity(trials: Sequence[TrialResult], audit: Audit | None) -> str:
    """How many trials and candidates were flagged, and what was seen."""
    counts = flagged_sentence(trials) or f"All {len(trials)} trials are clean."
    told = [sentence for sentence in (counts, audit_sentence(audit)) if sentence]
    paragraphs = "".join(f"<p>{html_text(sentence)}</p>" for sentence in told)
    seen = _table(rule_table(rules_seen(trials)))
    legend = f'<p class="soft">{html_text(FLAGGED)}</p>' if seen else ""
    checked = _section("Audit of what was kept", _table(audit_table(audit)))
    return _section("Integrity", paragraphs + seen + legend) + checked


def _step(step: Step, trials: Sequence[TrialResult], diff: str) -> str:
    decision = step.verdict.decision.value if step.verdict else "open"
    missing = "nothing submitted" if step.verdict else "not made yet"
    title = step.proposal.title if step.proposal else missing
    texts = [
        ("", step.verdict.reason if step.verdict else ""),
        ("", chances(step.verdict) if step.verdict else ""),
        ("Hypothesis: ", step.proposal.hypothesis if step.proposal else ""),
        ("Expected: ", step.proposal.expected if step.proposal else ""),
        ("Reviewer, asked if it is worthwhile without its task: ", _review(step)),
        ("Lesson: ", step.lesson),
        ("", _spent(step, trials)),
    ]
    paragraphs = "".join(f"<p>{html_text(label + text)}</p>" for label, text in texts if text)
    return (
        f'<details class="step {decision}"><summary>{step.index}. <span class="tag">{decision}'
        f"</span> {html_text(title)}</summary>{paragraphs}{_diff(diff)}</details>"
    )


def _review(step: Step) -> str:
    return step.review.words if step.review else ""


def _spent(step: Step, trials: Sequence[TrialResult]) -> str:
    own = trials_of(step, trials)
    seconds = seconds_of(step)
    took = "" if seconds is None else f", {seconds:,.0f} s"
    reused = reused_in(own)
    counts = f"{len(own) - reused} new trials" + (f" and {reused} reused" if reused else "")
    return f"{counts}, {spent_on([step], own).tokens:,} tokens{took}"


def _diff(diff: str) -> str:
    if not diff:
        return ""
    cut = len(diff) - LONGEST_DIFF
    lines = "\n".join(_diff_line(line) for line in diff[:LONGEST_DIFF].splitlines())
    note = f"\n… {cut:,} more characters" if cut > 0 else ""
    return f"<pre>{lines}{note}</pre>"


def _diff_line(line: str) -> str:
    kind = DIFF_CLASSES.get(line[:1])
    return f'<span class="{kind}">{html_text(line)}</span>' if kind else html_text(line)
