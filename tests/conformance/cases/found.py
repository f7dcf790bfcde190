"""What real tasks in public repositories look like."""

from tests.conformance.building import (
    BASE,
    DOCKERFILE,
    LIMITS,
    ONE,
    SOLVE,
    ends,
    give,
    holds,
    scored,
    step,
    steps,
    tables,
    task,
)
from tests.conformance.case import Case, Expect

OWN_TABLES = """schema_version = "1.1"
source = "https://example.com/bench"
unheard_of = 1
[metadata]
author_name = "A. Author"
difficulty = "hard"
category = "games"
tags = ["a", "b"]
expert_time_estimate_min = 30.5
[metadata.origin]
license = "MIT"
[metadata.origin.deep]
x = [1, 2]
[evaluation]
metric = "accuracy"
[restrictions]
offline = true
[verifier]
timeout_sec = 60
[agent]
timeout_secs = 1.0
timeout_sec = 60.0
"""
UVX = r"""RUN mkdir -p /root/.local/bin && echo 'export PATH="$HOME/.local/bin:$PATH"' \
    > /root/.local/bin/env && printf '%s\n' '#!/bin/sh' \
    'while [ "$1" != pytest ]; do shift; done; shift' \
    'case "$*" in *--ctrf*) echo "{}" > "$2"; shift 2;; esac' \
    'exec python3 -m pytest -p no:cacheprovider "$@"' > /root/.local/bin/uvx \
    && chmod +x /root/.local/bin/uvx
"""
USUAL_TEST = r"""curl -LsSf --max-time 2 https://example.invalid/uv/0.9.5/install.sh | sh

source $HOME/.local/bin/env

if [ "$PWD" = "/" ]; then
    echo "Error: No working directory set. Please set a WORKDIR in your Dockerfile."
    exit 1
fi

uvx -p 3.13 -w pytest==8.4.1 -w pytest-json-ctrf==0.3.5 \
  pytest --ctrf /logs/verifier/ctrf.json /tests/test_outputs.py -rA

if [ $? -eq 0 ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi"""
OUTPUTS = """from pathlib import Path


def test_it_is_solved() -> None:
    assert Path("/app/solved.txt").read_text().strip() == "solved"
"""
USUAL = task(dockerfile=DOCKERFILE + UVX, test=USUAL_TEST, more={"tests/test_outputs.py": OUTPUTS})
OUTPUT = "verifier/test-stdout.txt"


def schema(line: str) -> Case:
    """A task whose task.toml begins with this line."""
    name = "".join(letter if letter.isalnum() else "-" for letter in line.replace('"', ""))
    return Case(
        id=f"schema-{name.replace('---', '-') or 'none'}",
        files=task(line + "\n" + LIMITS),
        expect=scored(),
    )


CASES = (
    schema('version = "1.0"'),
    schema('schema_version = "1.0"'),
    schema('schema_version = "1.3"'),
    Case(
        id="tables-of-their-own",
        files=task(OWN_TABLES),
        expect=Expect(
            rewards={"reward": 1.0},
            notes=("unheard_of", "evaluation", "restrictions", "timeout_secs"),
        ),
    ),
    Case(
        id="name-of-a-package",
        files=task(
            '[task]\nname = "some-org/pretty.name_1"\nversion = "3"\ndescription = "D."\n'
            'keywords = ["k"]\nauthors = [{name = "A", email = "a@example.com"}]\n' + LIMITS
        ),
        expect=Expect(rewards={"reward": 1.0}, files={"result.json": '"some-org/pretty.name_1"'}),
    ),
    Case(id="folder with spaces", files=task(), expect=scored()),
    Case(
        id="times-in-whole-seconds",
        files=task(
            "[agent]\ntimeout_sec = 60\n[verifier]\ntimeout_sec = 60\n"
            "[environment]\nbuild_timeout_sec = 600\n"
        ),
        expect=scored(),
    ),
    Case(
        id="tests-in-the-usual-form",
        files=USUAL,
        expect=Expect(
            rewards={"reward": 1.0},
            files={OUTPUT: "PASSED", "verifier/ctrf.json": "{}"},
        ),
    ),
    Case(
        id="tests-in-the-usual-form-fail",
        agent="nop",
        files=USUAL,
        expect=Expect(rewards={"reward": 0.0}, files={OUTPUT: "FAILED"}),
    ),
    Case(
        id="tests-that-want-a-folder",
        files=task(
            dockerfile=f"FROM {BASE}\nWORKDIR /workspace/repo\n",
            solve="echo x > solved",
            test=holds('[ "$PWD" = /workspace/repo ]', "[ -s /workspace/repo/solved ]"),
        ),
        expect=scored(),
    ),
    Case(
        id="tests-with-python-beside",
        files=task(
            test="python3 /tests/judge.py",
            more={
                "tests/judge.py": "import json, pathlib\n"
                "done = pathlib.Path('solved.txt').exists()\n"
                "table = {'reward': float(done), 'lines': 1}\n"
                "pathlib.Path('/logs/verifier/reward.json').write_text(json.dumps(table))\n"
            },
        ),
        expect=scored(1.0, lines=1.0),
    ),
    Case(
        id="tests-with-errexit",
        files=task(test=f"set -euo pipefail\n{ONE}\nfalse\necho 0 > /logs/verifier/reward.txt"),
        expect=scored(),
    ),
    Case(
        id="image-with-service-command",
        files=task(
            dockerfile=DOCKERFILE + 'EXPOSE 8080\nVOLUME ["/data"]\nCMD ["python3", "-m", "x"]\n',
            solve=f"echo kept > /data/file; {SOLVE}",
            test=holds('[ "$(cat /data/file)" = kept ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="steps-in-the-usual-form",
        files=steps(
            LIMITS + tables("01-plan", "02-build", "03-review"),
            {"tests/common.sh": 'check() { grep -q "$1" /app/log; }\n'},
            step("01-plan", f". /tests/common.sh; check plan && {give(1)}", "echo plan > log"),
            step("02-build", f". /tests/common.sh; check plan && {give(1)}", "echo build >> log"),
            step("03-review", f". /tests/common.sh; check build && {give(1)}", "true"),
        ),
        expect=Expect(rewards={"reward": 1.0}, steps=ends(1.0, 1.0, 1.0)),
    ),
    Case(
        id="secrets-in-the-output",
        files=task(
            LIMITS + '[verifier.env]\nJUDGE_API_KEY = "sk-very-secret-value"\nHOST_TOKEN = '
            '"${CONFORMANCE_HOST}"\nPLAIN = "plain-value"\n',
            test=f'echo "$JUDGE_API_KEY $HOST_TOKEN $PLAIN"; {ONE}',
        ),
        expect=Expect(
            rewards={"reward": 1.0},
            files={OUTPUT: "[REDACTED] [REDACTED] plain-value"},
            without={OUTPUT: "sk-very-secret-value", "config.json": "sk-very-secret-value"},
        ),
    ),
)
