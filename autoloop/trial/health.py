"""Waits until a task's container says that it is ready."""

import time
from collections.abc import Callable

from autoloop.errors import InfraError
from autoloop.ports import Container
from autoloop.records import Healthcheck


class UnhealthyError(InfraError):
    """The task's healthcheck did not succeed, so the agent could not be given a fair start."""


def wait_until_healthy(
    container: Container,
    check: Healthcheck,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Run the check until it succeeds; failures within the start period do not count.

    Raises:
        UnhealthyError: it failed `check.retries` times after the start period.
    """
    began = now()
    failures = 0
    while True:
        result = container.run(check.command, timeout_s=check.timeout_s)
        if result.exit_code == 0:
            return
        starting = now() - began < check.start_period_s
        failures += 0 if starting else 1
        if failures >= check.retries:
            raise UnhealthyError(
                f"The healthcheck {check.command!r} failed {failures} times, last with exit code"
                f" {result.exit_code}: {(result.stdout + result.stderr).strip()[-500:]}"
            )
        sleep(check.start_interval_s if starting else check.interval_s)
