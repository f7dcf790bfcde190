"""One trial from start to end: environment and agent, the steps, the record."""

import errno
import re
import secrets
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from autoloop.errors import AgentError, InfraError, ModelError, StorageError, UserError
from autoloop.ports import Clock, Egress, Gateway, Sandbox
from autoloop.records import (
    EVIDENCE_LENGTH,
    Failure,
    Span,
    StepResult,
    TrialFinding,
    TrialRequest,
    TrialResult,
    TrialRules,
    Usage,
)
from autoloop.trial.box import Box, Surveys
from autoloop.trial.canaries import Canaries
from autoloop.trial.ending import Ending, ending_of, overrun_findings
from autoloop.trial.layout import JobFolders
from autoloop.trial.plan import TrialPlan
from autoloop.trial.redaction import Redaction
from autoloop.trial.retry import RefusedTrialError
from autoloop.trial.solvers import Nobody, Oracle, Seats, Solver
from autoloop.trial.steps import StepRecord, Steps, users_of_steps
from autoloop.trial.traces import write_traces
from autoloop.trial.verify import Verification

MESSAGE_LENGTH = 2_000
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
SUFFIX = "abcdefghijklmnopqrstuvwxyz0123456789"
DEFAULT_RULES = TrialRules()


def random_suffix() -> str:
    """Seven characters that tell apart the trials of one task."""
    return "".join(secrets.choice(SUFFIX) for _ in range(7))


class SandboxRunner:
    """The `TrialRunner` that runs trials in containers. Thread-safe."""

    def __init__(  # noqa: PLR0913 - the parts of the outside world, each given once
        self,
        sandbox: Sandbox,
        gateway: Gateway,
        egress: Egress,
        *,
        run_folder: Path,
        clock: Clock,
        rules: TrialRules = DEFAULT_RULES,
        suffix: Callable[[], str] = random_suffix,
    ) -> None:
        """`run_folder` holds the folder `jobs` with a folder for each trial."""
        self._sandbox = sandbox
        self._gateway = gateway
        self._egress = egress
        self._run_folder = run_folder
        self._clock = clock
        self._rules = rules
        self._suffix = suffix
        self._surveys = Surveys()
        self._jobs = JobFolders(run_folder / "jobs", model=gateway.task_model)

    def run(self, request: TrialRequest) -> TrialResult:
        """Run one trial to its end and write its folder."""
        try:
            return self._run(request)
        except OSError as error:
            raise StorageError(
                f"The trials' folder {str(self._run_folder / 'jobs')!r} cannot be written"
                f" ({error}): make room, or see to its permissions, then resume."
            ) from error

    def _run(self, request: TrialRequest) -> TrialResult:
        short = re.sub(r"[^A-Za-z0-9._-]+", "-", request.task.name.rpartition("/")[2])
        name = f"{short[:32]}__{self._suffix()}"
        plan = TrialPlan(
            name=name,
            request=request,
            folder=self._jobs.trial_folder(request, name),
            sandbox=self._sandbox,
            egress=self._egress,
            rules=self._rules,
            canaries=Canaries(request.task),
        )
        log = _Log(self._clock)
        ending = self._ending(plan, log)
        log.findings += (*ending.findings, *overrun_findings(log.steps), *_seen_elsewhere(plan))
        ending = ending.judged(log.findings)
        redaction = Redaction.of(request.task)
        result = self._result(plan, log, ending, redaction=redaction)
        self._jobs.finish(request, result, plan.folder)
        redaction.folder(plan.folder)
        if log.refused is not None:
            raise RefusedTrialError(str(log.refused), result=result) from log.refused
        return result

    def _result(
        self, plan: TrialPlan, log: "_Log", ending: Ending, *, redaction: Redaction
    ) -> TrialResult:
        request = plan.request
        own = {} if plan.task.is_multi_step else _phases_of_only(log.steps)
        return TrialResult(
            id=plan.name,
            key=request.key,
            step=request.step,
            version=request.version,
            split=request.split,
            outcome=ending.outcome,
            reward=ending.reward,
            rewards=ending.rewards,
            failure=_fitting(ending.failure, redaction),
            usage=log.usage,
            span=Span(started_at=log.started_at, finished_at=self._clock.now()),
            phases={**log.phases, **own},
            verification=log.steps[-1].verification if log.steps else "",
            findings=tuple(_safe(finding, redaction) for finding in log.findings),
            folder=str(plan.folder.relative_to(self._run_folder)),
            steps=tuple(_step_result(record, redaction) for record in log.steps)
            if plan.task.is_multi_step
            else (),
        )

    def _ending(self, plan: TrialPlan, log: "_Log") -> Ending:
        try:
            return self._traced_attempt(plan, log)
        except ModelError as error:
            log.refused = error
            return Ending.invalid(type(error).__name__, str(error))
        except (InfraError, UserError) as error:
            return Ending.invalid(type(error).__name__, str(error))
        except AgentError as error:
            return Ending.failed(type(error).__name__, str(error))
        except Exception as error:
            # The one blind catch: a trial's fault stays its own, but for a disk that is full.
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            plan.note(traceback.format_exc())
            return Ending.invalid(type(error).__name__, _own_fault(error))

    def _traced_attempt(self, plan: TrialPlan, log: "_Log") -> Ending:
        if plan.request.agent.kind != "python":
            solver = Oracle(plan) if plan.request.agent.kind == "oracle" else Nobody()
            return self._attempt(plan, log, solver)
        seats = Seats(plan, self._gateway)
        try:
            with seats:
                return self._attempt(plan, log, seats)
        finally:
            log.usage = seats.usage
            log.findings += seats.findings
            steps = [record.step for record in log.steps] or [*plan.task.steps[:1]]
            write_traces(plan, seats, steps, at=log.started_at, model=self._gateway.task_model)

    def _attempt(self, plan: TrialPlan, log: "_Log", solver: Solver) -> Ending:
        environment = plan.task.environment
        with ExitStack() as stack:
            with log.phase("environment_setup"):
                limit_s = plan.rules.timeouts.build_s(environment.build_timeout_s)
                box = stack.enter_context(Box.start(plan, environment, timeout_s=limit_s))
                users = users_of_steps(plan.task.steps)
                survey = self._surveys.of(box, plan, users=users)
                if environment.healthcheck is not None:
                    is_patient = not plan.rules.harbor_quirks
                    box.wait_until_healthy(environment.healthcheck, is_patient=is_patient)
            verification = Verification(plan, box, self._surveys, survey=survey)
            try:
                steps = Steps(plan, box, solver=solver, clock=self._clock)
                steps.run(log.steps, verification)
            finally:
                log.findings += verification.findings
        return ending_of(plan, log.steps)


