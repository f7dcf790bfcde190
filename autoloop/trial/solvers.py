"""Who solves a task's steps: agent.py, the task's own solution, or nobody."""

from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from autoloop.ports import Gateway, Grant
from autoloop.records import Failure, Quota, TaskStep, TraceEvent, TrialFinding, Usage
from autoloop.trial.box import Box
from autoloop.trial.env import BoxEnv
from autoloop.trial.plan import TrialPlan
from autoloop.trial.seat import AgentRecord, AgentSeat, agent_timeout

NO_SOLUTION = "FileNotFoundError"
SCRIPT = "/solution/solve.sh"
SOLVE = f"({SCRIPT}) > /logs/agent/oracle.txt 2>&1"
KEEP_CODE = "code=$?; [ $code = 0 ] || printf $code > /logs/agent/exit-code.txt; exit $code"
OVER = "its time is over"
# Ends at the time limit without ending what it has started, as an exec that Harbor gives up.
GIVE_UP = f"""trap 'over=1' USR1
{{solve}} & solver=$!
(trap 'kill $!; exit' TERM; sleep {{limit}} & wait $! && kill -USR1 $$) > /dev/null 2>&1 & clock=$!
wait $solver; code=$?
if [ -n "$over" ]; then echo {OVER!r}; exit; fi
kill $clock
(exit $code); {{keep_code}}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A step to solve, where, and for how long."""

    step: TaskStep
    box: Box
    env: BoxEnv
    timeout_s: float


class Solver(Protocol):
    """Solves one step after the other, in one trial."""

    @property
    def trouble(self) -> Exception | None:
        """What it met that was the machine's fault."""

    def solve(self, assignment: Assignment) -> Failure | None:
        """Solve a step; why that did not go well, if so.

        Raises:
            AgentError: the container was ended from inside.
            ModelError: the provider refuses for good.
        """

    def leave(self) -> None:
        """No more steps are to be solved. Harmless to repeat."""


class Nobody:
    """Harbor's `nop`."""

    trouble: Exception | None = None

    def solve(self, _assignment: Assignment) -> Failure | None:
        """Do nothing."""
        return None

    def leave(self) -> None:
        """Nothing is held."""


class Oracle:
    """Harbor's `oracle`: runs the task's own solution."""

    trouble: Exception | None = None

    def __init__(self, plan: TrialPlan) -> None:
        self._plan = plan

    def solve(self, assignment: Assignment) -> Failure | None:
        """Copy the solution in and run it; its exit code does not matter."""
        step, box = assignment.step, assignment.box
        if step.solution is None:
            return self._missing(step)
        box.container.put(step.solution, "/solution")
        box.make_executable(SCRIPT, source=step.solution / "solve.sh")
        env = {"DEBIAN_FRONTEND": "noninteractive", **self._plan.task.solution_env}
        limit_s = assignment.timeout_s
        if self._plan.rules.harbor_quirks:
            command = GIVE_UP.format(solve=SOLVE, limit=limit_s, keep_code=KEEP_CODE)
            is_over = OVER in box.run(command, user=step.agent_user, env=env).stdout
        else:
            command = f"{SOLVE}; {KEEP_CODE}"
            done = box.run(command, timeout_s=limit_s, user=step.agent_user, env=env)
            is_over = done.timed_out
        return agent_timeout(limit_s) if is_over else None

    def leave(self) -> None:
        """Nothing is held."""

    def _missing(self, step: TaskStep) -> Failure:
        folder = self._plan.task.folder
        folder = folder / "steps" / step.name if step.name else folder
        return Failure(
            kind=NO_SOLUTION,
            message=f"The oracle runs the task's solution, and there is no file"
            f" {str(folder / 'solution' / 'solve.sh')!r}: write it.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """When a step was given to an agent."""

    step: str
    record: AgentRecord
    first_event: int


class Seats:
    """agent.py: in one seat for all steps, and in a new one after a step it did not end itself.

    A context manager; entering it starts the agent's container.
    """

    def __init__(self, plan: TrialPlan, gateway: Gateway) -> None:
        self._plan = plan
        self._gateway = gateway
        self._stack = ExitStack()
        self._records: list[AgentRecord] = []
        self._turns: list[_Turn] = []
        self._seat: AgentSeat | None = None

    def __enter__(self) -> Self:
        self._seat = self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def trouble(self) -> Exception | None:
        """What the agent met that was the machine's fault."""
        return next((record.trouble for record in self._records if record.trouble), None)

    @property
    def usage(self) -> Usage:
        """What all model calls consumed."""
        return sum((record.usage for record in self._records), Usage())

    @property
    def findings(self) -> tuple[TrialFinding, ...]:
        """What the record says of the agent; complete once the context is left."""
        unrecorded = sum(record.unrecorded for record in self._records)
        return (_too_much_to_record(unrecorded),) if unrecorded else ()

    def solve(self, assignment: Assignment) -> Failure | None:
        """Give the step to the agent and wait until it has ended."""
        if self._seat is None or not self._seat.is_usable:
            self.leave()
            self._seat = self._take()
        step, record = assignment.step, self._seat.record
        self._turns.append(_Turn(step=step.name, record=record, first_event=len(record.events)))
        return self._seat.turn(step.instruction, assignment.env, timeout_s=assignment.timeout_s)

    def leave(self) -> None:
        """End the agent's container in the background."""
        if self._seat is not None:
            self._seat.leave()
            self._seat = None

    def events(self, step: TaskStep) -> tuple[TraceEvent, ...]:
        """What the agent did in a step; complete once the context is left."""
        turns = self._turns_from(step)
        if not turns:
            return ()
        record = turns[0].record
        end = next((turn.first_event for turn in turns[1:] if turn.record is record), None)
        return record.events[turns[0].first_event : end]

    def stdout(self, step: TaskStep) -> str:
        """What an agent's container printed, told with the last step that it took."""
        turns = self._turns_from(step)
        if not turns or any(turn.record is turns[0].record for turn in turns[1:]):
            return ""
        return turns[0].record.stdout

    def _turns_from(self, step: TaskStep) -> list[_Turn]:
        names = [turn.step for turn in self._turns]
        return self._turns[names.index(step.name) :] if step.name in names else []

    def _take(self) -> AgentSeat:
        task = self._plan.task
        grant = Grant(
            trial=self._plan.name,
            agent_source=self._plan.request.agent.source,
            seed=self._plan.request.seed,
            quota=_left(self._plan.request.quota, self.usage),
            mcp_servers=task.environment.mcp_servers,
            skills_dir=task.environment.skills_dir,
            trajectory=task.trajectory.read_text(encoding="utf-8") if task.trajectory else None,
        )
        opened = AgentSeat.open(self._plan.sandbox, self._gateway, grant, trial=self._plan.name)
        seat = self._stack.enter_context(opened)
        self._records.append(seat.record)
        return seat


def _too_much_to_record(events: int) -> TrialFinding:
    return TrialFinding(
        rule="trace-size",
        severity="note",
        evidence=f"The trace was full: {events:,} calls, actions and notes of the agent are not"
        " recorded, or without their texts.",
    )


def _left(quota: Quota, used: Usage) -> Quota:
    """What earlier seats have left of a trial's quota."""
    calls, tokens, usd = quota.calls, quota.tokens, quota.usd
    return Quota(
        calls=None if calls is None else max(calls - used.calls, 0),
        tokens=None if tokens is None else max(tokens - used.tokens, 0),
        usd=None if usd is None else max(usd - (used.cost_usd or 0.0), 0.0),
    )
