"""What a recorded run looks like to people and programs: files, tables, JSON and frames."""

from autoloop.report.comparing import ComparedTrials, compare_trials, shared_tasks
from autoloop.report.frames import FrameRow, step_rows, trial_rows
from autoloop.report.honesty import (
    Sides,
    claimed_gain,
    expected_worthless,
    few_tasks_sentence,
    gap_sentence,
    queries_sentence,
    selection_gap,
    success_rates,
    success_sentence,
    worthless_sentence,
)
from autoloop.report.html import ReportSources, write_report
from autoloop.report.integrity import (
    audit_sentence,
    audit_table,
    flagged_sentence,
    rules_seen,
)
from autoloop.report.progress import Point, Progress, progress_of
from autoloop.report.results_tsv import write_results
from autoloop.report.summary import (
    ClimbFacts,
    ClimbSummary,
    EvalFacts,
    EvalSummary,
    TaskSummary,
    climb_summary,
    eval_summary,
)
from autoloop.report.tables import Table, final_table, task_table
from autoloop.report.task_records import task_records

__all__ = [
    "ClimbFacts",
    "ClimbSummary",
    "ComparedTrials",
    "EvalFacts",
    "EvalSummary",
    "FrameRow",
    "Point",
    "Progress",
    "ReportSources",
    "Sides",
    "Table",
    "TaskSummary",
    "audit_sentence",
    "audit_table",
    "claimed_gain",
    "climb_summary",
    "compare_trials",
    "eval_summary",
    "expected_worthless",
    "few_tasks_sentence",
    "final_table",
    "flagged_sentence",
    "gap_sentence",
    "progress_of",
    "queries_sentence",
    "rules_seen",
    "selection_gap",
    "shared_tasks",
    "step_rows",
    "success_rates",
    "success_sentence",
    "task_records",
    "task_table",
    "trial_rows",
    "worthless_sentence",
    "write_report",
    "write_results",
]
