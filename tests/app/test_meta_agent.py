"""The meta-agent of a run, as its settings and its project have it."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.app.meta_agent import CONVERSATIONS, prompts_of, proposer_of, reviewer_of
from autoloop.app.project import Project, find_project
from autoloop.errors import SettingsError
from autoloop.meta import ConversationProposer, ModelReviewer, UnchangedProposer
from autoloop.records import Budget, Run
from autoloop.settings import Settings, override
from autoloop.testing.desk import DeskFake
from tests.app.builders import make_project
from tests.loop.builders import make_run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return find_project(make_project(tmp_path / "project"))


def run_with(**settings: object) -> Run:
    chosen = override("{}", {key.replace("__", "."): value for key, value in settings.items()})
    return replace(make_run(Budget()), meta_model="offline", settings=chosen.model_dump_json())


def lay_out() -> DeskFake:
    return DeskFake(source="def solve(instruction, env, model):\n    pass\n")


def test_prompts_beside_program_md_replace_the_packages(project: Project) -> None:
    (project.root / "prompts").mkdir()
    (project.root / "prompts" / "system.md").write_text("Be bold.")

    prompts = prompts_of(project, Settings())

    assert prompts.text("system") == "Be bold."
    assert prompts.version.startswith("own system (")


def test_the_settings_name_another_folder(project: Project) -> None:
    (project.root / "words").mkdir()
    (project.root / "words" / "small.md").write_text("Be brief.")
    settings = override("{}", {"models.prompts": "words"})

    assert prompts_of(project, settings).text("small") == "Be brief."
    with pytest.raises(SettingsError, match="no folder"):
        prompts_of(project, override("{}", {"models.prompts": "gone"}))


def test_conversations_are_recorded_in_the_runs_folder(project: Project) -> None:
    run = run_with()

    outcome = proposer_of(run, project).propose(lay_out())

    found = list((project.runs / run.name / CONVERSATIONS).iterdir())
    assert [path.name[:9] for path in found] == ["step-0001"]
    assert outcome.prompts.startswith("standard (")


def test_the_settings_limit_a_conversation(project: Project) -> None:
    outcome = proposer_of(run_with(meta__turns=2), project).propose(lay_out())

    assert outcome.reason == "2 turns passed without a submission"


def test_a_calibration_has_neither_conversations_nor_reviewer(project: Project) -> None:
    run = replace(run_with(), name="calibrate-1")

    assert isinstance(proposer_of(run, project), UnchangedProposer)
    assert reviewer_of(run, project) is None


def test_the_reviewer_can_be_left_out(project: Project) -> None:
    assert isinstance(reviewer_of(run_with(), project), ModelReviewer)
    assert isinstance(proposer_of(run_with(), project), ConversationProposer)
    assert reviewer_of(run_with(guards__reviewer="off"), project) is None