@dataclass(slots=True)
class _Log:
    """What is known about a trial that is still running."""

    clock: Clock
    started_at: datetime = field(init=False)
    phases: dict[str, Span] = field(default_factory=dict)
    steps: list[StepRecord] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    findings: list[TrialFinding] = field(default_factory=list)
    """What speaks against the score."""
    refused: ModelError | None = None
    """How the model's provider refuses, which ends more than this trial."""

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started_at = self.clock.now()
        try:
            yield
        finally:
            self.phases[name] = Span(started_at=started_at, finished_at=self.clock.now())


def _seen_elsewhere(plan: TrialPlan) -> Iterator[TrialFinding]:
    """Canaries in what an agent wrote; the task's own solution may know them."""
    if plan.request.agent.kind == "python":
        yield from plan.canaries.sightings(plan.folder)


def _phases_of_only(records: list[StepRecord]) -> Mapping[str, Span]:
    return records[0].phases if records else {}


def _step_result(record: StepRecord, redaction: Redaction) -> StepResult:
    return StepResult(
        name=record.step.name,
        rewards=record.rewards or {},
        failure=_fitting(record.failure, redaction),
        phases=record.phases,
    )


def _safe(finding: TrialFinding, redaction: Redaction) -> TrialFinding:
    """The finding in words that every file, database and terminal can hold."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in redaction.text(finding.evidence))
    return replace(finding, evidence=text.encode(errors="replace").decode()[:EVIDENCE_LENGTH])


def _own_fault(error: Exception) -> str:
    return (
        f"autoloop itself failed with {error!r}; please report it with the traceback, which is in"
        f" trial.log of the trial's folder."
    )


def _fitting(failure: Failure | None, redaction: Redaction) -> Failure | None:
    """The failure with a message of bounded length that every file and database can hold."""
    if failure is None:
        return None
    text = redaction.text(failure.message)[:MESSAGE_LENGTH]
    return replace(failure, message=text.encode(errors="replace").decode())
