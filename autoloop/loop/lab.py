"""Runs trials for the loop: within the budget, recorded before anything acts on them."""

import hashlib
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import suppress

from autoloop.errors import AutoloopError, InfraError
from autoloop.loop.meter import Meter
from autoloop.loop.parts import LabParts, Plan
from autoloop.records import (
    Agent,
    Outcome,
    Purpose,
    StopReason,
    TrialFinished,
    TrialRequest,
    TrialResult,
    TrialStarted,
    Version,
)

POLL_S = 0.5
PLAIN = Version()
INVALID_IN_A_ROW = 3
INVALID_OF_A_TASK = 3
CONCERNS_ALL = frozenset({"StorageError"})
"""Failures of the machine that the next trial would meet, too."""


class StopSignal:
    """A wish, from any thread, that the run ends cleanly."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Ask for a clean end."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether someone asked."""
        return self._event.is_set()


class StoppedError(Exception):
    """The run has to end here; what is recorded so far stays, and it can be resumed."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class MachineError(InfraError):
    """Trials fail one after the other for reasons that are not the agent's."""


class Lab:
    """Starts trials and records their results. One thread only."""

    def __init__(
        self,
        parts: LabParts,
        plan: Plan,
        meter: Meter,
        stop: StopSignal,
        *,
        one_bad_task_stops: bool = True,
    ) -> None:
        """`one_bad_task_stops`: a task that cannot be run ends everything, not only itself."""
        self._parts = parts
        self.plan = plan
        self.meter = meter
        self._stop = stop
        self._running: dict[Future[TrialResult], TrialRequest] = {}
        self._invalid_in_a_row = 0
        self._invalid_of_task: Counter[str] = Counter()
        self._one_bad_task_stops = one_bad_task_stops
        self._trials = list(parts.store.trials())
        self._known = {trial.id for trial in self._trials}

    @property
    def trials(self) -> Sequence[TrialResult]:
        """All trials of the run so far."""
        return self._trials

    @property
    def running(self) -> tuple[TrialRequest, ...]:
        """Trials that were started and have not ended."""
        return tuple(self._running.values())

    @property
    def free(self) -> int:
        """Workers that could start a trial at once."""
        return max(0, self._parts.engine.workers - len(self._running))

    def counted(self, agent: Agent, purpose: Purpose) -> list[TrialResult]:
        """Trials of an agent that count, of the tasks as they are now."""
        return [t for t in self.evidence(purpose) if t.key.agent == agent.digest]

    def evidence(self, purpose: Purpose) -> list[TrialResult]:
        """Trials of all agents that count, of the tasks as they are now."""
        return [
            trial
            for trial in self._trials
            if trial.counts
            and trial.key.purpose is purpose
            and trial.key.task in self.plan.tasks
            and trial.key.task_digest == self.plan.tasks[trial.key.task].digest
        ]

    def given_up(self, task: str) -> int:
        """Attempts at a task that could not be run and will not be tried again."""
        return 0 if self._one_bad_task_stops else self._invalid_of_task[task]

    def check_stop(self) -> None:
        """Raise `StoppedError` if someone asked the run to end."""
        if self._stop.requested:
            raise StoppedError(StopReason.INTERRUPTED)
        if self._parts.store.stop_requested():
            raise StoppedError(StopReason.ASKED)

    def start(self, agent: Agent, task: str, *, purpose: Purpose, version: Version = PLAIN) -> None:
        """Start the next attempt of an agent at a task; `version` says for which steps."""
        used = [t.key.attempt for t in self.counted(agent, purpose) if t.key.task == task]
        used += [
            r.attempt
            for r in self.running
            if (r.agent, r.task.name, r.purpose) == (agent, task, purpose)
        ]
        attempt = next(n for n in range(len(used) + 1) if n not in used)
        request = TrialRequest(
            task=self.plan.tasks[task],
            agent=agent,
            purpose=purpose,
            attempt=attempt,
            seed=_seed(self.plan.seed, agent.digest, task, f"{purpose}", f"{attempt}"),
            step=max(version.on or version.off or (0,)),
            version=version if purpose is Purpose.SEARCH else PLAIN,
            split=self.plan.splits.get(task),
            quota=self.plan.quota,
        )
        reused = self._reused(request)
        if reused is not None:
            self._running[reused] = request
            return
        self.meter.start()
        self._running[self._parts.engine.submit(request)] = request
        self._parts.observer.notify(TrialStarted(request=request))

    def _reused(self, request: TrialRequest) -> Future[TrialResult] | None:
        """The trial of an earlier run that stands for this one, as a trial that has ended."""
        reuse = self._parts.reuse
        found = reuse.find(request, without=self._known) if reuse is not None else None
        if found is None:
            return None
        self._known.add(found.id)
        ended: Future[TrialResult] = Future()
        ended.set_result(found)
        return ended

    def collect(self) -> list[TrialResult]:
        """Wait until at least one trial ends; record and return all that have.

        Raises:
            StoppedError: someone asked the run to end.
            ModelError: the provider refuses for good.
            MachineError: several trials in a row were invalid.
        """
        while self._running:
            self.check_stop()
            done, _ = wait(self._running, timeout=POLL_S, return_when=FIRST_COMPLETED)
            self._record_retried()
            if done:
                return [self._record(future) for future in sorted(done, key=self._order)]
        return []

    def drain(self) -> None:
        """Let what runs end, drop what has not begun, and record every result.

        A trial that ends without one is dropped: whatever was wrong shows again when the loop goes
        on, and while it ends there is nobody to tell.
        """
        for future in list(self._running):
            if future.cancel():
                self.meter.release()
                del self._running[future]
        while self._running:
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                with suppress(AutoloopError):
                    self._record(future, strict=False)
        self._record_retried()

    def keep(self, result: TrialResult) -> None:
        """Record a trial durably, before anything is counted or said about it."""
        self._parts.store.save_trial(result)
        self._trials.append(result)
        self._known.add(result.id)
        reused = bool(result.reused_from)
        self._parts.observer.notify(TrialFinished(result=result, reused=reused))

    def _record_retried(self) -> None:
        while not self._parts.retried.empty():
            result = self._parts.retried.get()
            self.keep(result)
            self.meter.count(result)

    def _order(self, future: Future[TrialResult]) -> int:
        return list(self._running).index(future)

    def _record(self, future: Future[TrialResult], *, strict: bool = True) -> TrialResult:
        request = self._running.pop(future)
        try:
            result = future.result()
        except CancelledError as error:
            self.meter.release()
            raise MachineError("A trial was cancelled by its engine.") from error
        except Exception:
            self.meter.release()
            raise
        self.keep(result)
        if result.reused_from:
            return result
        self.meter.settle(result)
        if self._parts.reuse is not None:
            # After the run's own record: killed in between, the run has what it paid for.
            self._parts.reuse.add(request, result)
        if result.outcome is not Outcome.INVALID:
            self._invalid_in_a_row = 0
        elif strict:
            self._invalid(result)
        return result

    def _invalid(self, result: TrialResult) -> None:
        task = result.key.task
        self._invalid_in_a_row += 1
        self._invalid_of_task[task] += 1
        why = result.failure.message if result.failure else "no reason recorded"
        if result.failure is not None and result.failure.kind in CONCERNS_ALL:
            raise MachineError(why)
        if not self._one_bad_task_stops:
            return
        if self._invalid_of_task[task] >= INVALID_OF_A_TASK:
            raise MachineError(f"Task {task!r} could not be run {INVALID_OF_A_TASK} times: {why}")
        if self._invalid_in_a_row >= INVALID_IN_A_ROW:
            raise MachineError(f"{INVALID_IN_A_ROW} trials in a row could not be run. Last: {why}")


def _seed(*parts: object) -> int:
    """A number of 31 bits that depends on all parts."""
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1
