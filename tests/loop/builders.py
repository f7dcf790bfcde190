"""A climb on a table: real loop, rule and guards; everything outside it from `autoloop.testing`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autoloop.decision import Estimates, PairedRule
from autoloop.guards import standard_guards
from autoloop.loop import Lab, Meter, Parts, Plan, Reuse, StopSignal, climb, open_holdout
from autoloop.loop.work import Work
from autoloop.ports import Engine, KeepRule, Proposer, RunStore, Workspace
from autoloop.records import (
    Agent,
    ArchiveKey,
    Budget,
    Environment,
    Purpose,
    Quota,
    Run,
    Split,
    Task,
    TaskStep,
    TrialRequest,
    TrialResult,
    Verifier,
)
from autoloop.testing.clocks import ManualClock
from autoloop.testing.observers import RecordingObserver
from autoloop.testing.proposers import ScriptedProposer, Turn
from autoloop.testing.stores import MemoryStore
from autoloop.testing.trials import InlineEngine, SimulatedRunner
from autoloop.testing.workspaces import MemoryWorkspace

RUN = "r1"
SPLITS = {
    **{f"train/t{n}": Split.TRAIN for n in range(6)},
    **{f"validation/v{n}": Split.VALIDATION for n in range(3)},
    **{f"holdout/h{n}": Split.HOLDOUT for n in range(2)},
}


def make_task(name: str, *, digest: str = "sha256:00") -> Task:
    return Task(
        name=name,
        folder=Path("/tasks") / name,
        digest=digest,
        family=name.partition("/")[0],
        difficulty="easy",
        environment=Environment(folder=Path("/tasks"), dockerfile=None, image="x"),
        steps=(TaskStep(instruction=f"Do {name}.", verifier=Verifier(tests=())),),
    )


def content_key(request: TrialRequest) -> ArchiveKey:
    """The content of a trial where nothing but agent and task differs."""
    return ArchiveKey(
        agent=request.agent.digest,
        task_digest=f"{request.task.name} {request.task.digest}",
        image="image",
        model="simulated",
        conditions="",
    )


def make_request(task: str) -> TrialRequest:
    return TrialRequest(
        task=make_task(task), agent=Agent(), purpose=Purpose.SEARCH, attempt=0, seed=1
    )


def agent(skill: float) -> str:
    """An agent.py that passes each task with this chance. All are equally complex."""
    return f"SKILL = {skill}\n\n\ndef solve(instruction, env, model):\n    return SKILL\n"


def chance(source: str, task: str) -> float:
    """The chance that an `agent` passes any task."""
    del task
    found = re.match(r"SKILL = (\S+)", source)
    return float(found[1]) if found else 0.0


def make_run(budget: Budget, *, base: str = "") -> Run:
    return Run(
        name=RUN,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        seed=0,
        budget=budget,
        base=base,
        splits=SPLITS,
        task_digests={},
        task_model="simulated",
        meta_model="scripted",
        rule="paired",
    )


@dataclass(kw_only=True)
class Table:
    """Everything of one climb within reach of a test; `climb` again resumes it."""

    turns: Sequence[Turn] = ()
    skill: float = 0.0
    """Of the baseline."""
    budget: Budget = field(default_factory=lambda: Budget(hours=None, steps=1))
    splits: dict[str, Split] = field(default_factory=lambda: dict(SPLITS))
    digest: str = "sha256:00"
    workers: int = 2
    seed: int = 0
    final_attempts: int = 1
    rule: KeepRule = field(default_factory=PairedRule)
    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    workspace: MemoryWorkspace = field(default_factory=MemoryWorkspace)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    stop: StopSignal = field(default_factory=StopSignal)
    reuse: Reuse | None = None

    def __post_init__(self) -> None:
        self.runner = SimulatedRunner(chance=chance, clock=self.clock)
        self.engine: Engine = InlineEngine(self.runner, workers=self.workers)
        self.proposer = ScriptedProposer(self.turns)

    def climb(self) -> Run:
        """Begin the run, or go on with it."""
        return climb(self.parts(), self.plan(), self.begun(), self.stop)

    def open_holdout(self) -> Run:
        """Make the final table of the run as it stands."""
        return open_holdout(self.parts(), self.plan(), self.begun(), self.stop)

    def begun(self) -> Run:
        """The run as it is stored, made if it is not."""
        base = self.workspace.begin(RUN, agent(self.skill))
        return self.store.run() or make_run(self.budget, base=base)

    def parts(self) -> Parts:
        store: RunStore = self.store
        workspace: Workspace = self.workspace
        proposer: Proposer = self.proposer
        return Parts(
            engine=self.engine,
            store=store,
            observer=self.observer,
            workspace=workspace,
            proposer=proposer,
            rule=self.rule,
            guard=standard_guards({}),
            estimator=Estimates(),
            clock=self.clock,
            transcript=lambda trial: f"transcript of {trial.id}",
            reuse=self.reuse,
        )

    def plan(self) -> Plan:
        return Plan(
            tasks={name: make_task(name, digest=self.digest) for name in self.splits},
            splits=self.splits,
            directive="Get better.",
            budget=self.budget,
            quota=Quota(),
            final_attempts=self.final_attempts,
            seed=self.seed,
        )

    def work(self) -> Work:
        """A climb at work, for tests of its parts."""
        parts, plan = self.parts(), self.plan()
        meter = Meter(
            plan.budget, self.clock, active_s=0, final_trials=0, workers=self.engine.workers
        )
        return Work(parts=parts, plan=plan, lab=Lab(parts, plan, meter, self.stop), run=RUN)

    def trials(self, purpose: Purpose, split: Split | None = None) -> list[TrialResult]:
        return [
            trial
            for trial in self.store.trials()
            if trial.key.purpose is purpose and split in (None, trial.split)
        ]

    def decisions(self) -> list[str]:
        return [step.verdict.decision.value for step in self.store.steps() if step.verdict]
