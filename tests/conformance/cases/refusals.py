"""Folders that are no task: each is refused alone, with file, key and reason."""

from tests.conformance.building import LIMITS, refused, task
from tests.conformance.case import Case, Reference

CASES = (
    Case(
        id="refused-toml",
        files=task("schema_version = \n"),
        expect=refused("task.toml"),
    ),
    Case(
        id="refused-type",
        files=task('[verifier]\ntimeout_sec = "soon"\n'),
        expect=refused("task.toml", "verifier.timeout_sec", "soon"),
    ),
    Case(
        id="refused-table",
        files=task("agent = 3\n"),
        expect=refused("task.toml", "agent"),
    ),
    Case(id="refused-without-tests", files=task(test=None), expect=refused("tests/test.sh")),
    Case(
        id="refused-without-instruction",
        files=task(more={"instruction.md": None}),
        expect=refused("instruction.md"),
    ),
    Case(
        id="refused-without-environment",
        files=task(dockerfile=None),
        expect=refused("environment"),
    ),
    Case(
        id="refused-without-definition",
        files=task(dockerfile=None, more={"environment/readme.txt": "x"}),
        expect=refused("environment/Dockerfile"),
    ),
    Case(
        id="refused-link-out-of-tests",
        files=task(),
        links={"tests/link": "/etc/hostname"},
        expect=refused("tests/link"),
    ),
    Case(
        id="refused-link-out-of-solution",
        files=task(),
        links={"solution/link": "../../elsewhere"},
        expect=refused("solution/link"),
    ),
    Case(
        id="refused-name",
        files=task('[task]\nname = "noslash"\n' + LIMITS),
        expect=refused("task.toml", "task.name", "noslash"),
    ),
    Case(
        id="refused-windows",
        files=task(
            LIMITS + '[environment]\nos = "Windows"\n',
            more={"tests/test.bat": "echo 1", "solution/solve.bat": "echo 1"},
        ),
        expect=refused("task.toml", "environment.os", "indows"),
        harbor=Reference(failure="RuntimeError"),
        differs="early-refusals",
    ),
    Case(
        id="refused-tpu",
        files=task(LIMITS + '[environment.tpu]\ntype = "v4"\ntopology = "2x2x1"\n'),
        expect=refused("task.toml", "environment.tpu"),
    ),
    Case(
        id="refused-strategy",
        files=task('multi_step_reward_strategy = "best"\n' + LIMITS),
        expect=refused("task.toml", "multi_step_reward_strategy", "best"),
    ),
    Case(
        id="refused-healthcheck",
        files=task(LIMITS + "[environment.healthcheck]\nretries = 2\n"),
        expect=refused("task.toml", "environment.healthcheck.command"),
    ),
    Case(
        id="refused-memory",
        files=task(LIMITS + '[environment]\nmemory = "lots"\n'),
        expect=refused("task.toml", "memory", "lots"),
    ),
)
