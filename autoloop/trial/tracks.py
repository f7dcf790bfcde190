"""Reads recorded traces back as deeds and words."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from autoloop.records import Deed, Track
from autoloop.trial.atif import AtifStep, Trajectory

TRAJECTORY = Path("agent") / "trajectory.json"
MOST_BYTES = 64 * 1024 * 1024
"""The gateway records less than this of a trial; a longer file is not its work."""
OVER_QUOTA = "Model call refused: This trial has used"
ENDING = re.compile(r"\[(?:timed out|exit code (?P<code>-?\d+)), [\d.]+ s\]\Z")
ACTIONS: dict[str, Literal["run", "read", "write"]] = {
    "env.run": "run",
    "env.read": "read",
    "env.write": "write",
}


def read_track(trial_folder: Path) -> Track:
    """What the traces of a trial show, of all its steps; never fails: `trouble` says what does."""
    paths = sorted((trial_folder / "steps").glob(f"*/{TRAJECTORY}")) or [trial_folder / TRAJECTORY]
    steps: list[AtifStep] = []
    trouble = ""
    for path in paths:
        try:
            steps += _read(path)
        except (OSError, ValueError) as error:
            trouble = f"{path.name} cannot be read ({type(error).__name__})"
    return Track(
        deeds=tuple(deed for step in steps for deed in _deeds(step)),
        said=tuple(text for step in steps if step.llm_call_count for text in _said(step)),
        refused=sum(s.source == "system" and s.message.startswith(OVER_QUOTA) for s in steps),
        trouble=trouble,
    )


def _read(path: Path) -> list[AtifStep]:
    """The steps of a trace.

    Raises:
        OSError: it is not there, or cannot be read.
        ValueError: it is damaged, or longer than any trace.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError("longer than any trace")
    return Trajectory.model_validate_json(path.read_bytes()).steps


def _deeds(step: AtifStep) -> Iterator[Deed]:
    """Actions that the host itself recorded; a model's tool may have the same name."""
    if step.source != "agent" or step.llm_call_count != 0:
        return
    results = step.observation.results if step.observation else []
    output = "\n".join(result.content or "" for result in results)
    for call in step.tool_calls or []:
        if (action := ACTIONS.get(call.function_name)) is not None:
            argument = call.arguments.get("command", call.arguments.get("path", ""))
            ending = ENDING.search(output)
            yield Deed(
                action=action,
                argument=f"{argument}",
                output=output,
                failed=ending is not None and ending["code"] != "0",
            )


def _said(step: AtifStep) -> Iterator[str]:
    if step.message:
        yield step.message
    for call in step.tool_calls or []:
        yield from (f"{value}" for value in call.arguments.values())
