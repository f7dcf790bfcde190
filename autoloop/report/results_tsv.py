"""The ledger of a run as a table of tab-separated values, one row per finished step."""

import os
from collections.abc import Sequence
from pathlib import Path

from autoloop.records import Flags, Step, TrialResult
from autoloop.records.secrets import environment_mask
from autoloop.report.spending import seconds_of, spent_on, trials_of

COLUMNS = (
    "step",
    "commit",
    "verdict",
    "train_gain",
    "validation_gain",
    "p_value",
    "trials",
    "tokens",
    "cost_usd",
    "seconds",
    "suspicious",
    "tampered",
    "title",
)
FORMULA_STARTS = ("=", "+", "-", "@", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20", '"')
"""Also in full width; and the quote, which a spreadsheet takes away from before all of them."""
COMMIT_LENGTH = 10


def write_results(path: Path, steps: Sequence[Step], trials: Sequence[TrialResult]) -> None:
    """Write the ledger anew from what is recorded; the same records give the same bytes.

    The file is replaced at once, so a reader never meets half of it.
    """
    finished = sorted((s for s in steps if s.finished_at), key=lambda step: step.index)
    lines = ["\t".join(COLUMNS), *("\t".join(_row(step, trials)) for step in finished)]
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _row(step: Step, trials: Sequence[TrialResult]) -> tuple[str, ...]:
    own = trials_of(step, trials)
    usage = spent_on([step], own)
    flags = Flags.of(trial.integrity for trial in own)
    return (
        f"{step.index}",
        (step.candidate or "")[:COMMIT_LENGTH],
        step.verdict.decision.value if step.verdict else "",
        _number(step, "train_gain"),
        _number(step, "validation_gain"),
        _number(step, "p_value"),
        f"{len(own)}",
        f"{usage.tokens}",
        "" if usage.cost_usd is None else f"{usage.cost_usd:.4f}",
        f"{seconds_of(step) or 0:.1f}",
        f"{flags.suspicious}",
        f"{flags.tampered}",
        plain_cell(step.proposal.title if step.proposal else ""),
    )


def _number(step: Step, name: str) -> str:
    value = step.verdict.numbers.get(name) if step.verdict else None
    return "" if value is None else f"{value:.4f}"


def plain_cell(text: str) -> str:
    """Text that stays in its cell and that no spreadsheet takes for a formula."""
    masked = environment_mask().text(text)
    flat = " ".join("".join(c if c.isprintable() else " " for c in masked).split())
    return f"'{flat}" if flat.startswith(FORMULA_STARTS) else flat
