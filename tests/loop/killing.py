"""A real climb on a real repository and database, in processes that can be killed at any call.

Run as a program it reads one job per line and works each off in a fork of itself, so that a new
process costs no imports. Trials and proposals are simulated; everything else is real, but nothing
is forced onto the disk: only the death of a machine, not that of a process, would make that count.
"""

import json
import os
import re
import signal
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, cast

from autoloop.app.clock import SystemClock
from autoloop.decision import Estimates, PairedRule
from autoloop.decision.strategies import SingleStrategy
from autoloop.diagnosis import SymptomDiagnosis
from autoloop.engines import LocalEngine
from autoloop.guards import standard_guards
from autoloop.loop import Parts, Plan, Reuse, StopSignal, climb
from autoloop.meta import ConversationProposer
from autoloop.ports import (
    ChatModel,
    Engine,
    ProposalOutcome,
    Proposer,
    Reviewer,
    RunStore,
    StepDesk,
    Strategy,
    TrialArchive,
    Workspace,
)
from autoloop.records import (
    Budget,
    ChatReply,
    ChatRequest,
    Quota,
    Run,
    TrialRequest,
    TrialResult,
    Usage,
)
from autoloop.store import SqliteArchive, SqliteStore
from autoloop.testing.models import reply
from autoloop.testing.observers import RecordingObserver
from autoloop.testing.proposers import ScriptedProposer, Turn, edit
from autoloop.testing.reviewers import ScriptedReviewer
from autoloop.testing.strategies import ScreenStrategy
from autoloop.testing.traces import TraceFake
from autoloop.testing.trials import SimulatedRunner
from autoloop.workspace import GitWorkspace
from tests.loop.builders import (
    RUN,
    SPLITS,
    agent,
    chance,
    content_key,
    improving,
    make_run,
    make_task,
    sided,
)
from tests.meta.builders import PLEADING, call

STARTED, ENDED = "started", "ended"

