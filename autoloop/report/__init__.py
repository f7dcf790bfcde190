"""What a recorded run looks like to people and programs: files, tables, JSON and frames."""

from autoloop.report.frames import FrameRow, step_rows, trial_rows
from autoloop.report.honesty import (
    Sides,
    claimed_gain,
    expected_worthless,
    gap_sentence,
    selection_gap,
    success_rates,
    success_sentence,
    worthless_sentence,
)
from autoloop.report.html import write_report
from autoloop.report.progress import Point, Progress, progress_of
from autoloop.report.results_tsv import write_results
from autoloop.report.summary import (
    ClimbSummary,
    EvalFacts,
    EvalSummary,
    TaskSummary,
    climb_summary,
    eval_summary,
)
from autoloop.report.tables import Table, final_table, task_table

__all__ = [
    "ClimbSummary",
    "EvalFacts",
    "EvalSummary",
    "FrameRow",
    "Point",
    "Progress",
    "Sides",
    "Table",
    "TaskSummary",
    "claimed_gain",
    "climb_summary",
    "eval_summary",
    "expected_worthless",
    "final_table",
    "gap_sentence",
    "progress_of",
    "selection_gap",
    "step_rows",
    "success_rates",
    "success_sentence",
    "task_table",
    "trial_rows",
    "worthless_sentence",
    "write_report",
    "write_results",
]
