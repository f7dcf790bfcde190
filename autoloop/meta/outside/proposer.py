"""One step of a coding agent: workspace, container, questions, and the end of all of it."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from autoloop import harness
from autoloop.errors import EngineError, InfraError, ModelError, ProviderError
from autoloop.meta.bench import Bench
from autoloop.meta.conversation import step_seed
from autoloop.meta.outside.clerk import Clerk
from autoloop.meta.outside.laying_out import HARNESS, INSIDE, Workspace, laid_out
from autoloop.meta.outside.program import OutsideProgram
from autoloop.meta.outside.questions import (
    Asked,
    DeskEnv,
    Ended,
    News,
    refuse_the_rest,
    refused,
)
from autoloop.meta.outside.records import MOST_OUTPUT, StepRecord
from autoloop.ports import (
    Allowance,
    Bind,
    Container,
    ContainerSpec,
    Gateway,
    Grant,
    ProposalOutcome,
    Sandbox,
    Session,
    StepDesk,
    Turn,
)
from autoloop.records import AgentEnd, Quota, Resources, Usage
from autoloop.records.quoting import one_line

HARNESS_FOLDER = Path(harness.__file__).parent
SOCKET_FOLDER = "/run/autoloop"
HOME = "/home/agent"
NOBODY = "65534:65534"
RESOURCES = Resources(cpus=2.0, memory_mb=4096, pids=1024)
_Amount = TypeVar("_Amount", int, float)
_TICK_S = 0.5
_DEATH_S = 60.0


class OutsideProposer:
    """Port `Proposer`: a program that edits in a container of its own.

    Args:
        sandbox: Where the container runs.
        gateway: The way to the meta-agent's model, under a meter of its own.
        program: What is run, and what it may take.
        image: The image that it runs in.
        folder: Where the run keeps what is recorded of it.
        seed: Seed of the run.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        gateway: Gateway,
        *,
        program: OutsideProgram,
        image: str,
        folder: Path,
        seed: int = 0,
    ) -> None:
        self._sandbox = sandbox
        self._gateway = gateway
        self._program = program
        self._image = image
        self._folder = folder
        self._seed = seed

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Let the program work until it submits, ends, or is ended."""
        record = StepRecord(self._folder / _name(desk))
        version = self._program.prompts.version
        if record.paid != Usage():
            desk.charge(record.paid)
        too_dear = desk.may_ask(Usage())
        if too_dear:
            return ProposalOutcome(
                proposal=None, reason=too_dear, usage=record.paid, prompts=version
            )
        grant = self._grant(desk, record)
        with (
            laid_out(desk, self._program, told=_begun(record)) as workspace,
            self._session(grant, record) as session,
        ):
            shift = _Shift(desk, session, record, program=self._program)
            spec = self._spec(grant.trial, session, workspace)
            # Docker's client starts it; whatever comes, leaving the context removes it.
            with self._sandbox.start(spec) as container:
                outcome = shift.work(container, model=self._gateway.task_model)
        usage = record.paid + session.usage
        return replace(outcome, usage=usage, prompts=version)

    @contextmanager
    def _session(self, grant: Grant, record: StepRecord) -> Iterator[Session]:
        with ExitStack() as afterwards, self._gateway.open(grant) as session:
            # Only then is it known which calls were still in flight, and what they may cost.
            afterwards.callback(lambda: record.spend(session.usage))
            yield session

    def _grant(self, desk: StepDesk, record: StepRecord) -> Grant:
        """What it may take: its share, and no more than the run still pays for."""
        quota = _rest(self._program.quota, record.paid)
        return Grant(
            trial=f"meta-step-{desk.step}",
            agent_source=desk.source,
            seed=step_seed(self._seed, desk.step),
            quota=_capped(quota, desk.allowance()),
        )

    def _spec(self, trial: str, session: Session, workspace: Workspace) -> ContainerSpec:
        return ContainerSpec(
            image=self._image,
            labels={"trial": trial},
            command=("python3", "-I", f"{HARNESS}/outside_main.py"),
            user=NOBODY,
            network="none",
            resources=RESOURCES,
            binds=(
                Bind(source=HARNESS_FOLDER, target=HARNESS),
                Bind(source=session.folder, target=SOCKET_FOLDER),
                *workspace.binds(),
            ),
            hardened=True,
            folders=(INSIDE, HOME),
        )


class _Shift:
    """A container at work on a step. One thread but for the watch on the container's end."""

    def __init__(
        self, desk: StepDesk, session: Session, record: StepRecord, *, program: OutsideProgram
    ) -> None:
        self._desk = desk
        self._session = session
        self._record = record
        self._program = program
        self._bench = Bench(
            desk, spot_checks=program.spot_checks, alternatives=program.alternatives
        )
        self._clerk = Clerk(self._bench, left=self._left)
        self._news: News = SimpleQueue()
        self._is_over = False
        self._ends_at = float("inf")
        self._was_late = threading.Event()
        self._charged = record.paid
        self._too_dear = ""

    def work(self, container: Container, *, model: str) -> ProposalOutcome:
        """Answer what is asked until the container is gone; what came of it."""
        try:
            with self._killed_in_the_end(container):
                self._ends_at = time.monotonic() + self._program.seconds
                env = DeskEnv(self._news, is_over=lambda: self._is_over)
                self._session.begin(Turn(instruction=self._plan(model), env=env))
                ended = self._serve()
        finally:
            self._record.spend(self._session.usage)
            with suppress(InfraError):
                self._record.keep(container.logs(max_bytes=MOST_OUTPUT), self._session.events)
        return self._outcome(ended)

    def _plan(self, model: str) -> str:
        """What the container's first process needs to know."""
        program = self._program
        return json.dumps(
            {
                "command": program.command,
                "env": dict(program.env),
                "files": dict(program.files),
                "prompt": program.prompt,
                "model": model,
                "seconds": program.seconds,
            }
        )

    @contextmanager
    def _killed_in_the_end(self, container: Container) -> Iterator[None]:
        """Whatever happens, nothing of the container lives after this; it is looked at."""
        watch = threading.Thread(
            target=self._watch, args=[container], name="outside-exit", daemon=True
        )
        watch.start()
        try:
            with self._after(self._program.seconds + self._program.grace_s, container):
                yield
        finally:
            self._is_over = True
            self._session.stop(AgentEnd(finished=False, error="it was ended"))
            refuse_the_rest(self._news)
            container.kill()
            watch.join(_DEATH_S)
        if watch.is_alive():
            raise EngineError(
                "The container of the coding agent was told to end and is still there."
            )

    @contextmanager
    def _after(self, seconds: float, container: Container) -> Iterator[None]:
        """End the container after a time, even while a question is being answered."""

        def kill() -> None:
            self._was_late.set()
            with suppress(InfraError):
                container.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _watch(self, container: Container) -> None:
        try:
            code = container.wait()
        except InfraError as error:
            self._news.put(Ended(how="it was lost", error=error))
        else:
            self._news.put(Ended(how=f"its container ended with exit code {code}"))

    def _serve(self) -> Ended:
        """Answer until the container has ended, or was ended since the step is over."""
        ended_for: str | None = None
        while True:
            item = self._next()
            self._charge()
            if isinstance(item, Ended):
                return item
            if self._too_dear:
                return self._cut_off(item)
            if item is None:
                self._desk.check_stop()
            else:
                self._answer(item)
            if ended_for is None and (ended_for := self._why_over()) is not None:
                # It may say goodbye, and no more.
                self._ends_at = min(self._ends_at, time.monotonic())
                self._is_over = True
            if self._is_over and time.monotonic() > self._ends_at + self._program.grace_s:
                return Ended(how=ended_for or "the step is over")

    def _charge(self) -> None:
        """Charge the run with what was spent by now, durably, before anything else happens."""
        self._record.spend(self._session.usage)
        usage = self._record.paid + self._session.usage
        if usage != self._charged:
            self._charged = usage
            self._desk.charge(usage)
        # Spot checks and time are paid for, too.
        self._too_dear = self._desk.may_ask(Usage())

    def _cut_off(self, item: Asked | None) -> Ended:
        """End it at once: in a grace it would spend what is kept for others."""
        if item is not None:
            item.answer.set_result(refused(f"the step is over: {self._too_dear}."))
        return Ended(how=self._too_dear)

    def _why_over(self) -> str | None:
        return self._clerk.ending or self._too_dear or None

    def _next(self) -> Asked | Ended | None:
        with suppress(Empty):
            return self._news.get(timeout=_TICK_S)
        return None

    def _answer(self, asked: Asked) -> None:
        """Answer a question; nobody waits for ever, whatever becomes of it."""
        try:
            asked.answer.set_result(self._clerk.answer(asked.text))
        finally:
            if not asked.answer.done():
                asked.answer.set_result(refused("The step is over."))

    def _left(self) -> str:
        """What is left, in words."""
        seconds = self._ends_at - time.monotonic()
        if seconds <= 0:
            rest = max(0.0, seconds + self._program.grace_s)
            return f"your time is over: {rest:.0f} seconds until everything is ended"
        return f"{seconds // 60:.0f} minutes {seconds % 60:.0f} seconds left"

    def _outcome(self, ended: Ended) -> ProposalOutcome:
        proposal = self._bench.proposal
        if proposal is not None:
            return ProposalOutcome(proposal=proposal)
        _raise_trouble(self._session.trouble)
        if ended.error is not None:
            raise ended.error
        return ProposalOutcome(proposal=None, reason=self._reason(ended))

    def _reason(self, ended: Ended) -> str:
        """Why there is no edit; whoever works on the next step reads it."""
        why = self._why_over()
        if why is not None:
            return why
        if self._was_late.is_set():
            minutes = f"{self._program.seconds / 60:g}"
            return f"the coding agent was ended after {minutes} minutes, without a submission"
        report = self._session.wait(0)
        how = report.error if report is not None and report.finished else None
        spent = f". {self._session.over_quota}" if self._session.over_quota else ""
        return f"the coding agent ended without a submission: {one_line(how or ended.how)}{spent}"


