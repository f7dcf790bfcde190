"""Who solves a task, as whom, with what, and for how long."""

from autoloop.records import Outcome, Timeouts, TrialRules
from tests.conformance.building import (
    DOCKERFILE,
    LIMITS,
    ONE,
    SOLVE,
    ZERO,
    failed,
    holds,
    scored,
    task,
)
from tests.conformance.case import Case, Expect, Reference

WRITE = 'def solve(instruction, env, model):\n    env.run("echo solved > /app/solved.txt")\n'
SOLVED = holds("[ -s /app/solved.txt ]")
SHORT = LIMITS.replace("[agent]\ntimeout_sec = 120.0", "[agent]\ntimeout_sec = 4.0")
OVER_TIME = Expect(
    rewards={"reward": 1.0}, failure="AgentTimeoutError", files={"exception.txt": "4 s"}
)
ASK = """python3 -c "from urllib.request import urlopen; urlopen('http://127.0.0.1:8123/')" """
SPEAKS = """
def solve(instruction, env, model):
    assert model.chat([{"role": "user", "content": instruction}]).content == "Fine."
    env.run("echo solved > /app/solved.txt")
    env.write("/app/told", instruction)
"""
ACTS = """
def solve(instruction, env, model):
    done = env.run("echo out; echo err >&2; exit 3")
    env.write("deep/folder/file", b"\\x00\\xff")
    kept = env.read("deep/folder/file")
    late = env.run("sleep 100", timeout_s=0.5)
    try:
        env.read("nowhere")
    except FileNotFoundError:
        missing = True
    good = (done.stdout, done.stderr, done.exit_code) == ("out\\n", "err\\n", 3)
    if good and kept == b"\\x00\\xff" and late.timed_out and missing:
        env.run("echo solved > /app/solved.txt")
"""

