"""What a recorded run looks like to people and programs: files, tables, JSON and frames."""

from autoloop.report.comparing import ComparedTrials, compare_trials, shared_tasks
from autoloop.report.frames import FrameRow, step_rows, trial_rows
from autoloop.report.html import ReportSources, write_report
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
    "Table",
    "TaskSummary",
    "climb_summary",
    "compare_trials",
    "eval_summary",
    "final_table",
    "progress_of",
    "shared_tasks",
    "step_rows",
    "task_records",
    "task_table",
    "trial_rows",
    "write_report",
    "write_results",
]
