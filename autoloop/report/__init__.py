"""What a recorded run looks like to people and programs: files, tables, JSON and frames."""

from autoloop.report.frames import FrameRow, step_rows, trial_rows
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
    "Table",
    "TaskSummary",
    "climb_summary",
    "eval_summary",
    "final_table",
    "progress_of",
    "step_rows",
    "task_table",
    "trial_rows",
    "write_report",
    "write_results",
]
