"""How the tests of a task are run: user, folder, environment, time, output."""

from autoloop.records import Outcome, Timeouts, TrialRules
from tests.conformance.building import (
    DOCKERFILE,
    LIMITS,
    ONE,
    SOLVE,
    failed,
    holds,
    refused,
    scored,
    task,
)
from tests.conformance.case import Case, Expect, Reference

VARIABLES = """[verifier.env]
PLAIN = "plain"
WITH_DEFAULT = "${CONFORMANCE_UNSET:-default}"
FROM_HOST = "${CONFORMANCE_HOST}"
HOST_FIRST = "${CONFORMANCE_HOST:-default}"
EMPTY_DEFAULT = "${CONFORMANCE_UNSET:-}"
PART = "x${CONFORMANCE_HOST}y"
"""
HANGS = "echo 1 > /logs/verifier/reward.txt; sleep 1000"

CASES = (
    Case(
        id="verifier-variables",
        files=task(
            LIMITS + VARIABLES,
            test=holds(
                '[ "$PLAIN" = plain ]',
                '[ "$WITH_DEFAULT" = default ]',
                '[ "$FROM_HOST" = from-the-host ]',
                '[ "$HOST_FIRST" = from-the-host ]',
                '[ "${EMPTY_DEFAULT-unset}" = "" ]',
                """[ "$PART" = 'x${CONFORMANCE_HOST}y' ]""",
            ),
        ),
        expect=scored(),
    ),
    Case(
        id="verifier-variables-win",
        files=task(
            LIMITS + '[verifier.env]\nWHO = "verifier"\n[environment.env]\nWHO = "environment"\n',
            solve='echo "$WHO" > /app/who',
            test=holds('[ "$WHO" = verifier ]', '[ "$(cat /app/who)" = environment ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="verifier-variable-missing",
        files=task(LIMITS + '[verifier.env]\nKEY = "${CONFORMANCE_UNSET}"\n'),
        expect=refused("task.toml", "verifier.env.KEY", "CONFORMANCE_UNSET"),
        differs="missing-variable",
        harbor=Reference(refused=True),
    ),
    Case(
        id="verifier-user",
        files=task(
            LIMITS + 'user = "nobody"\n',
            test=holds('[ "$(id -un)" = nobody ]', '[ "$PWD" = /app ]', "! touch /app/x"),
        ),
        expect=scored(),
    ),
    Case(
        id="verifier-user-unknown",
        files=task(LIMITS + 'user = "ghost"\n'),
        expect=Expect(outcome=Outcome.INVALID, failure="TaskError", says=("ghost",)),
        harbor=Reference(failure="RewardFileNotFoundError"),
        differs="unknown-user",
        quirks=failed("RewardFileNotFoundError", "ghost"),
    ),
    Case(
        id="verifier-folder",
        files=task(
            LIMITS + '[environment]\nworkdir = "/opt"\n',
            solve="pwd > /tmp/where",
            test=holds('[ "$PWD" = /opt ]', '[ "$(cat /tmp/where)" = /opt ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="verifier-in-the-root-folder",
        files=task(
            dockerfile="FROM autoloop/base:bookworm\n", test=holds('[ "$PWD" = / ]'), solve="true"
        ),
        expect=scored(),
    ),
    Case(
        id="verifier-sees-the-solution",
        files=task(test=holds("[ -e /solution/solve.sh ]")),
        expect=scored(0.0),
        harbor=Reference(rewards={"reward": 1.0}),
        differs="system-changes",
        quirks=scored(),
    ),
    Case(
        id="a-program-that-the-agent-installed",
        files=task(
            solve="printf '#!/bin/sh\\necho hi\\n' > /usr/bin/hi; chmod +x /usr/bin/hi",
            test=holds("hi"),
        ),
        expect=scored(0.0),
        harbor=Reference(rewards={"reward": 1.0}),
        differs="system-changes",
        quirks=scored(),
    ),
    Case(
        id="a-program-that-the-task-is-about",
        files=task(
            f'{LIMITS}[metadata.autoloop]\nverification = "shared"\n',
            solve="printf '#!/bin/sh\\necho hi\\n' > /usr/bin/hi; chmod +x /usr/bin/hi",
            test=holds("hi"),
        ),
        expect=scored(),
    ),
    Case(
        id="tests-are-hidden-from-the-agent",
        files=task(solve="ls /tests > /app/seen 2>&1", test=holds("! grep -q test.sh /app/seen")),
        expect=scored(),
    ),
    Case(
        id="tests-are-merged-into-the-images-own",
        files=task(
            dockerfile=DOCKERFILE
            + "RUN mkdir -p /tests && echo left > /tests/left && echo old > /tests/both\n",
            test=holds('[ "$(cat /tests/left)" = left ]', '[ "$(cat /tests/both)" = new ]'),
            more={"tests/both": "new\n"},
        ),
        expect=scored(),
    ),
    Case(
        id="tests-with-folders",
        files=task(
            test=holds('[ "$(cat /tests/a/b/c.txt)" = deep ]', "[ -s '/tests/a/with space' ]"),
            more={"tests/a/b/c.txt": "deep\n", "tests/a/with space": b"\x00\xff"},
        ),
        expect=scored(),
    ),
    Case(
        id="scripts-without-first-line-and-mode",
        files={
            **task(test=None, solve=None),
            "tests/test.sh": holds("[ -s /app/solved.txt ]"),
            "solution/solve.sh": SOLVE,
        },
        expect=scored(),
    ),
    Case(
        id="verifier-output",
        files=task(test=f"echo to-stdout; echo to-stderr >&2; {ONE}"),
        expect=Expect(
            rewards={"reward": 1.0},
            files={"verifier/test-stdout.txt": "to-stdout\nto-stderr\n"},
        ),
    ),
    Case(
        id="verifier-output-not-utf8",
        files=task(test=f"printf 'a\\xff\\xfeb\\n'; {ONE}", solve="printf '\\xff\\xfe'"),
        expect=Expect(
            rewards={"reward": 1.0}, files={"verifier/test-stdout.txt": "a\udcff\udcfeb\n"}
        ),
    ),
    Case(
        id="verifier-leaves-a-process",
        files=task(test=f"{ONE}; (sleep 1000 > /dev/null 2>&1 &)"),
        expect=scored(),
    ),
    Case(
        id="verifier-timeout",
        files=task(
            LIMITS.replace("[verifier]\ntimeout_sec = 120.0", "[verifier]\ntimeout_sec = 2"),
            test=HANGS,
        ),
        expect=failed("VerifierTimeoutError", "2 s"),
    ),
    Case(
        id="verifier-timeout-at-most",
        files=task(test=HANGS),
        rules=TrialRules(timeouts=Timeouts(max_verifier_s=1.0, multiplier=2.0)),
        expect=failed("VerifierTimeoutError", "2 s"),
    ),
)
