"""A climb whose edits a program in a container makes: from its settings to the run's branch."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from docker.api.client import APIClient

from autoloop import Optimizer, SettingsError
from autoloop.app.outside import outside_program
from autoloop.app.project import Project
from autoloop.app.tending import examine
from autoloop.settings import MetaProgramSettings
from tests.app.builders import make_project

EDIT = "printf '\\n\\nPATIENCE = 3\\n' >> agent.py"
SUBMIT = (
    'autoloop-step submit --title "Be more patient" --hypothesis "It gives up too early."'
    ' --expected "Fewer early ends." --generality "Yes, it names no task at all."'
    ' --kind "control flow" --chance 0.4'
)
PROGRAM = """\
---
models:
  task: offline
  meta:
    model: offline
    minutes: 5
    command:
      - bash
      - -c
      - |
        {script}
splits: {{train: [amber, birch, cedar], validation: [dune, ember], holdout: [fjord, grove]}}
rule: passed
final: {{attempts: 1}}
workers: 2
guards: {{reviewer: "off"}}
---
Get better.
"""


def test_settings_of_a_preset_become_a_program() -> None:
    wished = MetaProgramSettings(
        preset="codex", model="openai/gpt-5", minutes=2, calls=7, env={"EXTRA": "1"}
    )

    program = outside_program(wished)

    assert program.command[:2] == ("codex", "exec")
    assert (program.seconds, program.quota.calls, program.env["EXTRA"]) == (120.0, 7, "1")


def test_codex_is_told_no_name_that_it_knows_tools_for() -> None:
    command = outside_program(MetaProgramSettings(preset="codex")).command

    assert command[command.index("--model") + 1] == "autoloop/{model}"


def test_a_command_takes_the_place_of_the_presets(tmp_path: Path) -> None:
    wished = MetaProgramSettings(preset="codex", command=("codex", "--help"))

    assert outside_program(wished).command == ("codex", "--help")
    assert tmp_path.is_dir()


@pytest.mark.docker
def test_a_real_coding_agent_is_not_answered_by_the_stand_in(
    tmp_path: Path, engine: APIClient
) -> None:
    assert engine.ping()
    program = "---\nmodels: {task: offline, meta: {preset: codex, model: offline}}\n---\n"
    project = make_project(tmp_path / "p", program=program)

    with pytest.raises(SettingsError, match="codex, which needs a language model"):
        Optimizer(project).climb(steps=1)


@pytest.mark.docker
def test_the_doctor_looks_at_the_meta_image_where_one_is_needed(
    tmp_path: Path, engine: APIClient
) -> None:
    assert engine.ping()
    plain = make_project(tmp_path / "plain", program="")
    own = make_project(tmp_path / "own", program=PROGRAM.format(script="exit 1"))

    subjects = [{c.subject: c for c in examine(Project(root=p))} for p in (plain, own)]

    assert "meta image" not in subjects[0]
    assert subjects[1]["meta image"].fine
    assert "for a command of its own" in subjects[1]["meta image"].remark


def _autoloop(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("autoloop"))
    command = [program, "--project", str(folder), *arguments, "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _facts(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate()
    assert process.returncode == 0, err
    facts: dict[str, Any] = json.loads(out)
    return facts


@pytest.mark.docker
@pytest.mark.slow
def test_a_climb_with_a_program_that_is_killed_during_its_work_begins_the_step_anew(
    tmp_path: Path, engine: APIClient
) -> None:
    works = f"autoloop-step spot_check --tasks amber; {EDIT}; {SUBMIT}"
    script = f"grep -q 'cut off' README.md || sleep 600; {works}"
    project = make_project(tmp_path / "p", tasks=7, program=PROGRAM.format(script=script))
    since = int(time.time()) - 1
    climb = _autoloop(project, "climb", "--steps", "1")
    started = engine.events(
        since=since,
        filters={"event": "start", "label": [f"autoloop.pid={climb.pid}", "trial=meta-step-1"]},
    )
    next(iter(itertools.islice(started, 1)))
    (name,) = (path.name for path in (project / "runs").iterdir() if path.is_dir())
    os.kill(climb.pid, signal.SIGKILL)
    climb.communicate()

    facts = _facts(_autoloop(project, "resume", name))

    run = Optimizer(project).run(name)
    assert facts["steps"] == 1
    assert [s.proposal.title for s in run.steps if s.proposal] == ["Be more patient"]
    (record,) = (project / "runs" / name / "meta").iterdir()
    assert record.name.startswith("step-0001-")
    assert "Done: submitted." in (record / "output-2.txt").read_text(encoding="utf-8")
    left = engine.containers(all=True, filters={"label": [f"autoloop.run={name}"]})
    assert left == []
