"""The climb itself: steps until a limit is reached, then the final table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from autoloop.errors import InfraError, ModelError, UserError
from autoloop.loop.evaluate import run_attempts
from autoloop.loop.final import final_scores
from autoloop.loop.lab import Lab, StoppedError, StopSignal
from autoloop.loop.meter import Meter
from autoloop.loop.parts import Parts, Plan
from autoloop.loop.step import open_step, take_step
from autoloop.loop.work import Work
from autoloop.records import (
    Agent,
    Decision,
    Notice,
    Purpose,
    Run,
    RunFinished,
    RunStarted,
    Split,
    Step,
    StopReason,
)

EMPTY_IN_A_ROW = 3


def climb(parts: Parts, plan: Plan, run: Run, stop: StopSignal) -> Run:
    """Work on a run, new or resumed, until it stops; the run as it then stands.

    Raises:
        UserError: something only a person can mend; the run can be resumed afterwards.
    """
    with _session(parts, plan, run, stop) as session:
        work = session.work
        baseline = Agent(source=parts.workspace.source(run.base))
        # The final table needs the baseline on both; run first, no step has to pay for it.
        seen = (*plan.names(Split.TRAIN), *plan.names(Split.VALIDATION))
        run_attempts(work.lab, baseline, seen, attempts=1, purpose=Purpose.SEARCH)
        session.reason = _search(work, session)
        session.finish()
    return session.run


def open_holdout(parts: Parts, plan: Plan, run: Run, stop: StopSignal) -> Run:
    """Make the final table of a run as it stands, without another step.

    Raises:
        UserError: something only a person can mend.
    """
    with _session(parts, plan, run, stop) as session:
        session.reason = run.stop_reason or StopReason.ASKED
        session.finish()
    return session.run


def _search(work: Work, session: "_Session") -> StopReason:
    """Take steps until there is a reason to stop."""
    goes_on = session.was_finished
    while True:
        work.lab.check_stop()
        done = [s for s in work.parts.store.steps() if s.finished_at is not None]
        step = open_step(work)
        if step.proposal is None and step.verdict is None:
            if _has_given_up(done) and not goes_on:
                return StopReason.NO_PROPOSALS
            reason = work.lab.meter.refusal(steps=len(done))
            if reason is not None:
                return reason
        take_step(work, step)
        goes_on = False
        session.save()


def _has_given_up(steps: Sequence[Step]) -> bool:
    """Whether the last steps were empty: three, or six when somebody let it go on after three."""
    empty = 0
    for step in reversed(steps):
        if step.verdict is None or step.verdict.decision is not Decision.EMPTY:
            break
        empty += 1
    return empty > 0 and empty % EMPTY_IN_A_ROW == 0


class _Session:
    """The run's record while it is worked on."""

    def __init__(self, work: Work, run: Run) -> None:
        self.work = work
        self.was_finished = run.finished_at is not None
        """An earlier session ended of itself; whoever resumes wants it to go on."""
        self.run = replace(run, stop_reason=None, finished_at=None, scores={})
        self.reason: StopReason | None = None

    def save(self, *, reason: StopReason | None = None) -> None:
        """Store the run as it stands."""
        active_s = self.work.lab.meter.active_s
        self.run = replace(self.run, active_s=active_s, stop_reason=reason or self.reason)
        self.work.parts.store.save_run(self.run)

    def finish(self) -> None:
        """Make and store the final table."""
        workspace = self.work.parts.workspace
        baseline = Agent(source=workspace.source(self.run.base))
        best = Agent(source=workspace.source(workspace.tip(self.run.name)))
        scores = final_scores(self.work, baseline=baseline, best=best)
        now = self.work.parts.clock.now()
        self.run = replace(self.run, scores=scores, finished_at=now)
        self.save()


@contextmanager
def _session(parts: Parts, plan: Plan, run: Run, stop: StopSignal) -> Iterator[_Session]:
    """A stretch of work on a run: however it ends, what ran is recorded and the reason stored."""
    work = _work(parts, plan, run, stop)
    session = _Session(work, run)
    parts.observer.notify(RunStarted(run=run, resumed=bool(work.lab.trials)))
    session.save()
    try:
        yield session
    except StoppedError as stopped:
        work.lab.drain()
        session.save(reason=stopped.reason)
    except (ModelError, InfraError) as error:
        parts.observer.notify(Notice(text=str(error)))
        work.lab.drain()
        refused = isinstance(error, ModelError)
        session.save(reason=StopReason.MODEL if refused else StopReason.INFRASTRUCTURE)
    except UserError:
        work.lab.drain()
        session.save()
        raise
    parts.observer.notify(RunFinished(run=session.run))


def _work(parts: Parts, plan: Plan, run: Run, stop: StopSignal) -> Work:
    meter = Meter(
        plan.budget,
        parts.clock,
        active_s=run.active_s,
        final_trials=plan.final_trials,
        workers=parts.engine.workers,
    )
    meter.recall(parts.store.trials(), parts.store.steps())
    lab = Lab(parts, plan, meter, stop)
    return Work(parts=parts, plan=plan, lab=lab, run=run.name)