_Port = TypeVar("_Port")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One process: where it works, with how many workers, and when it dies."""

    project: str
    workers: int = 1
    several: bool = False
    """Several edits are under test at once."""
    talking: bool = False
    """The edits come of conversations with a model, whose calls are noted in a file."""
    call: str = ""
    """Port and method at which it kills itself, such as `store.save_trial`; empty for never."""
    number: int = 0
    """At which of these calls, counted from 1."""
    after: bool = False
    """Right after the call instead of right before it."""
    pause_at: int = 0
    """The trial, counted from 1, that says `paused` and waits for the file `go` to be opened."""


@dataclass
class _Calls:
    """Counts the calls of all ports, and kills the process at one of them."""

    job: Job
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def through(self, name: str, method: Callable[..., object]) -> Callable[..., object]:
        """The method, counted."""

        def call(*arguments: object, **named: object) -> object:
            with self.lock:
                self.counts[name] += 1
                is_due = (name, self.counts[name]) == (self.job.call, self.job.number)
            if is_due and not self.job.after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = method(*arguments, **named)
            if is_due:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    def proxy(self, port: str, inner: _Port) -> _Port:
        """The port, each method of which is counted."""
        return cast("_Port", _Proxy(port, inner, self))


class _Proxy:
    """Stands before a port and passes everything on."""

    def __init__(self, port: str, inner: object, calls: _Calls) -> None:
        self._port, self._inner, self._calls = port, inner, calls

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        return self._calls.through(f"{self._port}.{name}", found) if callable(found) else found


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class _Ledger:
    """A runner that notes in a file which trials began and which ended."""

    def __init__(self, job: Job) -> None:
        self._inner = SimulatedRunner(chance=chance)
        self._folder = Path(job.project).parent
        self._pause_at = job.pause_at
        self._begun = 0
        self._lock = threading.Lock()

    def run(self, request: TrialRequest) -> TrialResult:
        with self._lock:
            self._begun += 1
            pauses = self._begun == self._pause_at
        self._note(STARTED, request)
        if pauses:
            _say("paused")
            (self._folder / "go").read_text()
        result = self._inner.run(request)
        self._note(ENDED, request)
        return result

    def _note(self, word: str, request: TrialRequest) -> None:
        key = request.key
        line = [word, key.agent, key.task, key.purpose.value, key.attempt]
        descriptor = os.open(self._folder / "ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{json.dumps(line)}\n".encode())
        os.close(descriptor)


def _curious(source: str) -> Callable[[StepDesk], ProposalOutcome]:
    """A turn that uses the whole desk before it submits."""

    def turn(desk: StepDesk) -> ProposalOutcome:
        newest = desk.traces()[0].trial
        desk.trace(newest)
        desk.check(source)
        desk.spot_check(source, ["train/t1", "train/t2"])
        desk.write_notebook(f"step {desk.step}: {len(desk.history())} before")
        usage = Usage(calls=4, prompt_tokens=1_000, cost_usd=0.05)
        return ProposalOutcome(proposal=edit(source, f"Step {desk.step}"), usage=usage)

    return turn


SIMPLER = "SKILL = 1.0\n\n\ndef solve(*_):\n    return SKILL\n"
TURNS: tuple[Turn, ...] = (
    _curious(agent(0.0) + "\nEXTRA = 1\n"),
    edit(agent(1.0), "Look at the result"),
    ProposalOutcome(proposal=None, reason="no idea"),
    _curious(agent(0.1)),
    edit(SIMPLER, "As good and simpler"),
    edit(agent(0.9), "Much the same"),
)


def _checking(turn: Callable[[StepDesk], ProposalOutcome]) -> Callable[[StepDesk], ProposalOutcome]:
    """A turn after which its edit is tried out by the meta-agent."""

    def checked(desk: StepDesk) -> ProposalOutcome:
        outcome = turn(desk)
        if outcome.proposal is not None:
            desk.spot_check(outcome.proposal.source, ["train/t1", "train/t2"])
            desk.write_notebook(f"step {desk.step}: {len(desk.history())} before")
        return outcome

    return checked


SEVERAL_TURNS: tuple[Turn, ...] = (
    _checking(improving("Look twice", A=0.3)),
    improving("Be hasty", B=-0.2),
    _checking(improving("Look thrice", A=0.4)),
    improving("Plan first", C=0.3),
    ProposalOutcome(proposal=None, reason="no idea"),
    improving("Plan again", C=0.25),
    _checking(improving("Plan and check", D=0.2)),
    improving("Wait", E=-0.1),
)
AGAIN: dict[int, Turn] = {6: _checking(improving("Plan anew", C=0.35))}


class _Talker:
    """A model that looks, notes, edits, tries out and submits; every step with another skill."""

    def __init__(self, job: Job) -> None:
        self._asked = Path(job.project).parent / "asked"

    @property
    def name(self) -> str:
        return "talker"

    def complete(self, request: ChatRequest) -> ChatReply:
        step = int(re.findall(r"# Step (\d+)", request.messages[1].content)[0])
        turn = sum(message.role == "assistant" for message in request.messages)
        with self._asked.open("a") as asked:
            asked.write(f"{step}.{turn}\n")
        rounds = (
            (call("scoreboard"), call("list_traces")),
            (call("write_notebook", text=f"Step {step} has begun."),),
            (call("replace_agent", source=agent(TALKED[step])), call("check_agent")),
            (call("spot_check", tasks=["train/t1", "train/t2"]),),
            (call("submit", **PLEADING, alternatives=OTHERS if step == 1 else []),),
        )
        usage = Usage(calls=1, prompt_tokens=1_000 + turn, completion_tokens=10, cost_usd=0.01)
        return reply("", *rounds[turn], usage=usage)


TALKED = {1: 0.0, 3: 1.0, 4: 0.2}
"""Skills that its edits have, by step; step 2 takes the alternative of step 1."""
OTHERS = [{"title": "Another way", "source": agent(0.05)}]


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a climb goes."""

    strategy: Strategy
    baseline: str
    turns: Sequence[Turn]
    again: Mapping[int, Turn] = field(default_factory=dict)

    @property
    def budget(self) -> Budget:
        return Budget(hours=None, steps=len(self.turns))


