"""A climb that is killed in the middle of a conversation goes on in it, and pays nothing twice."""

import signal
from dataclasses import replace

import pytest

from autoloop.records import Decision, Usage
from tests.loop.conftest import Climbed, Crew
from tests.loop.killing import TALKED

CALLS = 5
"""Of one conversation."""


def test_the_climb_that_is_killed_talks(unkilled_talking: Climbed) -> None:
    steps = unkilled_talking.story()["steps"]
    assert isinstance(steps, list)

    assert [s.verdict.decision for s in steps].count(Decision.KEEP) >= 1
    assert len(unkilled_talking.asked()) == len(TALKED) * CALLS
    assert [step.alternative_of for step in steps] == [None, 1, None, None]
    assert [step.meta_usage.calls >= CALLS for step in steps] == [True, False, True, True]
    assert all(step.open_usage == Usage() for step in steps)
    assert all(step.prompts.startswith("standard (") for step in steps)


@pytest.mark.parametrize("number", [1, 5, 9, 13])
def test_killed_before_a_model_call_no_call_is_made_twice(
    number: int, crew: Crew, project: Climbed, unkilled_talking: Climbed
) -> None:
    job = replace(project.job(talking=True), call="model.complete", number=number)

    assert crew.work(job) == -signal.SIGKILL
    assert crew.work(project.job(talking=True)) == 0, crew.complaints()

    assert project.asked() == unkilled_talking.asked()
    assert project.story() == unkilled_talking.story()


@pytest.mark.parametrize("number", [1, 4, 8])
def test_killed_before_an_answer_reached_the_disk_that_call_alone_is_made_again(
    number: int, crew: Crew, project: Climbed, unkilled_talking: Climbed
) -> None:
    job = replace(project.job(talking=True), call="model.complete", number=number, after=True)

    assert crew.work(job) == -signal.SIGKILL
    assert crew.work(project.job(talking=True)) == 0, crew.complaints()

    asked, twice = project.asked(), unkilled_talking.asked()
    twice.insert(number, twice[number - 1])
    assert asked == twice
    assert project.story() == unkilled_talking.story()


def test_killed_while_a_tool_is_at_work_no_call_is_made_twice(
    crew: Crew, project: Climbed, unkilled_talking: Climbed
) -> None:
    job = project.job(talking=True)
    moments = [
        ("store.save_notebook", 1, False),
        ("store.save_step", 3, True),
        ("guard.check", 2, False),
        ("store.save_step", 4, False),
        ("store.save_notebook", 1, True),
        ("observer.notify", 26, False),
        ("guard.check", 2, False),
        ("proposer.propose", 1, True),
        ("store.save_step", 3, True),
    ]
    deaths = [replace(job, call=call, number=n, after=after) for call, n, after in moments]

    assert crew.deaths(project, *deaths, job) == len(deaths)

    assert project.asked() == unkilled_talking.asked()
    assert project.story() == unkilled_talking.story()


def test_killed_in_a_spot_check_neither_calls_nor_trials_are_paid_twice(
    crew: Crew, project: Climbed, unkilled_talking: Climbed
) -> None:
    counts = unkilled_talking.counts()
    job = replace(project.job(talking=True), call="store.save_trial", number=11, after=True)

    assert counts["store.save_trial"] > job.number
    assert crew.work(job) == -signal.SIGKILL
    paid, begun = project.saved(), len(project.started())
    assert any(purpose == "spot" for _, _, purpose, _ in paid)
    assert crew.work(project.job(talking=True)) == 0, crew.complaints()

    assert project.asked() == unkilled_talking.asked()
    assert not paid & set(project.started()[begun:])
    assert project.story() == unkilled_talking.story()


@pytest.mark.parametrize("number", [2, 3])
def test_a_climb_may_be_killed_in_every_conversation_again_and_again(
    number: int, crew: Crew, project: Climbed, unkilled_talking: Climbed
) -> None:
    job = replace(project.job(talking=True), call="model.complete", number=number)

    deaths = crew.deaths(project, job)

    assert deaths >= len(TALKED) * CALLS // number
    assert project.asked() == unkilled_talking.asked()
    assert project.story() == unkilled_talking.story()
