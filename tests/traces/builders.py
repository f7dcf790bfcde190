"""Traces on disk."""

import json
from pathlib import Path

from autoloop.traces.library import TRAJECTORY


def step(number: int, *, output: str = "fine") -> dict[str, object]:
    """A command that the host recorded, as ATIF has it."""
    call = {
        "tool_call_id": f"env_{number}",
        "function_name": "env.run",
        "arguments": {"command": f'echo "{{[{number}]}}" \\ "steps": ['},
    }
    return {
        "step_id": number,
        "timestamp": "2026-11-28T18:02:44.281237+00:00",
        "source": "agent",
        "message": "",
        "tool_calls": [call],
        "observation": {"results": [{"source_call_id": f"env_{number}", "content": output}]},
        "llm_call_count": 0,
    }


def document(steps: int, *, indent: int | None = 1, output: str = "fine") -> str:
    """A whole trajectory."""
    whole = {
        "schema_version": "ATIF-v1.7",
        "agent": {"name": "a", "extra": {"steps": [{"no": "step"}]}},
        "steps": [step(number + 1, output=output) for number in range(steps)],
        "final_metrics": {"total_steps": steps},
    }
    return json.dumps(whole, indent=indent, ensure_ascii=False)


def lay(folder: Path, text: str) -> Path:
    """The folder of a trial with this trajectory."""
    (folder / TRAJECTORY).parent.mkdir(parents=True, exist_ok=True)
    (folder / TRAJECTORY).write_text(text, encoding="utf-8")
    return folder
