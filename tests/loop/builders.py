"""A climb on a table: real loop, rule and guards; everything outside it from `autoloop.testing`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autoloop.decision import Estimates, PairedRule
from autoloop.decision.strategies import SingleStrategy
from autoloop.diagnosis import SymptomDiagnosis
from autoloop.guards import standard_guards
from autoloop.loop import Lab, Meter, Parts, Plan, Reuse, StopSignal, climb, open_holdout
from autoloop.loop.folding import Merging
from autoloop.loop.work import StepBook, Work
from autoloop.ports import (
    Auditor,
    Engine,
    KeepRule,
    ProposalOutcome,
    Proposer,
    Reviewer,
    RunStore,
    StepDesk,
    Strategy,
    Workspace,
)
from autoloop.records import (
    Agent,
    ArchiveKey,
    Budget,
    Environment,
    Feedback,
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
from autoloop.testing.proposers import ScriptedProposer, Turn, edit
from autoloop.testing.stores import MemoryStore
from autoloop.testing.traces import TraceFake
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


PARTS = "".join(f"{part} = 0.0\n\n\n" for part in "ABCDE")
"""Lines of an agent.py far enough from each other to be edited side by side."""


def sided(skill: float = 0.2) -> str:
    """An agent.py of several parts, each of which adds to its skill."""
    return agent(skill).replace("\n\n\n", f"\n\n\n{PARTS}", 1)


def improving(
    title: str = "Try something", **parts: float
) -> Callable[[StepDesk], ProposalOutcome]:
    """A turn that sets parts of whatever it is to write on."""

    def turn(desk: StepDesk) -> ProposalOutcome:
        source = desk.source
        for part, gain in parts.items():
            source = re.sub(rf"^{part} = .*$", f"{part} = {gain}", source, flags=re.MULTILINE)
        return ProposalOutcome(proposal=edit(source, title))

    return turn


def chance(source: str, task: str) -> float:
    """The chance that an `agent` passes any task."""
    del task
    found = re.findall(r"^(?:SKILL|[A-Z]) = (\S+)$", source, flags=re.MULTILINE)
    return sum(map(float, found))


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
    baseline: str = ""
    """Instead of an `agent` of this skill."""
    again: Mapping[int, Turn] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget(hours=None, steps=1))
    splits: dict[str, Split] = field(default_factory=lambda: dict(SPLITS))
    digest: str = "sha256:00"
    workers: int = 2
    seed: int = 0
    final_attempts: int = 1
    rule: KeepRule = field(default_factory=PairedRule)
    strategy: Strategy | None = None
    """Instead of one edit at a time by the rule."""
    simplify: bool = True
    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    workspace: MemoryWorkspace = field(default_factory=MemoryWorkspace)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    stop: StopSignal = field(default_factory=StopSignal)
    reuse: Reuse | None = None
    auditor: Auditor | None = None
    variants: int | None = 100
    """Agents here differ in constants alone."""
    reviewer: Reviewer | None = None
    reviewer_binds: bool = False
    feedback: Callable[[TrialResult], Feedback] = lambda trial: Feedback()  # noqa: ARG005

    def __post_init__(self) -> None:
        self.runner = SimulatedRunner(chance=chance, clock=self.clock)
        self.engine: Engine = InlineEngine(self.runner, workers=self.workers)
        self.baseline = self.baseline or agent(self.skill)
        self.proposer = ScriptedProposer(self.turns, again=self.again)

    def climb(self) -> Run:
        """Begin the run, or go on with it."""
        return climb(self.parts(), self.plan(), self.begun(), self.stop)

    def open_holdout(self) -> Run:
        """Make the final table of the run as it stands."""
        return open_holdout(self.parts(), self.plan(), self.begun(), self.stop)

    def begun(self) -> Run:
        """The run as it is stored, made if it is not."""
        base = self.workspace.begin(RUN, self.baseline)
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
            strategy=self.strategy or SingleStrategy(rule=self.rule),
            guard=standard_guards(()),
            estimator=Estimates(),
            clock=self.clock,
            trace=lambda trial: TraceFake(f"transcript of {trial.id}"),
            diagnosis=SymptomDiagnosis(),
            reuse=self.reuse,
            auditor=self.auditor,
            reviewer=self.reviewer,
            feedback=self.feedback,
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
            simplify=self.simplify,
            variants=self.variants,
            reviewer_binds=self.reviewer_binds,
        )

    def work(self) -> Work:
        """A climb at work, for tests of its parts."""
        parts, plan = self.parts(), self.plan()
        meter = Meter(plan.budget, self.clock, active_s=0, workers=self.engine.workers)
        base = self.workspace.begin(RUN, self.baseline)
        return Work(
            parts=parts,
            plan=plan,
            lab=Lab(parts, plan, meter, self.stop),
            book=StepBook(parts.store),
            run=RUN,
            base=base,
            baseline=self.baseline,
            merging=Merging(parts.workspace, parts.guard),
        )

    def trials(self, purpose: Purpose, split: Split | None = None) -> list[TrialResult]:
        return [
            trial
            for trial in self.store.trials()
            if trial.key.purpose is purpose and split in (None, trial.split)
        ]

    def decisions(self) -> list[str]:
        return [step.verdict.decision.value for step in self.store.steps() if step.verdict]
