"""A climb that is killed at any call of any port ends, resumed, as if nothing had happened."""

import signal
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pytest

from autoloop.records import Decision, Step, StopReason
from tests.loop.builders import RUN
from tests.loop.conftest import Climbed, Crew
from tests.loop.killing import Job

ACTS = {
    "archive.add": 4,
    "engine.submit": 3,
    "observer.notify": 3,
    "proposer.propose": 4,
    "reviewer.review": 4,
    "runner.run": 3,
    "store.save_notebook": 2,
    "store.save_run": 4,
    "store.save_step": 6,
    "store.save_trial": 4,
    "workspace.begin": 1,
    "workspace.keep": 2,
    "workspace.propose": 3,
    "workspace.record_revert": 3,
}
"""Calls that change something, and at how many moments spread over the run each is tried.

What lies on the disk right before a call is what the one before it left, so that it is enough to
die on one side of each: in turn right after and right before.
"""
LOOKS = (
    "archive.trials",
    "clock.now",
    "clock.monotonic",
    "estimator.gain",
    "estimator.score",
    "guard.check",
    "guard.likeness",
    "guard.size",
    "strategy.decide",
    "store.run",
    "store.steps",
    "store.stop_requested",
    "store.trials",
    "workspace.merge",
    "workspace.source",
    "workspace.tip",
)
"""Calls that only look: before and after are the same moment."""


@dataclass(frozen=True)
class Moment:
    """When the process kills itself."""

    call: str
    part: float
    """0 is the first of these calls, 1 the last."""
    after: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.call} {self.part:.2f}"

    def death(self, project: Climbed, counts: Counter[str]) -> Job:
        """The job that dies then."""
        number = 1 + round(self.part * (counts[self.call] - 1))
        return replace(project.job(), call=self.call, number=number, after=self.after)


def moments(acts: Mapping[str, int], looks: Iterable[str]) -> list[Moment]:
    """Every call, those that change something on both sides."""
    return [
        *(
            Moment(call, part / max(1, parts - 1), after=(part + turn) % 2 == 0)
            for turn, (call, parts) in enumerate(acts.items())
            for part in range(max(2, parts))
        ),
        *(Moment(call, 0.5) for call in looks),
    ]


MOMENTS = moments(ACTS, LOOKS)


def test_the_climb_that_is_killed_is_worth_killing(unkilled: Climbed) -> None:
    steps = unkilled.story()["steps"]
    assert isinstance(steps, list)
    decisions = [step.verdict.decision for step in steps]

    assert decisions.count(Decision.KEEP) == 2
    assert decisions.count(Decision.REVERT) == 3
    assert decisions.count(Decision.EMPTY) == 1
    assert unkilled.story()["stop"] is StopReason.STEPS
    assert set(unkilled.counts()) == {*ACTS, *LOOKS}
    assert ACTS.keys() == {moment.call for moment in MOMENTS if moment.after}
    assert {*ACTS, *LOOKS} == {moment.call for moment in MOMENTS if not moment.after}


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_killed_climb_is_resumed(
    moment: Moment, crew: Crew, project: Climbed, unkilled: Climbed
) -> None:
    before = project.users_things()

    assert crew.work(moment.death(project, unkilled.counts())) == -signal.SIGKILL
    paid, begun = project.saved(), len(project.started())
    assert crew.work(project.job()) == 0

    assert project.story() == unkilled.story()
    assert not paid & set(project.started()[begun:])
    assert project.users_things() == before
    project.assert_clean()


@pytest.mark.parametrize(
    ("call", "number"), [("store.save_trial", 6), ("store.save_step", 2), ("observer.notify", 17)]
)
def test_a_climb_may_be_killed_again_and_again(
    call: str, number: int, crew: Crew, project: Climbed, unkilled: Climbed
) -> None:
    paid: set[object] = set()
    deaths = 0
    while crew.work(replace(project.job(), call=call, number=number, after=True)):
        assert paid <= project.saved()
        paid |= project.saved()
        deaths += 1

    assert deaths >= 4
    assert project.story() == unkilled.story()
    assert len(project.started()) <= len(project.saved()) + deaths


@pytest.mark.parametrize("number", [3, 10, 25, 40])
@pytest.mark.parametrize("call", ["runner.run", "store.save_trial"])
def test_with_several_workers_nothing_is_lost_either(
    call: str, number: int, crew: Crew, project: Climbed
) -> None:
    before = project.users_things()
    death = replace(project.job(workers=3), call=call, number=number, after=True)

    assert crew.work(death) == -signal.SIGKILL
    paid, begun = project.saved(), len(project.started())
    assert crew.work(project.job(workers=3)) == 0

    story = project.story()
    assert (story["stop"], story["finished"]) == (StopReason.STEPS, True)
    assert not paid & set(project.started()[begun:])
    assert project.repository.git("rev-parse", f"autoloop/{RUN}") == _kept(story)
    assert project.users_things() == before
    project.assert_clean()


def _kept(story: dict[str, object]) -> str | None:
    """Commit of the newest kept edit."""
    steps = story["steps"]
    assert isinstance(steps, list)
    kept: list[Step] = [step for step in steps if step.verdict.decision is Decision.KEEP]
    return kept[-1].candidate
