"""Traces of the default agent with the stand-in: what cures an agent takes its symptom away."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autoloop.diagnosis import SymptomDiagnosis
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.ports import TrialCase
from autoloop.records import (
    ChatReply,
    ChatRequest,
    CommandResult,
    EnvCall,
    ModelCall,
    Symptom,
    TraceEvent,
)
from autoloop.traces import TraceLibrary
from autoloop.trial.atif import AtifAgent, trajectory
from benchmarks.rehearsal import DirectModel, Result, load_solve
from tests.offline.stage import OUTPUT, ROOT, TURNS, PretendShell, agent, task_parts
from tests.traces.builders import lay

TASKS = [
    task_parts(path.parent)
    for family in ("csv", "json", "logs")
    for path in sorted((ROOT / "tasks" / family).rglob("task.toml"))
]
SEEDS = range(3)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Record:
    """What the host would have recorded of one trial."""

    events: list[TraceEvent] = field(default_factory=list)

    def at(self) -> datetime:
        return NOON + timedelta(seconds=len(self.events))


class RecordedModel(OfflineTaskModel):
    """The stand-in, recorded."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._record = record

    def complete(self, request: ChatRequest) -> ChatReply:
        reply = super().complete(request)
        call = ModelCall(at=self._record.at(), seconds=0.1, request=request, reply=reply)
        self._record.events.append(call)
        return reply


class RecordedShell(PretendShell):
    """A pretended container, recorded."""

    def __init__(self, files: dict[str, str], record: Record) -> None:
        super().__init__(files)
        self._record = record

    def run(self, command: str, timeout_s: float = 60) -> Result:
        result = super().run(command, timeout_s)
        told = CommandResult(
            exit_code=result.exit_code, stdout=result.stdout, stderr=result.stderr, seconds=0.1
        )
        self._record.events.append(
            EnvCall(at=self._record.at(), seconds=0.1, action="run", argument=command, result=told)
        )
        return result


def play(folder: Path, source: str, number: int, seed: int) -> TrialCase:
    """One attempt, its trace on disk as a trial leaves it."""
    instruction, files = TASKS[number]
    record, model = Record(), DirectModel(seed)
    model._model = RecordedModel(record)
    load_solve(source)(instruction, RecordedShell(files, record), model)
    name = f"t{number}-{seed}"
    trace = trajectory(
        name,
        tuple(record.events),
        agent=AtifAgent(name="a", version="1"),
        instruction=instruction,
        at=NOON,
    )
    home = lay(folder / name, trace.text())
    return TrialCase(
        trial=name, task=f"{number}", passed=False, trace=lambda: TraceLibrary().open(home)
    )


def shares(folder: Path, source: str) -> dict[Symptom, float]:
    """In which share of attempts each symptom shows."""
    cases = [play(folder, source, n, seed) for n in range(len(TASKS)) for seed in SEEDS]
    report = SymptomDiagnosis().report(cases)
    return {group.symptom: group.failed_share for group in report.groups}


def test_the_default_agent_shows_what_it_is_known_to_lack(tmp_path: Path) -> None:
    found = shares(tmp_path, agent())

    assert found[Symptom.TURN_LIMIT] > 0.1
    assert found[Symptom.TRUNCATED] > 0.1
    assert found[Symptom.UNCHECKED] > 0.1
    assert Symptom.CRASH not in found


@pytest.mark.parametrize(
    ("source", "symptom"),
    [
        (agent(edits=[TURNS]), Symptom.TURN_LIMIT),
        (agent(edits=[OUTPUT]), Symptom.TRUNCATED),
    ],
    ids=["turns", "output"],
)
def test_a_cure_takes_its_symptom_away(tmp_path: Path, source: str, symptom: Symptom) -> None:
    assert shares(tmp_path, source).get(symptom, 0.0) < 0.05
