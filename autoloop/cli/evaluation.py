"""What a person sees of an evaluation."""

from pathlib import Path
from typing import Any

from autoloop.cli.hints import HEADER
from autoloop.cli.printing import points, print_rules, print_table, say, unlike
from autoloop.records.rates import ks_of_table
from autoloop.results import Flags, Interval, RuleSeen

Facts = dict[str, Any]  # a JSON document


def print_evaluation(facts: Facts, folder: Path) -> None:
    """The tasks, their steps and reward keys where they have such, and the score."""
    rows = [
        (
            task["task"],
            task["family"],
            f"{task['passed']}/{task['attempts']}",
            points(_interval(task["rate"])),
            "-" if task["mean"] is None else f"{task['mean']:.2f}",
            last_trouble(task["failures"]),
        )
        for task in facts["per_task"]
    ]
    print_table(("task", "family", "passed", "rate, 95 %", "mean", "trouble"), rows)
    _print_steps(facts)
    _print_keys(facts)
    _print_groups(facts)
    _print_passes(facts)
    _print_hints(facts)
    score = facts["score"]
    say(
        f"{facts['agent']}: {100 * score['mean']:.1f}"
        f" [{100 * score['low']:.1f}, {100 * score['high']:.1f}] points over {facts['tasks']}"
        f" tasks, {facts['trials']} trials ({unlike(facts)}),"
        f" {facts['wall_s']:.0f} s."
        f" Files: {folder}"
    )
    _print_integrity(facts["integrity"])
    if facts["left_out"]:
        say(f"{len(facts['left_out'])} tasks were left out; the reasons stand above.")


def _print_integrity(integrity: Facts) -> None:
    """How many trials are not clean, and what was found in them; or nothing."""
    flags = Flags(suspicious=integrity["suspicious_trials"], tampered=integrity["tampered_trials"])
    if flags:
        say(f"Integrity of trials: {flags}.")
        print_rules(RuleSeen(**seen) for seen in integrity["findings"])


def _print_groups(facts: Facts) -> None:
    """How it went by family and by difficulty, where there is more than one."""
    several = len(facts["passes"]) > 1
    for kind, groups in (("family", facts["families"]), ("difficulty", facts["difficulties"])):
        if len(groups) > 1:
            header = (kind, "tasks", "trials", "score", "success")
            rates = ("pass@k", "pass^k") if several else ()
            say("")
            print_table((*header, *rates), [_group_row(group, several=several) for group in groups])


def _group_row(group: Facts, *, several: bool) -> tuple[str, ...]:
    return (
        *(group["name"], f"{group['tasks']}", f"{group['trials']}"),
        points(_interval(group["score"])),
        points(_interval(group["success"])),
        *(_at_most(group["passes"]) if several else ()),
    )


def _at_most(passes: list[Facts]) -> tuple[str, str]:
    """Both pass rates at the most attempts that all tasks of a group have."""
    if not passes:
        return "-", "-"
    last = passes[-1]
    any_, all_ = (points(_interval(last[name])) for name in ("any", "all"))
    return f"k={last['k']} {any_}", f"k={last['k']} {all_}"


def _print_passes(facts: Facts) -> None:
    """Success, and what several attempts are good for."""
    shown = ks_of_table(len(facts["passes"]))
    rows = [
        (f"{at['k']}", points(_interval(at["any"])), points(_interval(at["all"])))
        for at in facts["passes"]
        if at["k"] in shown
    ]
    if not rows:
        return
    say("")
    say(f"Success: {points(_interval(facts['success']))} points of all trials.")
    if len(rows) > 1:
        print_table(("attempts", "at least one passes (pass@k)", "all pass (pass^k)"), rows)


def _print_hints(facts: Facts) -> None:
    rows = [
        (
            *(task["task"], task["state"], f"{task['passed']}/{task['attempts']}"),
            points(_interval(task["rate"])),
            task["hint"],
        )
        for task in facts["per_task"]
        if task["hint"]
    ]
    if rows:
        say("")
        print_table(HEADER, rows)


def _interval(facts: Facts) -> Interval:
    return Interval(**facts)


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
