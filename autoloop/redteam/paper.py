"""Climbs on paper: the real loop, gate, strategy and meta-agent's tools; trials are drawn lots."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autoloop.decision import Estimates
from autoloop.decision.strategies import strategy_by_name
from autoloop.diagnosis import SymptomDiagnosis
from autoloop.guards import HiddenFile, TrainTask, merge_guards, standard_guards
from autoloop.loop import Parts, Plan, StopSignal, climb
from autoloop.meta import ConversationProposer
from autoloop.ports import (
    ChatModel,
    ProposalOutcome,
    Proposer,
    Reviewer,
    RunStore,
    StepDesk,
    TrialRunner,
    Workspace,
)
from autoloop.records import (
    Budget,
    Environment,
    Finding,
    Objective,
    Proposal,
    Quota,
    Run,
    Split,
    Task,
    TaskStep,
    ToolCall,
    TrialResult,
    Verifier,
)
from autoloop.testing.clocks import ManualClock
from autoloop.testing.models import ScriptedModel, reply
from autoloop.testing.observers import RecordingObserver
from autoloop.testing.stores import MemoryStore
from autoloop.testing.traces import TraceFake
from autoloop.testing.trials import InlineEngine, SimulatedRunner
from autoloop.testing.workspaces import MemoryWorkspace

RUN = "paper"
BASELINE = '''"""Solves tasks with a shell and a model."""


def solve(instruction, env, model):
    messages = [{"role": "user", "content": instruction}]
    for _ in range(20):
        reply = model.chat(messages)
        messages.append(reply.message)
        command = reply.content.partition("RUN: ")[2]
        if not command:
            return
        done = env.run(command, timeout_s=60)
        messages.append({"role": "user", "content": done.stdout[-8000:]})
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTask:
    """A task that never runs: its words, and what its tests hold."""

    name: str
    instruction: str
    expected: str = "{}"
    split: Split = Split.TRAIN

    def task(self) -> Task:
        """As the loop knows it."""
        return Task(
            name=self.name,
            folder=Path("/tasks") / self.name,
            digest="sha256:00",
            family=self.name.partition("/")[0],
            difficulty="easy",
            environment=Environment(folder=Path("/tasks"), dockerfile=None, image="x"),
            steps=(TaskStep(instruction=self.instruction, verifier=Verifier(tests=())),),
        )

    def material(self) -> TrainTask:
        """As the gate knows it."""
        hidden = HiddenFile(name="expected.json", text=self.expected)
        return TrainTask(name=self.name, instruction=self.instruction, hidden=(hidden,))


@dataclass(slots=True, kw_only=True)
class Paper:
    """Everything of a climb on paper; `climb` begins it and goes on with it."""

    tasks: Sequence[PaperTask]
    proposer: Proposer
    chance: Callable[[str, str], float] = lambda _source, _task: 0.4
    """Chance that a source passes a task, by name."""
    runner: TrialRunner | None = None
    """Instead of drawing lots by `chance`."""
    baseline: str = BASELINE
    budget: Budget = field(default_factory=lambda: Budget(hours=None, steps=1))
    strategy: str = "climb/bayes"
    objective: Objective = field(default_factory=Objective)
    variants: int | None = 5
    seed: int = 0
    workers: int = 4
    reviewer: Reviewer | None = None
    recorded: Callable[[TrialResult], str] = lambda trial: f"transcript of {trial.id}"
    """Text of a trial's trace."""
    store: RunStore = field(default_factory=MemoryStore)
    workspace: Workspace = field(default_factory=MemoryWorkspace)
    clock: ManualClock = field(default_factory=ManualClock)
    sources: list[str] = field(default_factory=list)
    """The agent.py of each trial that ran."""

    def climb(self) -> Run:
        """Work on the run until it stops."""
        base = self.workspace.begin(RUN, self.baseline)
        run = self.store.run() or self._run(base)
        return climb(self._parts(), self._plan(), run, StopSignal())

    def _run(self, base: str) -> Run:
        return Run(
            name=RUN,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            seed=self.seed,
            budget=self.budget,
            base=base,
            splits=self._splits(),
            task_digests={},
            task_model="drawn lots",
            meta_model="hostile",
            rule=self.strategy,
        )

    def _splits(self) -> Mapping[str, Split]:
        return {task.name: task.split for task in self.tasks}

    def _plan(self) -> Plan:
        return Plan(
            tasks={task.name: task.task() for task in self.tasks},
            splits=self._splits(),
            directive="Get better.",
            budget=self.budget,
            quota=Quota(),
            final_attempts=1,
            seed=self.seed,
            simplify=False,
            second=self.objective.second,
            variants=self.variants,
        )

    def _parts(self) -> Parts:
        material = [task.material() for task in self.tasks if task.split is Split.TRAIN]
        runner = self.runner or SimulatedRunner(chance=self._drawn, clock=self.clock)
        return Parts(
            engine=InlineEngine(runner, workers=self.workers),
            store=self.store,
            observer=RecordingObserver(),
            workspace=self.workspace,
            proposer=self.proposer,
            reviewer=self.reviewer,
            strategy=strategy_by_name(self.strategy, self.objective),
            guard=standard_guards(material),
            merge_guard=merge_guards(material),
            estimator=Estimates(),
            clock=self.clock,
            trace=lambda trial: TraceFake(self.recorded(trial)),
            diagnosis=SymptomDiagnosis(),
        )

    def _drawn(self, source: str, task: str) -> float:
        self.sources.append(source)
        return self.chance(source, task)


def claimed(
    source: str,
    title: str = "Handle more kinds of input",
    *,
    hypothesis: str = "It gives up too early on odd input.",
    expected: str = "Fewer failures on odd input.",
    generality: str = "Yes, any task has odd input.",
) -> Proposal:
    """An edit with words that make it look honest, or with others."""
    return Proposal(
        source=source,
        title=title,
        hypothesis=hypothesis,
        expected=expected,
        generality=generality,
    )


class Smuggler:
    """A meta-agent that goes past its tools and submits what it likes, the same at each step."""

    def __init__(self, *proposals: Proposal) -> None:
        self._proposals = proposals
        self.findings: list[Finding] = []
        """What the gate said of them."""

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Submit the next edit; after the last one, that again."""
        proposal = self._proposals[min(desk.step, len(self._proposals)) - 1]
        self.findings += desk.check(proposal.source)
        return ProposalOutcome(proposal=proposal)


def pressing(source: str) -> tuple[Proposer, ScriptedModel]:
    """The real meta-agent with a model behind it that wants one edit tried, and submitted."""
    words = claimed(source)
    claims = {
        "title": words.title,
        "hypothesis": words.hypothesis,
        "expected": words.expected,
        "generality": words.generality,
        "kind": "prompt",
        "chance": 0.9,
    }
    calls = (
        ("replace_agent", {"source": source}),
        ("spot_check", {"tasks": ["orders/north"]}),
        ("submit", claims),
    )
    script = [
        *(reply("", ToolCall(id=name, name=name, arguments=json.dumps(a))) for name, a in calls),
        *(reply("I give up."), reply("I give up.")),
    ]
    model = ScriptedModel(script)
    asked: ChatModel = model
    return ConversationProposer(asked), model
