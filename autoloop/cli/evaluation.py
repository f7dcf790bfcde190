"""What a person sees of an evaluation."""

from pathlib import Path
from typing import Any

from autoloop.cli.printing import print_table, say, unlike

Facts = dict[str, Any]  # a JSON document


def print_evaluation(facts: Facts, folder: Path) -> None:
    """The tasks, their steps and reward keys where they have such, and the score."""
    rows = [
        (
            task["task"],
            task["family"],
            f"{task['passed']}/{task['attempts']}",
            "-" if task["mean"] is None else f"{task['mean']:.2f}",
            last_trouble(task["failures"]),
        )
        for task in facts["per_task"]
    ]
    print_table(("task", "family", "passed", "mean", "trouble"), rows)
    _print_steps(facts)
    _print_keys(facts)
    score = facts["score"]
    say(
        f"{facts['agent']}: {100 * score['mean']:.1f}"
        f" [{100 * score['low']:.1f}, {100 * score['high']:.1f}] points over {facts['tasks']}"
        f" tasks, {facts['trials']} trials ({unlike(facts)}),"
        f" {facts['wall_s']:.0f} s."
        f" Files: {folder}"
    )
    if facts["left_out"]:
        say(f"{len(facts['left_out'])} tasks were left out; the reasons stand above.")


def last_trouble(failures: list[str]) -> str:
    """The last failure in one line: its kind, and of a traceback the line that says what was."""
    if not failures:
        return ""
    kind, _, message = failures[-1].partition(": ")
    return f"{kind}: {(message.strip().splitlines() or [''])[-1]}"


def _print_steps(facts: Facts) -> None:
    rows = [
        (task["task"], step["name"], f"{step['attempts']}", _means(step["by_key"]))
        for task in facts["per_task"]
        for step in task["steps"]
    ]
    if rows:
        say("")
        print_table(("task", "step", "attempts", "mean"), rows)


def _print_keys(facts: Facts) -> None:
    """Means per reward key, where tasks reward more than the one thing that is called `reward`."""
    if facts["by_key"].keys() <= {"reward"}:
        return
    rows = [(task["task"], _means(task["by_key"])) for task in facts["per_task"]]
    say("")
    print_table(("task", "rewards"), [*rows, ("all", _means(facts["by_key"]))])


def _means(by_key: dict[str, float]) -> str:
    return ", ".join(f"{key} {mean:.2f}" for key, mean in by_key.items()) or "-"
