"""A climb with several edits under test, killed at any call, ends as if nothing had happened."""

import signal
from contextlib import closing
from dataclasses import replace

import pytest

from autoloop.guards import standard_guards
from autoloop.loop import Merging, RunRecords, replay
from autoloop.records import CONFLICT, Decision, StopReason
from autoloop.store import open_readonly
from autoloop.testing.strategies import ScreenStrategy
from autoloop.workspace import GitWorkspace
from tests.loop.builders import RUN, SPLITS, make_task
from tests.loop.conftest import Climbed, Crew
from tests.loop.test_kill import Moment, moments

ACTS = {
    "engine.submit": 3,
    "observer.notify": 3,
    "proposer.propose": 7,
    "reviewer.review": 4,
    "runner.run": 2,
    "store.save_notebook": 3,
    "store.save_run": 2,
    "store.save_step": 9,
    "store.save_trial": 5,
    "workspace.keep": 3,
    "workspace.propose": 6,
    "workspace.record_revert": 3,
}
"""Calls that change something, and at how many moments spread over the run each is tried."""
LOOKS = ("strategy.decide", "store.stop_requested", "workspace.merge", "guard.check")
MOMENTS = moments(ACTS, LOOKS)


def test_the_climb_that_is_killed_is_worth_killing(unkilled_several: Climbed) -> None:
    steps = unkilled_several.story()["steps"]
    assert isinstance(steps, list)
    decisions = [step.verdict.decision for step in steps]
    assert decisions.count(Decision.KEEP) == 3
    assert decisions.count(Decision.EMPTY) == 1
    assert [step.index for step in steps if CONFLICT in step.verdict.numbers] == [3]
    assert steps[5].proposal.title == "Plan anew"
    assert unkilled_several.story()["stop"] is StopReason.STEPS
    assert {*ACTS, *LOOKS} <= set(unkilled_several.counts())


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_killed_climb_is_resumed(
    moment: Moment, crew: Crew, project: Climbed, unkilled_several: Climbed
) -> None:
    death = moment.death(project, unkilled_several.counts())

    assert crew.work(replace(death, several=True)) == -signal.SIGKILL
    paid, begun = project.saved(), len(project.started())
    assert crew.work(project.job(several=True)) == 0, crew.complaints()

    assert project.story() == unkilled_several.story()
    assert not paid & set(project.started()[begun:])
    project.assert_clean()


@pytest.mark.parametrize("number", [12, 40])
def test_with_several_workers_nothing_is_lost_either(
    number: int, crew: Crew, project: Climbed
) -> None:
    job = project.job(workers=3, several=True)

    death = replace(job, call="store.save_trial", number=number, after=True)
    assert crew.work(death) == -signal.SIGKILL
    paid, begun = project.saved(), len(project.started())
    assert crew.work(job) == 0, crew.complaints()

    story = project.story()
    assert (story["stop"], story["finished"]) == (StopReason.STEPS, True)
    assert not paid & set(project.started()[begun:])
    project.assert_clean()


def test_the_verdicts_can_be_replayed_from_the_database(unkilled_several: Climbed) -> None:
    folder = unkilled_several.folder
    with open_readonly(folder / "runs" / RUN) as store, closing(GitWorkspace(folder)) as workspace:
        run = store.run()
        assert run is not None
        merging = Merging(workspace, standard_guards(()))
        records = RunRecords(
            steps=store.steps(),
            trials=store.trials(),
            splits=SPLITS,
            digests={name: make_task(name).digest for name in SPLITS},
            base=run.base,
            baseline=workspace.source(run.base),
            merge=merging.merge,
            size=merging.size,
        )
        replayed = list(replay(records, ScreenStrategy()))

    assert sorted(one.step.index for one in replayed) == [1, 2, 4, 6, 7, 8]
    assert all(one.recorded == one.replayed for one in replayed)
