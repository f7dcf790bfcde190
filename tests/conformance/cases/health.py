"""The look whether an environment is ready, in all its ways."""

from autoloop.records import Outcome
from tests.conformance.building import LIMITS, invalid, scored, task
from tests.conformance.case import Case, Expect, Reference


def health(*lines: str) -> str:
    """A task.toml with this healthcheck."""
    return LIMITS + "[environment.healthcheck]\n" + "".join(f"{line}\n" for line in lines)


HANGS = ("timeout_sec = 3", "interval_sec = 0.1", "retries = 2")

CASES = (
    Case(
        id="health-at-the-second-look",
        files=task(
            health(
                'command = "test -e /app/ready || { touch /app/ready; exit 1; }"',
                "interval_sec = 0.3",
                "retries = 2",
            )
        ),
        expect=scored(),
    ),
    Case(
        id="health-never",
        files=task(health('command = "echo not yet; exit 4"', "interval_sec = 0.1", "retries = 2")),
        expect=Expect(
            outcome=Outcome.INVALID,
            failure="HealthcheckError",
            says=("2 times", "not yet"),
            absent=("agent/oracle.txt", "verifier/reward.txt"),
        ),
    ),
    Case(
        id="health-that-hangs",
        files=task(health('command = "sleep 100"', *HANGS)),
        expect=invalid("HealthcheckError", "2 times"),
        harbor=Reference(failure="RuntimeError"),
        differs="hanging-healthcheck",
    ),
    Case(
        id="health-that-hangs-once",
        files=task(
            health(
                'command = "test -e /app/ready || { touch /app/ready; sleep 100; }"',
                *HANGS,
            )
        ),
        expect=scored(),
        harbor=Reference(failure="RuntimeError"),
        differs="hanging-healthcheck",
        quirks=invalid("HealthcheckError", "3 s"),
    ),
    Case(
        id="health-in-its-start-period",
        files=task(
            health(
                'command = "echo x >> /app/looks; test $(wc -l < /app/looks) -ge 4"',
                "start_period_sec = 60",
                "start_interval_sec = 0.1",
                "interval_sec = 60",
                "retries = 1",
            )
        ),
        expect=scored(),
    ),
    Case(
        id="health-with-the-tasks-variables",
        files=task(
            LIMITS
            + '[environment]\nworkdir = "/opt"\n[environment.env]\nA = "a"\n'
            + '[environment.healthcheck]\ncommand = "test $PWD$A = /opta"\nretries = 1\n',
            solve="true",
        ),
        expect=scored(),
    ),
)
