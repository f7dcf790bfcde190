"""Waiting for a container that says it is ready, without waiting."""

from collections.abc import Callable

import pytest

from autoloop.records import CommandResult, Healthcheck
from autoloop.testing.clocks import ManualClock
from autoloop.trial.health import HealthcheckError, wait_until_healthy
from tests.trial.builders import GOOD, PaperContainer

BAD = CommandResult(exit_code=7, stdout="", stderr="no database yet")


def answers(*results: CommandResult) -> Callable[[str], CommandResult]:
    """Each result in turn, the last one for ever."""
    left = list(results)
    return lambda _command: left.pop(0) if len(left) > 1 else left[0]


def wait(container: PaperContainer, check: Healthcheck, *, is_patient: bool = True) -> list[float]:
    """Wait on a clock that only the waiting moves on; how long each pause was."""
    clock, pauses = ManualClock(), list[float]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.advance(seconds)

    wait_until_healthy(
        lambda command, timeout_s: container.run(command, timeout_s=timeout_s),
        check,
        is_patient=is_patient,
        sleep=sleep,
        now=clock.monotonic,
    )
    return pauses


def test_a_healthy_container_is_asked_once() -> None:
    container = PaperContainer()

    assert wait(container, Healthcheck(command="true", timeout_s=3.0)) == []
    assert container.commands == ["true"]
    assert container.timeouts == [3.0]


def test_a_failure_is_followed_by_another_try_after_the_interval() -> None:
    container = PaperContainer(answer=answers(BAD, BAD, GOOD))

    assert wait(container, Healthcheck(command="check", interval_s=2.0)) == [2.0, 2.0]


def test_as_many_failures_as_retries_give_up_and_say_why() -> None:
    container = PaperContainer(answer=answers(BAD))

    with pytest.raises(HealthcheckError, match=r"'check' failed 2 times.* 7: no database yet"):
        wait(container, Healthcheck(command="check", retries=2))

    assert len(container.commands) == 2


def test_failures_within_the_start_period_do_not_count() -> None:
    container = PaperContainer(answer=answers(BAD, BAD, BAD, BAD, GOOD))
    check = Healthcheck(command="check", start_period_s=8, start_interval_s=2, retries=1)

    assert wait(container, check) == [2, 2, 2, 2]


def test_a_check_that_hangs_is_a_failure_like_any_other() -> None:
    slow = CommandResult(exit_code=124, stdout="", timed_out=True)
    container = PaperContainer(answer=answers(slow, GOOD))

    assert wait(container, Healthcheck(command="check", interval_s=1.0)) == [1.0]


def test_a_check_that_hangs_is_the_end_for_the_impatient() -> None:
    slow = CommandResult(exit_code=124, stdout="", timed_out=True)
    container = PaperContainer(answer=answers(slow, GOOD))

    with pytest.raises(HealthcheckError, match="last when it was ended after 2 s"):
        wait(container, Healthcheck(command="check", timeout_s=2.0), is_patient=False)
