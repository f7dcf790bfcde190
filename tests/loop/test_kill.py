"""A climb that is killed at any call of any port ends, resumed, as if nothing had happened."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from autoloop.records import Decision, Step, StopReason
from tests.loop.builders import RUN
from tests.loop.conftest import Climbed, Crew
from tests.loop.killing import Job

ACTS = {
    "archive.add": 16,
    "engine.submit": 30,
    "observer.notify": 60,
    "proposer.propose": 2,
    "reviewer.review": 2,
    "runner.run": 24,
    "store.save_notebook": 2,
    "store.save_run": 3,
    "store.save_step": 3,
    "store.save_trial": 16,
    "workspace.begin": 1,
    "workspace.keep": 2,
    "workspace.propose": 2,
    "workspace.record_revert": 2,
}
"""Calls that change something, and how many of them each process makes before it dies.

A process that goes on makes again what its forerunner died at, and 2 is the very next call. What
lies on the disk right before a call is what the one before it left, so that it is enough to die
on one side of each: here and where several edits are under test, the sides are exchanged.
"""
LOOKS = {
    "store.run": 1,
    "store.steps": 1,
    "store.trials": 1,
    "clock.now": 2,
    "archive.trials": 5,
    "clock.monotonic": 20,
    "guard.check": 1,
    "guard.size": 1,
    "guard.likeness": 3,
    "store.stop_requested": 20,
    "workspace.merge": 1,
    "strategy.decide": 12,
    "estimator.gain": 1,
    "workspace.source": 1,
    "estimator.score": 1,
    "workspace.tip": 1,
}
"""Calls that only look, where before and after are the same moment, and which of them is fatal.

They stand in the order in which a climb that dies at each in turn comes to them.
"""


def deadly(project: Climbed, acts: Mapping[str, int], call: str, *, swap: bool) -> list[Job]:
    """A climb that dies at the first of these calls, then after so many each time it goes on."""
    is_after = swap == bool(list(acts).index(call) % 2)
    job = replace(project.job(), call=call, number=1, after=is_after)
    return [job, replace(job, number=acts[call])] if acts[call] > 1 else [job, project.job()]


def test_the_climb_that_is_killed_is_worth_killing(unkilled: Climbed) -> None:
    steps = unkilled.story()["steps"]
    assert isinstance(steps, list)
    decisions = [step.verdict.decision for step in steps]

    assert decisions.count(Decision.KEEP) == 2
    assert decisions.count(Decision.REVERT) == 3
    assert decisions.count(Decision.EMPTY) == 1
    assert unkilled.story()["stop"] is StopReason.STEPS
    assert set(unkilled.counts()) == {*ACTS, *LOOKS}


@pytest.mark.parametrize("call", ACTS)
def test_a_climb_that_is_killed_again_and_again_ends_as_if_nothing_had_happened(
    call: str, crew: Crew, project: Climbed, unkilled: Climbed
) -> None:
    before = project.users_things()

    deaths = crew.deaths(project, *deadly(project, ACTS, call, swap=False))

    assert deaths >= (unkilled.counts()[call] + 1) // ACTS[call] // 2
    assert project.story() == unkilled.story()
    assert project.users_things() == before
    project.assert_clean()


def test_a_climb_is_killed_at_each_of_its_looks(
    crew: Crew, project: Climbed, unkilled: Climbed
) -> None:
    before, job = project.users_things(), project.job()
    looks = [replace(job, call=call, number=number) for call, number in LOOKS.items()]

    deaths = crew.deaths(project, *looks, job)

    assert deaths == len(LOOKS)
    assert project.story() == unkilled.story()
    assert project.users_things() == before
    project.assert_clean()


@pytest.mark.parametrize(("call", "number"), [("runner.run", 25), ("store.save_trial", 10)])
def test_with_several_workers_nothing_is_lost_either(
    call: str, number: int, crew: Crew, project: Climbed
) -> None:
    before = project.users_things()
    job = replace(project.job(workers=3), call=call, number=3, after=True)

    deaths = crew.deaths(project, job, replace(job, number=number))

    story = project.story()
    assert deaths >= 3
    assert (story["stop"], story["finished"]) == (StopReason.STEPS, True)
    assert project.repository.git("rev-parse", f"autoloop/{RUN}") == _kept(story)
    assert project.users_things() == before
    project.assert_clean()


def _kept(story: dict[str, object]) -> str | None:
    """Commit of the newest kept edit."""
    steps = story["steps"]
    assert isinstance(steps, list)
    kept: list[Step] = [step for step in steps if step.verdict.decision is Decision.KEEP]
    return kept[-1].candidate
