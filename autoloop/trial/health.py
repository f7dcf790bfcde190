"""Waits until a task's container says that it is ready."""

import time
from collections.abc import Callable

from autoloop.errors import InfraError
from autoloop.records import CommandResult, Healthcheck


class HealthcheckError(InfraError):
    """A task's healthcheck did not succeed, so the agent could not be given a fair start."""


def wait_until_healthy(
    run: Callable[[str, float], CommandResult],
    check: Healthcheck,
    *,
    is_patient: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Run the check until it succeeds; failures within the start period do not count.

    `run` takes the command and its time limit. Where it is not `is_patient`, a check that takes
    longer is the end, as in Harbor; else it is a failure like any other.

    Raises:
        HealthcheckError: it failed `check.retries` times after the start period.
    """
    began = now()
    failures = 0
    while True:
        result = run(check.command, check.timeout_s)
        if result.exit_code == 0:
            return
        starting = now() - began < check.start_period_s
        failures += 0 if starting else 1
        if failures >= check.retries or (result.timed_out and not is_patient):
            raise HealthcheckError(_sentence(check, result, failures))
        sleep(check.start_interval_s if starting else check.interval_s)


def _sentence(check: Healthcheck, result: CommandResult, failures: int) -> str:
    if result.timed_out:
        how = f"when it was ended after {check.timeout_s:g} s"
    else:
        how = f"with exit code {result.exit_code}"
    said = (result.stdout + result.stderr).strip()[-500:]
    return f"The healthcheck {check.command!r} failed {failures} times, last {how}" + (
        f": {said}" if said else "."
    )
