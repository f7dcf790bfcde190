"""Tasks of several steps that end early, or in part."""

from autoloop.records import Outcome
from tests.conformance.building import LIMITS, ends, give, invalid, refused, step, steps, tables
from tests.conformance.case import Case, Expect, Reference, StepEnd
from tests.conformance.cases.steps import TWO

BROKEN_SETUP = "echo no luck; exit 3"

CASES = (
    Case(
        id="steps-minimum-not-reached",
        files=steps(
            LIMITS + tables("one", "two", one="min_reward = 0.5\n"),
            step("one", give(0.2)),
            step("two", give(1)),
        ),
        expect=Expect(
            rewards={"reward": 0.1}, steps=ends(0.2), absent=("steps/two/verifier/reward.txt",)
        ),
        harbor=Reference(rewards={"reward": 0.2}, steps=ends(0.2)),
        differs="steps-not-reached",
        quirks=Expect(rewards={"reward": 0.2}, steps=ends(0.2)),
    ),
    Case(
        id="steps-minimum-of-a-key",
        files=steps(
            'multi_step_reward_strategy = "final"\n'
            + LIMITS
            + tables(
                "one", "two", "three", one="min_reward = {a = 1.0}\n", two="min_reward = 0.5\n"
            ),
            step("one", "echo '{\"a\": 1}' > /logs/verifier/reward.json"),
            step("two", "echo '{\"a\": 1}' > /logs/verifier/reward.json"),
            step("three", give(1)),
        ),
        expect=Expect(
            rewards={"a": 1.0},
            reward=1.0,
            steps=(StepEnd(rewards={"a": 1.0}), StepEnd(rewards={"a": 1.0})),
        ),
    ),
    Case(
        id="steps-minimum-reached",
        files=steps(
            LIMITS + tables("one", "two", one="min_reward = 0.5\n"),
            step("one", give(0.5)),
            step("two", give(1)),
        ),
        expect=Expect(rewards={"reward": 0.75}, steps=ends(0.5, 1.0)),
    ),
    Case(
        id="steps-setup-fails",
        files=steps(
            LIMITS + TWO,
            step("one", give(1)),
            step("two", give(1), more={"workdir/setup.sh": BROKEN_SETUP}),
        ),
        expect=Expect(
            rewards={"reward": 0.5},
            failure="StepSetupError",
            says=("two", "setup.sh", "no luck"),
            steps=(StepEnd(), StepEnd(rewards={}, failure="StepSetupError")),
        ),
        harbor=Reference(
            rewards={"reward": 1.0},
            steps=(StepEnd(), StepEnd(rewards={}, failure="RuntimeError")),
        ),
        differs="steps-that-break",
        quirks=Expect(
            rewards={"reward": 1.0},
            failure="StepSetupError",
            steps=(StepEnd(), StepEnd(rewards={}, failure="StepSetupError")),
        ),
    ),
    Case(
        id="steps-setup-of-the-first-fails",
        files=steps(
            LIMITS + TWO,
            step("one", give(1), more={"workdir/setup.sh": BROKEN_SETUP}),
            step("two", give(1)),
        ),
        expect=invalid("StepSetupError", "one", "setup.sh", "no luck"),
        harbor=Reference(steps=(StepEnd(rewards={}, failure="RuntimeError"),)),
        differs="steps-that-break",
    ),
    Case(
        id="steps-first-without-a-reward",
        files=steps(LIMITS + TWO, step("one", "true"), step("two", give(1))),
        expect=Expect(
            outcome=Outcome.FAILED,
            failure="RewardFileNotFoundError",
            steps=(StepEnd(rewards={}, failure="RewardFileNotFoundError"),),
        ),
        harbor=Reference(steps=(StepEnd(rewards={}, failure="RewardFileNotFoundError"),)),
        differs="steps-that-break",
    ),
    Case(
        id="steps-last-without-a-reward",
        files=steps(LIMITS + TWO, step("one", give(1)), step("two", "true")),
        expect=Expect(
            rewards={"reward": 0.5},
            failure="RewardFileNotFoundError",
            steps=(StepEnd(), StepEnd(rewards={}, failure="RewardFileNotFoundError")),
        ),
        harbor=Reference(
            rewards={"reward": 1.0},
            steps=(StepEnd(), StepEnd(rewards={}, failure="RewardFileNotFoundError")),
        ),
        differs="steps-that-break",
        quirks=Expect(
            rewards={"reward": 1.0},
            failure="RewardFileNotFoundError",
            steps=(StepEnd(), StepEnd(rewards={}, failure="RewardFileNotFoundError")),
        ),
    ),
    Case(
        id="steps-agent-timeout",
        files=steps(
            LIMITS + tables("one", "two", one="agent.timeout_sec = 2\n"),
            step("one", give(0.5), "sleep 1000"),
            step("two", give(1)),
        ),
        expect=Expect(
            rewards={"reward": 0.75},
            failure="AgentTimeoutError",
            steps=(StepEnd(rewards={"reward": 0.5}, failure="AgentTimeoutError"), StepEnd()),
        ),
        harbor=Reference(
            rewards={"reward": 0.75},
            steps=(StepEnd(rewards={"reward": 0.5}, failure="AgentTimeoutError"), StepEnd()),
        ),
        differs="failures-of-steps",
    ),
    Case(
        id="steps-verifier-timeout",
        files=steps(
            LIMITS + tables("one", "two", one="verifier.timeout_sec = 2\n"),
            step("one", "sleep 1000"),
            step("two", give(1)),
        ),
        expect=Expect(
            outcome=Outcome.FAILED,
            failure="VerifierTimeoutError",
            steps=(StepEnd(rewards={}, failure="VerifierTimeoutError"),),
        ),
        harbor=Reference(steps=(StepEnd(rewards={}, failure="VerifierTimeoutError"),)),
        differs="steps-that-break",
    ),
    Case(
        id="steps-healthcheck-fails",
        files=steps(
            LIMITS
            + TWO
            + '[steps.healthcheck]\ncommand = "exit 1"\ninterval_sec = 0.1\nretries = 2\n',
            step("one", give(1)),
            step("two", give(1)),
        ),
        expect=Expect(
            rewards={"reward": 0.5},
            failure="HealthcheckError",
            says=("2 times",),
            steps=(StepEnd(), StepEnd(rewards={}, failure="HealthcheckError")),
        ),
        harbor=Reference(
            rewards={"reward": 1.0},
            steps=(StepEnd(), StepEnd(rewards={}, failure="HealthcheckError")),
        ),
        differs="steps-that-break",
        quirks=Expect(
            rewards={"reward": 1.0},
            failure="HealthcheckError",
            steps=(StepEnd(), StepEnd(rewards={}, failure="HealthcheckError")),
        ),
    ),
    Case(
        id="steps-healthcheck-after-setup",
        files=steps(
            LIMITS
            + tables("one")
            + '[steps.healthcheck]\ncommand = "test -e /app/set-up"\nretries = 1\n',
            step("one", give(1), more={"workdir/setup.sh": "touch set-up\n"}),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0)),
    ),
    Case(
        id="steps-crash-of-python",
        agent='def solve(instruction, env, model):\n    raise RuntimeError("out of ideas")\n',
        files=steps(LIMITS + TWO, step("one", give(1)), step("two", give(1))),
        expect=Expect(
            outcome=Outcome.FAILED,
            failure="AgentCrashed",
            says=("out of ideas",),
            steps=(StepEnd(rewards={}, failure="AgentCrashed"),),
        ),
        harbor=Reference(
            rewards={"reward": 1.0},
            steps=(StepEnd(failure="RuntimeError"), StepEnd(failure="RuntimeError")),
        ),
        differs="steps-that-break",
        quirks=Expect(
            rewards={"reward": 1.0},
            failure="AgentCrashed",
            steps=(StepEnd(failure="AgentCrashed"), StepEnd(failure="AgentCrashed")),
        ),
    ),
    Case(
        id="steps-without-their-folder",
        files=steps(LIMITS + TWO, step("one", give(1))),
        expect=refused("steps/two", "instruction.md"),
    ),
    Case(
        id="steps-of-one-name",
        files=steps(LIMITS + tables("one", "One"), step("one", give(1)), step("One", give(1))),
        expect=refused("task.toml", "steps", "One"),
    ),
    Case(
        id="steps-of-an-odd-name",
        files=steps(LIMITS + tables("../one"), {"one/instruction.md": "x"}),
        expect=refused("task.toml", "steps", "../one"),
    ),
)
