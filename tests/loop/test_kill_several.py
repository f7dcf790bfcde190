"""A climb with several edits under test, killed at any call, ends as if nothing had happened."""

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
from tests.loop.test_kill import deadly

ACTS = {
    "engine.submit": 30,
    "observer.notify": 60,
    "proposer.propose": 2,
    "reviewer.review": 2,
    "runner.run": 24,
    "store.save_notebook": 2,
    "store.save_run": 3,
    "store.save_step": 3,
    "store.save_trial": 16,
    "workspace.keep": 2,
    "workspace.propose": 2,
    "workspace.record_revert": 2,
}
"""Calls that change something, and how many of them each process makes before it dies."""
LOOKS = {"guard.check": 2, "strategy.decide": 12, "store.stop_requested": 20, "workspace.merge": 2}
"""Calls that only look, and when each is fatal."""


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


@pytest.mark.parametrize("call", ACTS)
def test_a_climb_that_is_killed_again_and_again_ends_as_if_nothing_had_happened(
    call: str, crew: Crew, project: Climbed, unkilled_several: Climbed
) -> None:
    jobs = [replace(job, several=True) for job in deadly(project, ACTS, call, swap=True)]

    deaths = crew.deaths(project, *jobs)

    assert deaths >= (unkilled_several.counts()[call] + 1) // ACTS[call] // 2
    assert project.story() == unkilled_several.story()
    project.assert_clean()


def test_a_climb_is_killed_at_each_of_its_looks(
    crew: Crew, project: Climbed, unkilled_several: Climbed
) -> None:
    job = project.job(several=True)
    looks = [replace(job, call=call, number=number) for call, number in LOOKS.items()]

    deaths = crew.deaths(project, *looks, job)

    assert deaths == len(LOOKS)
    assert project.story() == unkilled_several.story()
    project.assert_clean()


def test_with_several_workers_nothing_is_lost_either(crew: Crew, project: Climbed) -> None:
    job = replace(
        project.job(workers=3, several=True), call="store.save_trial", number=12, after=True
    )

    deaths = crew.deaths(project, job)

    story = project.story()
    assert deaths >= 3
    assert (story["stop"], story["finished"]) == (StopReason.STEPS, True)
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