ONE = Way(strategy=SingleStrategy(rule=PairedRule()), baseline=agent(0.0), turns=TURNS)
TALKING = Way(
    strategy=SingleStrategy(rule=PairedRule()), baseline=agent(0.1), turns=[TURNS[2]] * max(TALKED)
)
SEVERAL = Way(strategy=ScreenStrategy(), baseline=sided(), turns=SEVERAL_TURNS, again=AGAIN)


def _proposer(job: Job, way: Way, calls: _Calls) -> Proposer:
    if not job.talking:
        return ScriptedProposer(way.turns, again=way.again)
    folder = Path(job.project) / "runs" / RUN / "conversations"
    model: ChatModel = calls.proxy("model", _Talker(job))
    return ConversationProposer(model, folder=folder)


def _reviewer() -> Reviewer:
    return ScriptedReviewer(usage=Usage(calls=1, prompt_tokens=100, cost_usd=0.01))


def _begin(workspace: Workspace, store: RunStore, way: Way) -> Run:
    """As the application begins a run: recorded first, then made in git."""
    run = store.run()
    if run is None:
        run = make_run(way.budget)
        store.save_run(run)
    if not run.base:
        run = replace(run, base=workspace.begin(run.name, way.baseline))
        store.save_run(run)
    return run


def work(job: Job) -> Counter[str]:
    """Begin or resume the run of a project and work on it to its end; how often what was called."""
    calls, project = _Calls(job), Path(job.project)
    way = SEVERAL if job.several else TALKING if job.talking else ONE
    runner = calls.proxy("runner", _Ledger(job))
    with (
        closing(SqliteStore.open(project / "runs" / RUN)) as real_store,
        closing(SqliteArchive.open(project / "runs", run=RUN)) as real_archive,
        closing(GitWorkspace(project)) as real_workspace,
        closing(LocalEngine(runner, workers=job.workers)) as real_engine,
    ):
        for database in (real_store._database, real_archive._database):
            database.write("PRAGMA synchronous = OFF")
        store: RunStore = calls.proxy("store", real_store)
        archive: TrialArchive = calls.proxy("archive", real_archive)
        workspace: Workspace = calls.proxy("workspace", real_workspace)
        engine: Engine = calls.proxy("engine", real_engine)
        proposer: Proposer = calls.proxy("proposer", _proposer(job, way, calls))
        parts = Parts(
            store=store,
            workspace=workspace,
            engine=engine,
            proposer=proposer,
            strategy=calls.proxy("strategy", way.strategy),
            guard=calls.proxy("guard", standard_guards(())),
            estimator=calls.proxy("estimator", Estimates()),
            observer=calls.proxy("observer", RecordingObserver()),
            reviewer=calls.proxy("reviewer", _reviewer()),
            clock=calls.proxy("clock", SystemClock()),
            trace=lambda trial: TraceFake(trial.id),
            diagnosis=SymptomDiagnosis(),
            reuse=Reuse(archive=archive, key=content_key, now=SystemClock().now, repeats=True),
        )
        plan = Plan(
            tasks={name: make_task(name) for name in SPLITS},
            splits=SPLITS,
            directive="",
            budget=way.budget,
            quota=Quota(),
            final_attempts=2,
            seed=0,
            variants=100,
        )
        climb(parts, plan, _begin(workspace, store, way), StopSignal())
    return calls.counts


def _in_a_fork(job: Job) -> int:
    """Work a job off in a process of its own; how that ended, as a shell says it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        counts = work(job)
        (Path(job.project).parent / "counts").write_text(json.dumps(counts))
        status = 0
    except BaseException:  # noqa: BLE001 - a fork must not return into the loop over jobs
        traceback.print_exc()
    os._exit(status)


def _jobs() -> Iterator[Job]:
    for line in sys.stdin:
        yield Job(**json.loads(line))


if __name__ == "__main__":
    for wanted in _jobs():
        _say(_in_a_fork(wanted))
