"""Renders a recorded trace as text that a person or a meta-agent can read."""

from pathlib import Path

from pydantic import BaseModel

from autoloop.errors import StorageError
from autoloop.trial.atif import AtifStep, Trajectory

TRAJECTORY = Path("agent") / "trajectory.json"


class _Step(BaseModel):
    step_name: str


class _Result(BaseModel):
    step_results: list[_Step] | None = None


def read_transcript(trial_folder: Path) -> str:
    """The whole trace of a trial; a sentence instead where the trial left none, or it is gone."""
    if not trial_folder.is_dir():
        return f"{trial_folder} is gone: it was removed, perhaps with the run that it was of."
    folder = trial_folder / "steps"
    if not folder.is_dir():
        return _read(trial_folder / TRAJECTORY)
    found = [path.name for path in folder.iterdir()]
    names = [name for name in _order(trial_folder) if name in found] or sorted(found)
    return "\n\n".join(f"=== step {name}\n{_read(folder / name / TRAJECTORY)}" for name in names)


def _order(trial_folder: Path) -> list[str]:
    """The steps as they were run, by the trial's result; none of a trial that has no result yet."""
    try:
        result = _Result.model_validate_json((trial_folder / "result.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return [step.step_name for step in result.step_results or []]


def _read(path: Path) -> str:
    try:
        trace = Trajectory.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return "The trial ended before the agent did anything that could be recorded."
    except ValueError as error:
        raise StorageError(f"{path} is damaged: {error}. Restore it or delete the run.") from error
    return "\n\n".join(_block(step) for step in trace.steps)


def _block(step: AtifStep) -> str:
    lines = [f"--- {step.step_id} {_speaker(step)}"]
    if step.message:
        lines.append(step.message)
    for call in step.tool_calls or []:
        arguments = "\n".join(f"{key}: {value}" for key, value in call.arguments.items())
        lines.append(f"> {call.function_name} ({call.tool_call_id})\n{arguments}")
    results = step.observation.results if step.observation else []
    answers = [f"< {result.source_call_id or ''}\n{result.content or ''}" for result in results]
    return "\n".join(lines + answers)


def _speaker(step: AtifStep) -> str:
    if step.source != "agent":
        return step.source
    return "model" if step.llm_call_count else "agent.py"
