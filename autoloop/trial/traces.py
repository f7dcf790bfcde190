"""Writes what the host recorded of an agent into the trial's folder."""

from collections.abc import Sequence
from datetime import datetime

from autoloop.records import TaskStep
from autoloop.trial.atif import AtifAgent, trajectory
from autoloop.trial.files import write_over
from autoloop.trial.layout import AGENT_VERSION, agent_name
from autoloop.trial.plan import TrialPlan, make_parts
from autoloop.trial.solvers import Seats


def write_traces(
    plan: TrialPlan, seats: Seats, steps: Sequence[TaskStep], *, at: datetime, model: str
) -> None:
    """Write trajectory and output of each step; `at` dates steps in which nothing happened."""
    agent = AtifAgent(name=agent_name(plan.request), version=AGENT_VERSION, model_name=model)
    for step in steps:
        folder = plan.step_folder(step)
        make_parts(folder)
        trace = trajectory(
            plan.name, seats.events(step), agent=agent, instruction=step.instruction, at=at
        )
        write_over(folder / "agent" / "trajectory.json", trace.text())
        write_over(folder / "agent" / "stdout.txt", seats.stdout(step))
