"""The folder that runs a climbed agent under Harbor; needs no Harbor itself."""

from pathlib import Path

import pytest

from autoloop.app.export import export_harbor
from autoloop.app.project import Project
from autoloop.errors import ProjectError, RunError
from autoloop.records.installing import install_command
from autoloop.settings import read_program
from tests.app.builders import AGENT, BETTER, RUN, make_project, record_run

PROGRAM = "---\nmodels: {task: offline}\ntrial: {calls: 7, tokens: null}\n---\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(root=make_project(tmp_path / "project", tasks=2, program=PROGRAM))


def test_everything_that_harbor_needs_is_written(project: Project, tmp_path: Path) -> None:
    written = export_harbor(project, "", tmp_path / "out")

    assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == [
        "agent.py",
        "program.md",
        "README.md",
        "sandboxes/agent",
        "sandboxes/setup.sh",
    ]
    assert all(path.exists() for path in written)
    assert (tmp_path / "out" / "agent.py").read_text(encoding="utf-8") == AGENT
    assert (tmp_path / "out" / "sandboxes" / "agent" / "Dockerfile").is_file()


def test_the_command_names_the_tasks_where_they_are(project: Project, tmp_path: Path) -> None:
    export_harbor(project, "", tmp_path / "out")

    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    tasks = project.root / "tasks"
    assert f"\nharbor run -a autoloop.harbor:Agent -m offline -p {tasks}\n" in readme


def test_harbor_is_installed_from_this_very_repository(project: Project, tmp_path: Path) -> None:
    export_harbor(project, "", tmp_path / "out")

    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert f"\n{install_command('harbor')}\nsandboxes/setup.sh\n" in readme


def test_the_quota_goes_along(project: Project, tmp_path: Path) -> None:
    export_harbor(project, "", tmp_path / "out")

    quota = read_program(tmp_path / "out" / "program.md").settings.trial.quota()
    assert (quota.calls, quota.tokens, quota.usd) == (7, None, None)


@pytest.mark.parametrize("wish", ["best", RUN])
def test_the_best_of_a_run_is_what_it_climbed_to(
    project: Project, tmp_path: Path, wish: str
) -> None:
    record_run(project.root)

    export_harbor(project, wish, tmp_path / "out")

    assert (tmp_path / "out" / "agent.py").read_text(encoding="utf-8") == BETTER
    assert f"the run `{RUN}`" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_an_agent_may_be_named_by_its_path(project: Project, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "agent.py").write_text("# other\n", encoding="utf-8")

    export_harbor(project, str(tmp_path / "other"), tmp_path / "out")

    assert (tmp_path / "out" / "agent.py").read_text(encoding="utf-8") == "# other\n"


def test_the_projects_own_agent_image_is_taken(project: Project, tmp_path: Path) -> None:
    own = project.root / "sandboxes" / "agent"
    own.mkdir(parents=True)
    (own / "Dockerfile").write_text("FROM autoloop/base:bookworm\n# own\n", encoding="utf-8")

    export_harbor(project, "", tmp_path / "out")

    copied = tmp_path / "out" / "sandboxes" / "agent" / "Dockerfile"
    assert copied.read_text(encoding="utf-8").endswith("# own\n")


def test_an_export_may_be_written_again_beside_what_harbor_wrote(
    project: Project, tmp_path: Path
) -> None:
    export_harbor(project, "", tmp_path / "out")
    (tmp_path / "out" / "jobs").mkdir()
    (tmp_path / "out" / "sandboxes" / "agent" / "old").touch()

    export_harbor(project, "", tmp_path / "out")

    assert (tmp_path / "out" / "jobs").is_dir()
    assert not (tmp_path / "out" / "sandboxes" / "agent" / "old").exists()


def test_what_others_wrote_is_not_touched(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ProjectError, match="holds files that no export wrote"):
        export_harbor(project, "", project.root)
    with pytest.raises(ProjectError, match="is a file"):
        export_harbor(project, "", tmp_path / "file")


def test_an_agent_that_is_not_there_is_told(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"nowhere.*is missing"):
        export_harbor(project, "nowhere/agent.py", tmp_path / "out")
    with pytest.raises(RunError, match="There is no run"):
        export_harbor(project, "best", tmp_path / "out")
