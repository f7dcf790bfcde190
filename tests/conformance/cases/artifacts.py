"""What is taken out of the container when the agent has ended, and what is told of it."""

from tests.conformance.building import LIMITS, ONE, refused, task
from tests.conformance.case import Case, Expect

MANIFEST = "artifacts/manifest.json"
COLLECT = "[[verifier.collect]]\n"

CASES = (
    Case(
        id="artifacts-published",
        files=task(solve="mkdir /logs/artifacts/in; echo x > /logs/artifacts/in/a.txt"),
        expect=Expect(
            rewards={"reward": 1.0},
            files={"artifacts/logs/artifacts/in/a.txt": "x", MANIFEST: '"/logs/artifacts"'},
        ),
    ),
    Case(
        id="artifacts-none",
        files=task(),
        expect=Expect(rewards={"reward": 1.0}, files={MANIFEST: '"empty"'}),
    ),
    Case(
        id="artifacts-by-their-paths",
        files=task(
            'artifacts = ["/app/solved.txt", "/app/folder", "/etc/nowhere.txt"]\n' + LIMITS,
            solve="echo s > /app/solved.txt; mkdir -p /app/folder/a; echo b > /app/folder/a/b",
        ),
        expect=Expect(
            rewards={"reward": 1.0},
            files={
                "artifacts/app/solved.txt": "s",
                "artifacts/app/folder/a/b": "b",
                MANIFEST: '"failed"',
            },
            absent=("artifacts/etc/nowhere.txt",),
        ),
    ),
    Case(
        id="artifacts-elsewhere",
        files=task(
            'artifacts = [{source = "/app/out", destination = "results/all", exclude = ["*.tmp",'
            ' "cache"]}, {source = "/app/solved.txt", destination = "answer.txt"}]\n' + LIMITS,
            solve="echo s > /app/solved.txt; mkdir -p /app/out/cache; cd /app/out;"
            " echo 1 > a; echo 2 > b.tmp; echo 3 > cache/c",
        ),
        expect=Expect(
            rewards={"reward": 1.0},
            files={"artifacts/results/all/a": "1", "artifacts/answer.txt": "s"},
            absent=("artifacts/results/all/b.tmp", "artifacts/results/all/cache/c"),
        ),
    ),
    Case(
        id="artifacts-that-overlap",
        files=task(
            'artifacts = ["/app/out", "/app/out/a"]\n' + LIMITS,
            solve="mkdir /app/out; echo 1 > /app/out/a",
        ),
        expect=Expect(
            rewards={"reward": 1.0}, files={"artifacts/app/out/a": "1", MANIFEST: '"skipped"'}
        ),
    ),
    Case(
        id="artifacts-before-the-verifier",
        files=task(
            'artifacts = ["/app/solved.txt"]\n' + LIMITS,
            test=f"echo later > /app/solved.txt; {ONE}",
        ),
        expect=Expect(rewards={"reward": 1.0}, files={"artifacts/app/solved.txt": "solved"}),
    ),
    Case(
        id="artifacts-of-an-agent-out-of-time",
        files=task(
            'artifacts = ["/app/solved.txt"]\n'
            + LIMITS.replace("[agent]\ntimeout_sec = 120.0", "[agent]\ntimeout_sec = 4.0"),
            solve="echo half > /app/solved.txt; sleep 1000",
        ),
        expect=Expect(
            rewards={"reward": 1.0},
            failure="AgentTimeoutError",
            files={"artifacts/app/solved.txt": "half"},
        ),
    ),
    Case(
        id="artifacts-with-a-link",
        files=task(
            'artifacts = ["/app/out"]\n' + LIMITS,
            solve="mkdir /app/out; ln -s /etc/passwd /app/out/link; echo 1 > /app/out/a",
        ),
        expect=Expect(
            rewards={"reward": 1.0},
            files={"artifacts/app/out/a": "1"},
            without={"artifacts/app/out/link": "root:"},
        ),
    ),
    Case(
        id="collect-before-artifacts",
        files=task(
            'artifacts = ["/app/state"]\n'
            + LIMITS
            + COLLECT
            + 'command = "echo collected > /app/state"\n'
            + COLLECT
            + 'command = "exit 5"\n',
        ),
        expect=Expect(rewards={"reward": 1.0}, files={"artifacts/app/state": "collected"}),
    ),
    Case(
        id="artifacts-outside",
        files=task('artifacts = ["/app/../etc"]\n' + LIMITS),
        expect=refused("task.toml", "artifacts", ".."),
    ),
    Case(
        id="artifacts-in-place-of-the-manifest",
        files=task('artifacts = [{source = "/app", destination = "manifest.json"}]\n' + LIMITS),
        expect=refused("task.toml", "artifacts", "manifest.json"),
    ),
    Case(
        id="collect-in-no-sidecar",
        files=task(LIMITS + COLLECT + 'command = "true"\nservice = "side"\n'),
        expect=refused("task.toml", "collect", "side"),
    ),
)
