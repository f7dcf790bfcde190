"""What a verifier may write, and what becomes of it."""

from collections.abc import Mapping

from autoloop.records import Outcome, TrialRules
from tests.conformance import building
from tests.conformance.building import LIMITS, failed, scored
from tests.conformance.case import Case, Expect, Reference

UNREADABLE = "VerifierOutputParseError"
HERE = '[metadata.autoloop]\nverification = "shared"\n'
"""What is written is read the same way wherever tests run; a second container only costs time."""


def task(more: str = "", *, test: str) -> Mapping[str, str | bytes]:
    """A task whose tests run where the agent worked."""
    return building.task(f"{LIMITS}{HERE}{more}", test=test)


def text(content: str) -> str:
    """A test.sh that writes this reward.txt, by printf's rules."""
    return f"printf -- '{content}' > /logs/verifier/reward.txt"


def table(content: str) -> str:
    """A test.sh that writes this reward.json."""
    return f"cat > /logs/verifier/reward.json <<'EOF'\n{content}\nEOF"


def both(json: str, txt: str) -> str:
    """A test.sh that writes both files."""
    return f"{table(json)}\n{text(txt)}"


MANY = table('{"reward": 0.5, "speed": 0.25, "style": 1}')
NO_REWARD_KEY = table('{"accuracy": 1, "speed": 0.5}')

CASES = (
    Case(id="txt-integer", files=task(test=text("1")), expect=scored(1.0)),
    Case(id="txt-zero", files=task(test=text("0\\n")), expect=scored(0.0)),
    Case(id="txt-white-space", files=task(test=text("  \\n 0.25\\n\\n")), expect=scored(0.25)),
    Case(
        id="txt-negative",
        files=task(test=text("-3.5\\n")),
        expect=Expect(rewards={"reward": -3.5}, reward=0.0),
        harbor=Reference(rewards={"reward": -3.5}),
        differs="reward-range",
        quirks=scored(-3.5),
    ),
    Case(
        id="txt-negative-as-the-task-allows",
        files=task("reward_range = [-5, 5]\n", test=text("-3.5\\n")),
        expect=scored(-3.5),
    ),
    Case(
        id="txt-thirty-digits",
        files=task(test=text("123456789012345678901234567890")),
        expect=Expect(rewards={"reward": 1.2345678901234568e29}, reward=1.0),
        harbor=Reference(rewards={"reward": 1.2345678901234568e29}),
        differs="reward-range",
        quirks=scored(1.2345678901234568e29),
    ),
    Case(
        id="txt-empty",
        files=task(test=text("")),
        expect=failed("RewardFileEmptyError", "reward.txt"),
    ),
    Case(id="txt-blank", files=task(test=text("\\n")), expect=failed(UNREADABLE, "reward.txt")),
    Case(id="txt-word", files=task(test=text("pass\\n")), expect=failed(UNREADABLE, "pass")),
    Case(id="txt-nan", files=task(test=text("nan\\n")), expect=failed(UNREADABLE, "nan")),
    Case(
        id="txt-not-utf8",
        files=task(test="printf '\\xff1' > /logs/verifier/reward.txt"),
        expect=failed(UNREADABLE, "reward.txt"),
    ),
    Case(
        id="no-reward",
        files=task(test="true"),
        expect=failed("RewardFileNotFoundError", "reward.json", "reward.txt"),
    ),
    Case(
        id="reward-of-the-wrong-name",
        files=task(test="echo '{\"reward\": 1}' > /logs/verifier/rewards.json"),
        expect=failed("RewardFileNotFoundError", "reward.json"),
    ),
    Case(id="json-many-keys", files=task(test=MANY), expect=scored(0.5, speed=0.25, style=1.0)),
    Case(
        id="json-without-reward",
        files=task(test=NO_REWARD_KEY),
        expect=Expect(rewards={"accuracy": 1.0, "speed": 0.5}, reward=0.75),
    ),
    Case(
        id="json-by-the-mean",
        files=task(test=MANY),
        rules=TrialRules(reward="mean"),
        expect=Expect(rewards={"reward": 0.5, "speed": 0.25, "style": 1.0}, reward=1.75 / 3),
    ),
    Case(
        id="json-by-a-key",
        files=task(test=MANY),
        rules=TrialRules(reward="speed"),
        expect=Expect(rewards={"reward": 0.5, "speed": 0.25, "style": 1.0}, reward=0.25),
    ),
    Case(
        id="json-without-the-key",
        files=task(test=MANY),
        rules=TrialRules(reward="accuracy"),
        expect=Expect(
            outcome=Outcome.FAILED,
            rewards={"reward": 0.5, "speed": 0.25, "style": 1.0},
            reward=0.0,
            failure="RewardKeyError",
            says=("'accuracy'", "'speed'"),
        ),
    ),
    Case(
        id="json-booleans",
        files=task(test=table('{"reward": true, "other": false}')),
        expect=scored(1.0, other=0.0),
    ),
    Case(id="json-over-txt", files=task(test=both('{"reward": 0.5}', "1")), expect=scored(0.5)),
    Case(
        id="json-broken-beside-txt",
        files=task(test=both("{oops", "1")),
        expect=failed(UNREADABLE, "reward.json", "oops"),
    ),
    Case(
        id="json-empty-beside-txt",
        files=task(test=f": > /logs/verifier/reward.json\n{text('1')}"),
        expect=failed("RewardFileEmptyError", "reward.json"),
    ),
    Case(
        id="json-nested",
        files=task(test=table('{"reward": {"value": 1}}')),
        expect=failed(UNREADABLE, "reward"),
    ),
    Case(
        id="json-string",
        files=task(test=table('{"reward": "1"}')),
        expect=failed(UNREADABLE, "'1'"),
    ),
    Case(
        id="json-overflow",
        files=task(test=table('{"reward": 1e309}')),
        expect=failed(UNREADABLE, "inf"),
    ),
    Case(
        id="json-bare-number",
        files=task(test=table("1")),
        expect=failed(UNREADABLE, "in place of an object"),
        harbor=Reference(failure="ValidationError"),
        differs="bare-number",
    ),
    Case(
        id="json-no-keys",
        files=task(test=table("{}")),
        expect=failed(UNREADABLE, "reward.json"),
        harbor=Reference(rewards={}),
        differs="empty-rewards",
    ),
    Case(
        id="exit-code-beside-a-reward",
        files=task(test=f"{text('1')}; exit 1"),
        expect=scored(1.0),
    ),
    Case(
        id="exit-code-without-a-reward",
        files=task(test="echo no luck; exit 7"),
        expect=Expect(
            outcome=Outcome.FAILED,
            failure="RewardFileNotFoundError",
            says=("exit code 7",),
            files={"verifier/test-stdout.txt": "no luck"},
        ),
    ),
)
