"""Commit messages that tell the story of a step, with trailers for programs."""

from autoloop.records import Flags, Step, Usage, Verdict

SUBJECT_LENGTH = 72
NOTHING_ODD = Flags()


def step_message(
    run: str, step: Step, verdict: Verdict | None, *, flags: Flags = NOTHING_ODD
) -> str:
    """Message of a step's commit; without a verdict while it is under test.

    `flags` are of the step's trials.
    """
    proposal = step.proposal
    title = " ".join((proposal.title if proposal else "").split()) or "edit agent.py"
    body = [proposal.hypothesis.strip()] if proposal and proposal.hypothesis.strip() else []
    trailers = {"Autoloop-Run": run, "Autoloop-Step": f"{step.index}"}
    if verdict is not None:
        body.append(verdict.reason)
        trailers |= {"Autoloop-Verdict": verdict.decision.value}
        trailers |= {f"Autoloop-{_key(k)}": f"{v:.6g}" for k, v in verdict.numbers.items()}
        trailers |= {"Autoloop-Cost-Usd": _cost(step.meta_usage)}
        trailers |= _flag_trailers(flags)
    lines = [_plain(line) for block in body for line in [*block.splitlines(), ""]]
    return "\n".join(
        [_plain(title)[:SUBJECT_LENGTH], "", *lines, *(f"{k}: {v}" for k, v in trailers.items())]
    )


def _flag_trailers(flags: Flags) -> dict[str, str]:
    counts = {"Suspicious": flags.suspicious, "Tampered": flags.tampered}
    return {f"Autoloop-{word}": f"{count}" for word, count in counts.items() if count}


def _key(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("_"))


def _cost(usage: Usage) -> str:
    return "unknown" if usage.cost_usd is None else f"{usage.cost_usd:.6f}"


def _plain(line: str) -> str:
    """A line that cannot pass for one of our trailers, nor for anything but text."""
    text = "".join(c for c in line if c.isprintable())
    return f" {text}" if text.lower().startswith("autoloop-") else text
