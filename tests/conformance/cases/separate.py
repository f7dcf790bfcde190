"""Verifiers with an environment of their own."""

from tests.conformance.building import (
    BASE,
    DOCKERFILE,
    LIMITS,
    ONE,
    SOLVE,
    ZERO,
    ends,
    give,
    holds,
    invalid,
    refused,
    scored,
    script,
    step,
    steps,
    tables,
    task,
)
from tests.conformance.case import Case, Expect, Reference, StepEnd

KEEPS = 'artifacts = ["/app/solved.txt"]\n'
SEPARATE = LIMITS + 'environment_mode = "separate"\n'
BUNDLE = f"FROM {BASE}\nWORKDIR /judge\nCOPY test.sh /tests/test.sh\n"
ROOM = LIMITS + "[verifier.environment]\n"

CASES = (
    Case(
        id="separate-copy",
        files=task(
            KEEPS + SEPARATE,
            solve=f"{SOLVE}; touch /app/other; echo pub > /logs/artifacts/p",
            test=holds(
                "[ -s /app/solved.txt ]",
                "! [ -e /app/other ]",
                '[ "$(cat /logs/artifacts/p)" = pub ]',
                "! [ -e /solution ]",
                '[ "$PWD" = /app ]',
                "[ -e /tests/test.sh ]",
                '[ -z "$(ls /logs/verifier | grep -v test-stdout.txt)" ]',
            ),
        ),
        expect=scored(),
    ),
    Case(
        id="separate-bundled",
        files=task(
            KEEPS + SEPARATE,
            test=holds("[ -s /app/solved.txt ]", '[ "$PWD" = /judge ]', "[ -e /tests/test.sh ]"),
            more={"tests/Dockerfile": BUNDLE},
        ),
        expect=scored(),
    ),
    Case(
        id="separate-bundled-by-its-table",
        files=task(
            KEEPS
            + ROOM
            + 'memory_mb = 256\nworkdir = "/opt"\n[verifier.environment.env]\nWHO = "judge"\n',
            test=holds('[ "$PWD $WHO" = "/opt judge" ]', "[ -s /app/solved.txt ]"),
            more={"tests/Dockerfile": BUNDLE},
        ),
        expect=scored(),
    ),
    Case(
        id="separate-by-its-table-alone",
        files=task(
            KEEPS + ROOM + 'workdir = "/opt"\n[environment.env]\nWHO = "agent"\n',
            dockerfile=DOCKERFILE + "RUN touch /of-the-task\n",
            test=holds("[ -e /of-the-task ]", '[ "$PWD" = /opt ]', '[ -z "$WHO" ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="separate-copy-has-the-tasks-variables",
        files=task(SEPARATE + '[environment.env]\nWHO = "task"\n', test=holds('[ "$WHO" = task ]')),
        expect=scored(),
    ),
    Case(
        id="separate-without-its-artifact",
        files=task(
            KEEPS + SEPARATE, solve="true", test=holds("! [ -e /app/solved.txt ]", "[ -d /app ]")
        ),
        expect=Expect(rewards={"reward": 1.0}, files={"artifacts/manifest.json": '"failed"'}),
    ),
    Case(
        id="separate-with-a-folder",
        files=task(
            'artifacts = [{source = "/app/out", destination = "results", exclude = ["*.tmp"]}]\n'
            + SEPARATE,
            dockerfile=DOCKERFILE + "RUN mkdir out && touch out/of-the-image\n",
            solve="cd /app/out; rm of-the-image; mkdir in; echo 1 > in/a; echo 2 > b.tmp",
            test=holds(
                '[ "$(cat /app/out/in/a)" = 1 ]',
                "! [ -e /app/out/b.tmp ]",
                "! [ -e /app/out/of-the-image ]",
                "! [ -e /app/results ]",
            ),
        ),
        expect=Expect(rewards={"reward": 1.0}, files={"artifacts/results/in/a": "1"}),
    ),
    Case(
        id="separate-user-and-variables",
        files=task(
            LIMITS
            + 'environment_mode = "separate"\nuser = "nobody"\n[verifier.env]\nWHO = "judge"\n',
            test=holds('[ "$(id -un) $WHO" = "nobody judge" ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="separate-planted-reward",
        files=task(
            SEPARATE,
            solve="echo '{\"reward\": 1}' > /logs/verifier/reward.json",
            test=ZERO,
        ),
        expect=scored(0.0),
    ),
    Case(
        id="separate-planted-program",
        files=task(
            SEPARATE,
            solve=f"cd /usr/local/bin; printf '#!/bin/sh\\n{ONE}\\n' > grep; chmod +x grep",
            test=f"{ZERO}; grep x /dev/null || true",
        ),
        expect=scored(0.0),
    ),
    Case(
        id="separate-of-an-agent-out-of-time",
        files=task(
            KEEPS
            + LIMITS.replace("[agent]\ntimeout_sec = 120.0", "[agent]\ntimeout_sec = 4.0")
            + 'environment_mode = "separate"\n',
            solve=f"{SOLVE}; sleep 1000",
            test=holds("[ -s /app/solved.txt ]"),
        ),
        expect=Expect(rewards={"reward": 1.0}, failure="AgentTimeoutError"),
    ),
    Case(
        id="separate-build-fails",
        files=task(
            SEPARATE, more={"tests/Dockerfile": f"FROM {BASE}\nRUN echo out of luck; exit 9\n"}
        ),
        expect=invalid("ImageError", "out of luck"),
        harbor=Reference(failure="RuntimeError"),
        differs="names-of-failures",
    ),
    Case(
        id="separate-collects-first",
        files=task(
            'artifacts = ["/app/state"]\n'
            + SEPARATE
            + '[[verifier.collect]]\ncommand = "id -un > /app/state; exit 3"\nuser = "nobody"\n'
            + '[[verifier.collect]]\ncommand = "sleep 100"\ntimeout_sec = 1\n',
            solve="touch /app/state; chmod 666 /app/state",
            test=holds('[ "$(cat /app/state)" = nobody ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="separate-of-sidecars",
        files=task(
            'artifacts = [{source = "/var/word.txt", service = "side"}]\n' + SEPARATE,
            solve="true",
            test=holds('[ "$(cat /var/word.txt)" = sesame ]'),
            more={
                "environment/docker-compose.yaml": f"services:\n  side:\n    image: {BASE}\n"
                "    command: [sh, -c, 'echo sesame > /var/word.txt; exec sleep infinity']\n"
            },
        ),
        expect=scored(),
    ),
    Case(
        id="separate-group",
        files=task(
            KEEPS + SEPARATE,
            test=holds("[ -s /app/solved.txt ]", '[ "$(cat /shared/word)" = judge ]'),
            more={
                "tests/Dockerfile": BUNDLE,
                "tests/docker-compose.yaml": "services:\n  main:\n"
                "    command: [sh, -c, 'echo judge > /shared/word; exec sleep infinity']\n"
                "    volumes: ['shared:/shared']\nvolumes:\n  shared: {}\n",
            },
        ),
        expect=scored(),
    ),
    Case(
        id="separate-steps",
        files=steps(
            'artifacts = ["/app/log"]\n' + SEPARATE + tables("one", "two"),
            step("one", holds('[ "$(wc -l < /app/log)" = 1 ]'), "echo x >> /app/log"),
            step("two", holds('[ "$(wc -l < /app/log)" = 2 ]'), "echo x >> /app/log"),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="separate-for-one-step",
        files=steps(
            LIMITS + tables("one", "two", one="verifier.environment_mode = 'separate'\n"),
            step("one", holds("! [ -e /app/log ]"), "echo x >> /app/log"),
            step("two", holds('[ "$(wc -l < /app/log)" = 2 ]'), "echo x >> /app/log"),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="separate-bundled-of-a-step",
        files=steps(
            LIMITS + tables("one", "two", two="verifier.environment_mode = 'separate'\n"),
            step("one", give(0.5)),
            step("two", holds('[ "$PWD" = /judge ]'), more={"tests/Dockerfile": BUNDLE}),
        ),
        expect=Expect(
            rewards={"reward": 0.75}, steps=(StepEnd(rewards={"reward": 0.5}), StepEnd())
        ),
    ),
    Case(
        id="separate-in-contradiction",
        files=task(
            LIMITS + 'environment_mode = "shared"\n[verifier.environment]\nmemory_mb = 256\n'
        ),
        expect=refused("task.toml", "verifier", "shared"),
    ),
    Case(
        id="bundled-tests-need-no-script-beside",
        files=task(
            SEPARATE,
            test=None,
            more={
                "tests/Dockerfile": f"FROM {BASE}\nCOPY judge.sh /tests/test.sh\n",
                "tests/judge.sh": script(ONE),
            },
        ),
        expect=scored(),
    ),
)