def _raise_trouble(trouble: Exception | None) -> None:
    """What neither the program nor its edit is to blame for stops the run, to be resumed."""
    if isinstance(trouble, ModelError | InfraError):
        raise trouble
    if trouble is not None:
        raise ProviderError(str(trouble))


def _name(desk: StepDesk) -> str:
    """The same for every attempt at the same edit, and for no other."""
    digest = hashlib.sha256(f"{desk.source}\0{desk.rebase}".encode(errors="replace"))
    return f"step-{desk.step:04d}-{digest.hexdigest()[:8]}"


def _rest(quota: Quota, paid: Usage) -> Quota:
    """A step's share, less what attempts that were cut off have spent of it."""
    return replace(
        quota,
        calls=_less(quota.calls, paid.calls),
        tokens=_less(quota.tokens, paid.tokens),
        usd=None if quota.usd is None else max(quota.usd - (paid.cost_usd or 0.0), 0.0),
    )


def _capped(quota: Quota, allowance: Allowance) -> Quota:
    """A quota within what is still paid for."""
    return replace(
        quota,
        tokens=_lower(quota.tokens, allowance.tokens),
        usd=_lower(quota.usd, allowance.usd),
    )


def _lower(one: _Amount | None, other: _Amount | None) -> _Amount | None:
    """The lower of two limits; None is no limit."""
    return min((most for most in (one, other) if most is not None), default=None)


def _less(most: int | None, spent: int) -> int | None:
    return None if most is None else max(most - spent, 0)


def _begun(record: StepRecord) -> str:
    """Record that an attempt begins; what is to be said of those before."""
    record.spend(Usage())
    if not record.cut_off:
        return ""
    return (
        f"This step was begun before and cut off; {record.paid.tokens:,} tokens of its share were"
        " spent then, and nothing of that work is left."
    )
