"""Tasks of several steps."""

from tests.conformance.building import (
    DOCKERFILE,
    LIMITS,
    ends,
    give,
    holds,
    script,
    step,
    steps,
    tables,
)
from tests.conformance.case import Case, Expect, Reference, StepEnd

TWO = tables("one", "two")
NINETEEN = [f"{number:02d}-part" for number in range(1, 20)]
COUNTS = """
seen = []

def solve(instruction, env, model):
    seen.append(instruction.strip())
    env.write(f"/app/seen-{len(seen)}", ",".join(seen))
"""

CASES = (
    Case(
        id="steps-mean",
        files=steps(LIMITS + TWO, step("one", give(1)), step("two", give(0))),
        expect=Expect(
            rewards={"reward": 0.5},
            steps=ends(1.0, 0.0),
            files={
                "steps/one/verifier/reward.txt": "1",
                "steps/two/verifier/reward.txt": "0",
                "steps/two/agent/oracle.txt": "",
            },
        ),
    ),
    Case(
        id="steps-final",
        files=steps(
            'multi_step_reward_strategy = "final"\n' + LIMITS + TWO,
            step("one", give(1)),
            step("two", give(0.25)),
        ),
        expect=Expect(rewards={"reward": 0.25}, steps=ends(1.0, 0.25)),
    ),
    Case(
        id="steps-mean-of-several-keys",
        files=steps(
            LIMITS + TWO,
            step("one", 'echo \'{"a": 1, "b": 1}\' > /logs/verifier/reward.json'),
            step("two", "echo '{\"a\": 0}' > /logs/verifier/reward.json"),
        ),
        expect=Expect(
            rewards={"a": 0.5, "b": 0.5},
            reward=0.5,
            steps=(StepEnd(rewards={"a": 1.0, "b": 1.0}), StepEnd(rewards={"a": 0.0})),
        ),
    ),
    Case(
        id="steps-only-one",
        files=steps(LIMITS + tables("only"), step("only", give(1))),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0)),
    ),
    Case(
        id="steps-nineteen",
        files=steps(
            LIMITS + tables(*NINETEEN),
            *(
                step(name, holds(f'[ "$(wc -l < /app/log)" = {number} ]'), "echo x >> /app/log")
                for number, name in enumerate(NINETEEN, start=1)
            ),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(*[1.0] * 19)),
    ),
    Case(
        id="steps-of-python-in-one-process",
        agent=COUNTS,
        files=steps(
            LIMITS + TWO,
            step("one", holds('[ "$(cat /app/seen-1)" = "Do step one." ]')),
            step("two", holds('[ "$(cat /app/seen-2)" = "Do step one.,Do step two." ]')),
            instruction="Nobody reads this.\n",
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="steps-folder-and-setup",
        files=steps(
            LIMITS + tables("one", "two", one="agent.user = 'nobody'\n"),
            step(
                "one",
                holds(
                    '[ "$(cat /tmp/setup-by)" = nobody ]',
                    '[ "$(cat /app/one.txt)" = first ]',
                    "[ -e /app/setup.sh ]",
                ),
                more={
                    "workdir/one.txt": "first\n",
                    "workdir/setup.sh": "id -un > /tmp/setup-by\n",
                },
            ),
            step(
                "two",
                holds('[ "$(cat /app/one.txt)" = second ]', '[ "$(cat /app/in/two)" = 2 ]'),
                more={"workdir/one.txt": "second\n", "workdir/in/two": "2\n"},
            ),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="steps-verifier-timeout-is-not-inherited",
        files=steps(
            "[agent]\ntimeout_sec = 60\n[verifier]\ntimeout_sec = 1\n" + tables("one"),
            step("one", "sleep 3; " + give(1)),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0)),
    ),
    Case(
        id="steps-users-and-variables",
        files=steps(
            LIMITS
            + '[verifier.env]\nA = "task"\nB = "task"\n'
            + tables("one", "two", two="verifier.user = 'nobody'\nverifier.env = {B = 'step'}\n"),
            step("one", holds('[ "$(id -un) $A $B" = "root task task" ]')),
            step("two", holds('[ "$(id -un) $A $B" = "nobody task step" ]')),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="steps-with-tests-of-the-task",
        files=steps(
            LIMITS + TWO,
            {"tests/word": "shared\n", "tests/both": "shared\n"},
            step("one", None),
            step(
                "two",
                holds('[ "$(cat /tests/word /tests/both)" = "$(printf \'shared\\nown\')" ]'),
                more={"tests/both": "own\n"},
            ),
            tests=script(holds("[ -e /tests/word ]", "! [ -e /tests/own ]")),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="steps-see-no-tests-of-the-step-before",
        files=steps(
            LIMITS + TWO,
            step("one", f"touch /tests/mine /logs/verifier/mine; {give(1)}"),
            step(
                "two",
                holds(
                    '[ "$(cat /app/tests)" = 0 ]',
                    '[ "$(cat /app/verifier)" = 0 ]',
                    '[ "$(ls /tests)" = test.sh ]',
                ),
                "ls /tests | wc -l > /app/tests; ls /logs/verifier | wc -l > /app/verifier",
            ),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="steps-first-sees-tests-of-the-image",
        files={
            **steps(
                LIMITS + tables("one"),
                step("one", holds("[ -e /app/saw ]"), "[ -e /tests/own ] && touch /app/saw"),
            ),
            "environment/Dockerfile": DOCKERFILE + "RUN mkdir /tests && touch /tests/own\n",
        },
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0)),
    ),
    Case(
        id="steps-solution-in-the-last",
        files=steps(
            LIMITS + TWO,
            step("one", give(0), None),
            step("two", holds("[ -e /app/solved ]"), "touch /app/solved"),
        ),
        expect=Expect(
            rewards={"reward": 0.5},
            failure="FileNotFoundError",
            steps=(StepEnd(rewards={"reward": 0.0}, failure="FileNotFoundError"), StepEnd()),
        ),
        harbor=Reference(
            rewards={"reward": 0.5},
            steps=(StepEnd(rewards={"reward": 0.0}, failure="FileNotFoundError"), StepEnd()),
        ),
        differs="failures-of-steps",
    ),
    Case(
        id="steps-solution-of-the-task",
        files=steps(
            LIMITS + TWO,
            step("one", holds('[ "$(cat /app/log)" = task ]'), None),
            step("two", holds('[ "$(tail -1 /app/log)" = own ]'), "echo own >> /app/log"),
            solution=script("echo task >> /app/log"),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
    ),
    Case(
        id="steps-keep-what-runs",
        files=steps(
            LIMITS + TWO,
            step("one", give(1), "(setsid sleep 876543 > /dev/null 2>&1 &)"),
            step("two", holds("! pgrep -f 'sleep 876543'")),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0)),
        harbor=Reference(rewards={"reward": 0.5}, steps=ends(1.0, 0.0)),
        differs="survivors",
        quirks=Expect(rewards={"reward": 0.5}, steps=ends(1.0, 0.0)),
    ),
    Case(
        id="steps-artifacts",
        files=steps(
            'artifacts = ["/app/all.txt"]\n'
            + LIMITS
            + tables("one", "two", two="artifacts = ['/app/own.txt']\n"),
            step(
                "one",
                give(1),
                "echo 1 > /app/all.txt; echo 1 > /app/own.txt; touch /logs/artifacts/a",
            ),
            step("two", give(1), "echo 2 > /app/all.txt; echo 2 > /app/own.txt"),
        ),
        expect=Expect(
            rewards={"reward": 1.0},
            steps=ends(1.0, 1.0),
            files={
                "steps/one/artifacts/app/all.txt": "1",
                "steps/one/artifacts/logs/artifacts/a": "",
                "steps/two/artifacts/app/all.txt": "2",
                "steps/two/artifacts/app/own.txt": "2",
                "steps/two/artifacts/manifest.json": "/app/own.txt",
            },
            absent=("steps/one/artifacts/app/own.txt",),
        ),
    ),
)
