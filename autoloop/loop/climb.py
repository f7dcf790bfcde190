"""The climb itself: steps until a limit is reached, then the final table."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from autoloop.errors import InfraError, ModelError, UserError
from autoloop.loop.attempts import run_attempts
from autoloop.loop.final import final_scores, keep_back
from autoloop.loop.folding import Merging
from autoloop.loop.lab import Lab, StoppedError, StopSignal
from autoloop.loop.meter import Meter
from autoloop.loop.parts import Parts, Plan
from autoloop.loop.search import Search
from autoloop.loop.work import StepBook, Work
from autoloop.records import (
    Agent,
    Notice,
    Purpose,
    Run,
    RunFinished,
    RunStarted,
    StopReason,
)


def climb(parts: Parts, plan: Plan, run: Run, stop: StopSignal) -> Run:
    """Work on a run, new or resumed, until it stops; the run as it then stands.

    Raises:
        UserError: something only a person can mend; the run can be resumed afterwards.
    """
    with _session(parts, plan, run, stop) as session:
        work = session.work
        # The final table needs the baseline on both; run first, no step has to pay for it.
        keep_back(work)
        baseline = Agent(source=work.baseline)
        run_attempts(work.lab, baseline, plan.visible, attempts=1, purpose=Purpose.SEARCH)
        search = Search(work, goes_on=session.was_finished, save=session.save)
        session.reason = search.run()
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
        baseline = Agent(source=self.work.baseline)
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
        workers=parts.engine.workers,
    )
    meter.recall(parts.store.trials(), parts.store.steps())
    lab = Lab(parts, plan, meter, stop)
    return Work(
        parts=parts,
        plan=plan,
        lab=lab,
        book=StepBook(parts.store),
        run=run.name,
        base=run.base,
        baseline=parts.workspace.source(run.base),
        merging=Merging(parts.workspace, parts.merge_guard or parts.guard),
    )
