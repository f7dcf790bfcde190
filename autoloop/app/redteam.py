"""Plays the attack suite on this machine, with this project's settings and agent image."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from types import MappingProxyType

from autoloop.app.climbing import Climb, start_climb
from autoloop.app.clock import SystemClock
from autoloop.app.compose import MachinePlan, trial_machine
from autoloop.app.contents import program_of
from autoloop.app.project import REDTEAM, Project
from autoloop.app.watching import Watch
from autoloop.errors import InterruptError, SettingsError
from autoloop.loop import StopSignal
from autoloop.ports import Proposer
from autoloop.records import AttackReport, AttackRow, Event, Notice, Run, TrialResult
from autoloop.redteam import ATTACKS, Attack, Bystander, Ground, Secrets, play_all
from autoloop.store import open_readonly

KEY = "AUTOLOOP_REDTEAM_API_KEY"
"""Set while attacks are played: what stands there is looked for in all that attackers wrote."""
CLIMB: Mapping[str, object] = MappingProxyType(
    {
        "workers": 2,
        "models.task": "offline",
        "models.meta": "offline",
        "reuse": False,
        "budget.steps": 6,
        "budget.trials": 16,
        "final.attempts": 1,
        "strategy": "climb",
    }
)
"""Settings of climbs that are attacked: short, and without a real model."""
AT_ONCE = 2
"""Attacks for each trial that runs: some wait for others, and some are judged."""


def red_team(project: Project, numbers: Sequence[int], watch: Watch) -> AttackReport:
    """Play the attacks of these numbers, or all; their trials stay under `runs/redteam-…`.

    Raises:
        UserError: no engine answers, or there is no such attack.
        InfraError: not even honest trials work here.
        InterruptError: someone asked to stop.
    """
    chosen = chosen_attacks(numbers)
    folder = project.runs / project.new_run_name(SystemClock().now(), prefix=REDTEAM)
    with ground_of(project, folder) as ground:
        text = f"{sum(len(a.places) for a in chosen)} attacks; what they leave: {folder}"
        watch.observer.notify(Notice(text=text))

        def tell(row: AttackRow) -> None:
            text = f"{row.number} {row.name}, {row.channel} ({row.place}): {row.result}"
            watch.observer.notify(Notice(text=text))
            if watch.stop.requested:
                raise InterruptError(f"Interrupted. What was played is in {folder}.")

        return play_all(chosen, ground, tell=tell, at_once=AT_ONCE * ground.engine.workers)


def chosen_attacks(numbers: Sequence[int]) -> tuple[Attack, ...]:
    """The attacks of these numbers; none means all."""
    known = sorted({attack.number for attack in ATTACKS})
    if unknown := sorted({*numbers} - {*known}):
        raise SettingsError(
            f"There is no attack {', '.join(map(str, unknown))}; the numbers go from {known[0]} to"
            f" {known[-1]}."
        )
    return tuple(a for a in ATTACKS if not numbers or a.number in numbers)


@contextmanager
def ground_of(project: Project, folder: Path) -> Iterator[Ground]:
    """Where attacks are played: the project's settings, Docker, and a model that is none."""
    retried: SimpleQueue[TrialResult] = SimpleQueue()
    secrets = Secrets.new(os.environ)
    settings = program_of(project).settings.model_copy(update={"engine": "docker"})
    model = Bystander()
    plan = MachinePlan(
        project=project.root,
        run_folder=folder,
        settings=settings,
        task_model=model.name,
        stand_in=model,
    )
    with _environment({KEY: secrets.key}), trial_machine(plan, on_invalid=retried.put) as machine:
        machine.sandbox.agent_image()
        yield Ground(
            engine=machine.engine,
            folder=folder,
            retried=retried,
            secrets_of_play=secrets,
            quota=settings.trial.quota(),
            climb_in=climb_in,
        )


def climb_in(root: Path, proposer: Proposer) -> tuple[Run, tuple[TrialResult, ...]]:
    """Climb in a project with this meta-agent; the run and its trials as they were recorded."""
    project = Project(root=root, overrides=CLIMB)
    climb = Climb(observer=_Deaf(), stop=StopSignal(), proposer=proposer)
    run = start_climb(project, climb)
    with closing(open_readonly(project.runs / run.name)) as store:
        return run, store.trials()


class _Deaf:
    """Nobody watches the climbs of attackers."""

    def notify(self, event: Event) -> None:
        """Do nothing."""


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
