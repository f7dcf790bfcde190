"""The steps of a task, one after the other; an ordinary task has one."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from autoloop.errors import AgentError, DiskQuotaError, InfraError
from autoloop.ports import Clock
from autoloop.records import Failure, Span, TaskStep
from autoloop.trial.box import Box
from autoloop.trial.env import BoxEnv
from autoloop.trial.health import HealthcheckError
from autoloop.trial.plan import TrialPlan, make_parts
from autoloop.trial.rewards import RewardProblem
from autoloop.trial.seat import CRASHED
from autoloop.trial.solvers import NO_SOLUTION, Assignment, Solver
from autoloop.trial.verify import Verification, users_of

OVERRUN = DiskQuotaError.__name__
UNVERIFIED = frozenset({CRASHED, NO_SOLUTION, OVERRUN})
"""Failures after which there is nothing to verify: the step counts 0."""


class StepSetupError(InfraError):
    """The setup.sh of a step failed, so the agent could not be given a fair start."""


@dataclass(slots=True, kw_only=True)
class StepRecord:
    """What is known of a step that was begun."""

    step: TaskStep
    rewards: Mapping[str, float] | None = None
    """None: its verifier gave no usable reward, or was not run."""
    failure: Failure | None = None
    phases: dict[str, Span] = field(default_factory=dict)
    verification: Literal["fresh", "shared", "separate", ""] = ""
    """Where its tests ran."""

    @contextmanager
    def phase(self, name: str, clock: Clock) -> Iterator[None]:
        """Keep how long something took, however it ends."""
        started_at = clock.now()
        try:
            yield
        finally:
            self.phases[name] = Span(started_at=started_at, finished_at=clock.now())


class Steps:
    """Runs the steps of a task in its environment."""

    def __init__(self, plan: TrialPlan, box: Box, *, solver: Solver, clock: Clock) -> None:
        self._plan = plan
        self._box = box
        self._solver = solver
        self._clock = clock
        self._has_begun = False

    def run(self, records: list[StepRecord], verification: Verification) -> None:
        """Run them until the last, or one after which none is to be run; fills `records`."""
        for step in self._plan.task.steps:
            if records:
                verification.reset(records[-1].step)
            records.append(StepRecord(step=step))
            self._step(records[-1], verification)
            if _is_end(records[-1]):
                break
        self._solver.leave()

    def _step(self, record: StepRecord, verification: Verification) -> None:
        make_parts(self._plan.step_folder(record.step))
        try:
            record.failure = self._prepare(record.step)
            if record.failure is None:
                self._solve_and_verify(record, verification)
            else:
                self._box.fetch_logs(self._plan.step_folder(record.step))
        except AgentError as error:
            trouble = self._solver.trouble
            if trouble is not None:
                raise type(trouble)(f"{trouble} After that: {error}") from error
            record.failure = Failure(kind=type(error).__name__, message=str(error))

    def _prepare(self, step: TaskStep) -> Failure | None:
        """Give the agent what the step begins with.

        Before the first step no agent can be to blame when that fails; later the step has failed.
        """
        try:
            self._set_up(step)
        except DiskQuotaError as error:
            if self._has_begun:
                raise
            raise StepSetupError(str(error)) from error
        except (StepSetupError, HealthcheckError) as error:
            if not self._has_begun:
                raise
            return Failure(kind=type(error).__name__, message=str(error))
        return None

    def _set_up(self, step: TaskStep) -> None:
        box = self._box
        box.line.use(box.environment.network)
        if step.workdir is not None:
            box.container.put(step.workdir, box.workdir())
            if (step.workdir / "setup.sh").is_file():
                self._run_setup(step)
        if step.healthcheck is not None:
            is_patient = not self._plan.rules.harbor_quirks
            box.wait_until_healthy(step.healthcheck, is_patient=is_patient, user=step.agent_user)

    def _run_setup(self, step: TaskStep) -> None:
        script = shlex.quote(f"{self._box.workdir().rstrip('/')}/setup.sh")
        done = self._box.run(f"bash {script}", user=step.agent_user)
        if done.exit_code != 0:
            raise StepSetupError(
                f"The setup.sh of step {step.name!r} ended with exit code {done.exit_code}:"
                f" {(done.stderr or done.stdout).strip()[-500:]}"
            )

    def _solve_and_verify(self, record: StepRecord, verification: Verification) -> None:
        step = record.step
        is_last = step is self._plan.task.steps[-1]
        self._box.line.use(step.agent_network or self._box.environment.network)
        env = self._box.agent_env(step.agent_user)
        self._box.container.mark()
        self._has_begun = True
        with record.phase("agent_execution", self._clock):
            record.failure = self._solve(step, env)
        record.failure = self._overrun() or record.failure
        if record.failure is not None and self._is_unverified(record.failure):
            self._solver.leave()
            verification.salvage(step, env)
            return
        if is_last:
            self._solver.leave()
        with record.phase("verifier", self._clock):
            try:
                in_time = record.failure is None
                record.verification = verification.mode(step)
                record.rewards = verification.rewards(step, env, is_last=is_last, in_time=in_time)
            except RewardProblem as problem:
                record.failure = Failure(kind=problem.kind, message=str(problem))

    def _solve(self, step: TaskStep, env: BoxEnv) -> Failure | None:
        rules = self._plan.rules
        own_s = step.agent_timeout_s
        limit_s = rules.timeouts.agent_s(rules.default_timeout_s if own_s is None else own_s)
        return self._solver.solve(Assignment(step=step, box=self._box, env=env, timeout_s=limit_s))

    def _overrun(self) -> Failure | None:
        reason = self._box.container.overrun()
        return None if reason is None else Failure(kind=OVERRUN, message=reason)

    def _is_unverified(self, failure: Failure) -> bool:
        """Whether the step is not worth a verification. Among several steps Harbor always is."""
        if not self._plan.task.is_multi_step:
            return failure.kind in UNVERIFIED
        if failure.kind == OVERRUN:
            return True
        return failure.kind == CRASHED and not self._plan.rules.harbor_quirks


def users_of_steps(steps: tuple[TaskStep, ...]) -> Mapping[str, str]:
    """Who runs commands in the task's own environment, with the key that names them."""
    users: dict[str, str] = {}
    for step in steps:
        if step.agent_user:
            users[step.agent_user] = "[agent].user"
        if step.verifier.environment is None:
            users |= users_of(step.verifier)
    return users


def _is_end(record: StepRecord) -> bool:
    """Whether no step is run after this one."""
    rewards = record.rewards
    if rewards is None:
        return True
    return any(
        rewards.get(key, float("-inf")) < least for key, least in record.step.min_reward.items()
    )