CASES = (
    Case(id="oracle", files=task(test=SOLVED), expect=scored()),
    Case(id="nop", agent="nop", files=task(test=SOLVED), expect=scored(0.0)),
    Case(id="python", agent=WRITE, files=task(test=SOLVED), expect=scored()),
    Case(
        id="python-async",
        agent=WRITE.replace("def", "async def"),
        files=task(test=SOLVED),
        expect=scored(),
    ),
    Case(
        id="python-with-a-model",
        agent=SPEAKS,
        files=task(test=holds("[ -s /app/solved.txt ]", "[ \"$(cat /app/told)\" = 'Do it.' ]")),
        expect=Expect(rewards={"reward": 1.0}, files={"agent/trajectory.json": "Fine."}),
    ),
    Case(id="python-acts", agent=ACTS, files=task(test=SOLVED), expect=scored()),
    Case(
        id="python-crashes",
        agent=WRITE + '    raise RuntimeError("out of ideas")\n',
        files=task(test=SOLVED),
        expect=Expect(
            outcome=Outcome.FAILED,
            failure="AgentCrashed",
            says=("RuntimeError: out of ideas",),
            absent=("verifier/reward.txt",),
        ),
    ),
    Case(
        id="oracle-exits-with-a-code",
        files=task(solve=f"{SOLVE}; exit 3", test=SOLVED),
        expect=Expect(rewards={"reward": 1.0}, files={"agent/exit-code.txt": "3"}),
    ),
    Case(
        id="oracle-output",
        files=task(solve="echo to-stdout; echo to-stderr >&2"),
        expect=Expect(
            rewards={"reward": 1.0}, files={"agent/oracle.txt": "to-stdout\nto-stderr\n"}
        ),
    ),
    Case(
        id="oracle-without-a-solution",
        files=task(solve=None),
        expect=failed("FileNotFoundError", "solve.sh"),
    ),
    Case(
        id="solution-with-more-files",
        files=task(
            solve="cp /solution/data/answer.txt /app/solved.txt",
            test=holds('[ "$(cat /app/solved.txt)" = 42 ]'),
            more={"solution/data/answer.txt": "42\n"},
        ),
        expect=scored(),
    ),
    Case(
        id="solution-variables",
        files=task(
            LIMITS
            + '[solution.env]\nWHO = "solution"\nHOST = "${CONFORMANCE_HOST}"\n'
            + '[environment.env]\nWHO = "environment"\n',
            solve='echo "$WHO $HOST $DEBIAN_FRONTEND" > /app/who',
            test=holds(
                "[ \"$(cat /app/who)\" = 'solution from-the-host noninteractive' ]",
                '[ "$WHO" = environment ]',
                '[ -z "$HOST$DEBIAN_FRONTEND" ]',
            ),
        ),
        expect=scored(),
    ),
    Case(
        id="agent-user",
        files=task(
            LIMITS.replace("[verifier]", 'user = "nobody"\n[verifier]'),
            solve="id -un > /tmp/who; touch /logs/agent/a /logs/verifier/v /logs/artifacts/r"
            " && touch /tmp/logs; touch /app/x || touch /tmp/app",
            test=holds(
                '[ "$(cat /tmp/who)" = nobody ]',
                "[ -e /tmp/logs ]",
                "[ -e /tmp/app ]",
                '[ "$(id -un)" = root ]',
            ),
        ),
        expect=scored(),
    ),
    Case(
        id="agent-user-by-number",
        files=task(
            LIMITS.replace("[verifier]", "user = 1234\n[verifier]"),
            solve="id -u > /tmp/who",
            test=holds('[ "$(cat /tmp/who)" = 1234 ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="agent-user-of-python",
        agent="def solve(i, env, m):\n"
        '    env.write("/tmp/a", "x")\n    env.run("id -un > /tmp/b")\n',
        files=task(
            LIMITS.replace("[verifier]", 'user = "nobody"\n[verifier]'),
            test=holds('[ "$(stat -c %U /tmp/a)" = nobody ]', '[ "$(cat /tmp/b)" = nobody ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="agent-user-unknown",
        files=task(LIMITS.replace("[verifier]", 'user = "ghost"\n[verifier]')),
        expect=Expect(outcome=Outcome.INVALID, failure="TaskError", says=("ghost",)),
        harbor=Reference(rewards={"reward": 1.0}),
        differs="unknown-user",
        quirks=scored(),
    ),
    Case(
        id="image-user",
        files=task(
            dockerfile=DOCKERFILE + "RUN useradd --create-home joe && chown joe /app\nUSER joe\n",
            solve="id -un > /app/who",
            test=holds('[ "$(cat /app/who)" = joe ]', '[ "$(id -un)" = joe ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="agent-timeout-with-a-reward",
        files=task(SHORT, solve=f"{SOLVE}; sleep 1000", test=SOLVED),
        expect=OVER_TIME,
    ),
    Case(
        id="agent-timeout-of-python",
        agent=WRITE + "    while True: pass\n",
        files=task(SHORT, test=SOLVED),
        expect=OVER_TIME,
    ),
    Case(
        id="agent-timeout-without-a-reward",
        files=task(SHORT, solve="sleep 1000", test="true"),
        expect=failed("RewardFileNotFoundError"),
        harbor=Reference(failure="AgentTimeoutError"),
        differs="last-failure-counts",
    ),
    Case(
        id="agent-timeout-at-most",
        files=task(solve=f"{SOLVE}; sleep 1000", test=SOLVED),
        rules=TrialRules(timeouts=Timeouts(max_agent_s=2.0, multiplier=2.0)),
        expect=OVER_TIME,
    ),
    Case(
        id="agent-timeout-of-nobody",
        files=task("[verifier]\ntimeout_sec = 60\n", solve=f"{SOLVE}; sleep 1000", test=SOLVED),
        rules=TrialRules(default_timeout_s=4.0),
        expect=OVER_TIME,
        differs="agent-without-a-limit",
    ),
    Case(
        id="agent-leaves-a-process",
        files=task(
            solve=f"{SOLVE}; (setsid sleep 987654 > /dev/null 2>&1 &)",
            test=f"if pgrep -f 'sleep 987654'; then {ZERO}; else {ONE}; fi",
        ),
        expect=scored(),
        harbor=Reference(rewards={"reward": 0.0}),
        differs="survivors",
        quirks=scored(0.0),
    ),
    Case(
        id="agent-leaves-a-service",
        files=task(
            solve="cd /etc; (setsid python3 -m http.server 8123 > /dev/null 2>&1 &)\n"
            f"for i in $(seq 50); do {ASK} && break; sleep 0.2; done",
            test=holds(ASK),
        ),
        expect=scored(0.0),
        harbor=Reference(rewards={"reward": 1.0}),
        differs="survivors",
        quirks=scored(),
    ),
    Case(
        id="agent-leaves-a-service-that-is-kept",
        files=task(
            f'{LIMITS}[metadata.autoloop]\nservices = "keep"\n',
            solve="cd /etc; (setsid python3 -m http.server 8123 > /dev/null 2>&1 &)\n"
            f"for i in $(seq 50); do {ASK} && break; sleep 0.2; done\n"
            "echo '{\"reward\": 1}' > /logs/verifier/reward.json",
            test=f"if {ASK}; then echo 0.5 > /logs/verifier/reward.txt; fi",
        ),
        expect=scored(0.5),
        harbor=Reference(rewards={"reward": 1.0}),
        differs="planted-rewards",
        quirks=scored(1.0),
    ),
    Case(
        id="agent-out-of-time-leaves-no-service",
        files=task(
            f'{SHORT}[metadata.autoloop]\nservices = "keep"\n',
            solve="sleep 987653",
            test=f"if pgrep -f 'sleep 987653'; then {ZERO}; else {ONE}; fi",
        ),
        expect=Expect(rewards={"reward": 1.0}, failure="AgentTimeoutError"),
        harbor=Reference(rewards={"reward": 0.0}, failure="AgentTimeoutError"),
        differs="survivors",
        quirks=Expect(rewards={"reward": 0.0}, failure="AgentTimeoutError"),
    ),
    Case(
        id="agent-works-on-after-its-time",
        files=task(
            SHORT,
            solve="sleep 5; echo late > /app/late.txt",
            test="for i in $(seq 40); do [ -e /app/late.txt ] && break; sleep 0.2; done\n"
            f"if [ -e /app/late.txt ]; then {ONE}; else {ZERO}; fi",
        ),
        expect=Expect(rewards={"reward": 0.0}, failure="AgentTimeoutError"),
        harbor=Reference(rewards={"reward": 1.0}, failure="AgentTimeoutError"),
        differs="survivors",
        quirks=Expect(rewards={"reward": 1.0}, failure="AgentTimeoutError"),
    ),
)
