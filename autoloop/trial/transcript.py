"""Renders a recorded trace as text that a person or a meta-agent can read."""

from pathlib import Path

from autoloop.errors import StorageError
from autoloop.trial.atif import AtifStep, Trajectory

TRAJECTORY = Path("agent") / "trajectory.json"


def read_transcript(trial_folder: Path) -> str:
    """The whole trace of a trial; a sentence instead where the trial left none."""
    path = trial_folder / TRAJECTORY
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
