"""Agents that take what is not theirs: disk, files, names, and a trace of gigabytes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.records import Integrity, Outcome, TrialRules
from autoloop.sandbox import DiskShare, DockerSandbox
from tests.trial.conftest import ROOT, RUN, Bench, Case, Ended, Look, on_their_way
from tests.trial.test_trials_in_docker import SHARED, WRITE, body

pytestmark = pytest.mark.docker

SHARE = DiskShare(megabytes=60, files=3_000)
FILL = "for i in $(seq 40); do head -c 9M /dev/zero > /root/$i; done"
DEEP = (
    "import os\nos.chdir('/root')\n"
    "for _ in range(40):\n os.mkdir('d' * 200); os.chdir('d' * 200)\n"
    "open('below', 'w').write('x')\n"
)
ODD_NAMES = (
    r"mkdir -p /app/odd; for n in $'\xff\xfe' $'a\nb' $'\e[31m' '=1'; do : > /app/odd/$n; done"
)

CASES = {
    "modest": Case(agent=WRITE),
    "fills the disk": Case(agent=body(f"env.run({FILL!r})", "env.run('sleep 600')")),
    "fills it behind its back": Case(
        agent=body(f"env.run({f'({FILL}) >/dev/null 2>&1 &'!r})", "env.run('sleep 600')")
    ),
    "fills it and goes on": Case(
        agent=WRITE
        + f"    while True:\n        try: env.run({FILL!r})\n        except Exception: pass\n"
    ),
    "makes files": Case(
        agent=body("env.run('mkdir /m; cd /m; for i in $(seq 9000); do : > $i; done; sleep 600')")
    ),
    "digs deep": Case(
        agent=body(
            f'env.write("/tmp/deep.py", {DEEP!r}.encode())', "env.run('python3 /tmp/deep.py')"
        )
    ),
    "names oddly": Case(
        agent=body(
            f"env.run({ODD_NAMES!r})",
            "env.note(repr(env.run('ls -b /app/odd; printf \"\\\\xff\\\\xfe\\\\0z\"').stdout))",
            "import os; os.write(1, b'\\xff\\xfe\\x00' * 9)",
        )
    ),
    "leaves a sparse giant": Case(
        agent=body("env.run('truncate -s 3M /app/sparse')"), rules=TrialRules(disk_mb=1)
    ),
    "leaves a small one": Case(
        agent=WRITE + "    env.run('truncate -s 1M /app/sparse')\n", rules=TrialRules(disk_mb=2)
    ),
    "talks without end": Case(
        agent=WRITE + "    for _ in range(1_600): env.note('\\x00y' * 30_000)\n"
    ),
}
CASES |= {f"{name} shared": Case(agent=CASES[name].agent, rules=SHARED) for name in ("digs deep",)}


@pytest.fixture(scope="module")
def ended(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    assert engine.ping()
    with DockerSandbox(ROOT, run=f"{RUN}-limits", share=SHARE) as sandbox:
        bench = Bench(sandbox, tmp_path_factory.mktemp("limits"))
        with on_their_way(bench, CASES) as look:
            yield look


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rules_of(end: Ended) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in end.result.findings]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fills the disk", "MB were written in it, and at most 60 may be"),
        ("fills it behind its back", "MB were written in it, and at most 60 may be"),
        ("fills it and goes on", "MB were written in it, and at most 60 may be"),
        ("makes files", "files and folders were written in it, and at most 3,000 may be"),
    ],
)
def test_who_takes_more_than_its_share_of_the_disk_fails_at_once_and_is_suspicious(
    ended: Look, name: str, words: str
) -> None:
    end = ended(name)

    assert (end.result.outcome, end.kind) == (Outcome.FAILED, "DiskQuotaError"), end.result
    assert words in end.message
    assert rules_of(end) == [("disk-quota", "suspicious")]
    assert end.result.integrity is Integrity.SUSPICIOUS
    assert end.result.phases["agent_execution"].seconds < 40


def test_others_notice_nothing_of_it(ended: Look) -> None:
    end = ended("modest")

    assert (end.result.outcome, end.result.reward, end.result.findings) == (Outcome.SCORED, 1.0, ())


@pytest.mark.parametrize("name", ["digs deep", "digs deep shared", "names oddly"])
def test_paths_and_names_that_are_odd_make_no_trial_invalid(ended: Look, name: str) -> None:
    end = ended(name)

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 1.0), end.result


def test_what_is_no_text_is_shown_as_far_as_it_is(ended: Look) -> None:
    assert "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}\\x00z" in ended("names oddly").trace


def test_a_trace_of_gigabytes_is_small_and_says_what_is_missing(ended: Look) -> None:
    end = ended("talks without end")

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 1.0), end.result
    assert ("trace-size", "note") in rules_of(end)
    assert end.result.integrity is Integrity.CLEAN
    assert "is full; " in end.trace
    assert size_of(end.folder) < 100_000_000


def test_no_more_is_brought_to_the_tests_than_may_be_written(ended: Look) -> None:
    giant, small = ended("leaves a sparse giant"), ended("leaves a small one")

    assert giant.result.outcome is Outcome.FAILED
    assert "1,048,576 bytes" in giant.message
    assert small.result.reward == 1
