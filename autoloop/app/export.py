"""Writes what is needed to run a climbed agent under Harbor, on this machine or another."""

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from autoloop.app import looking
from autoloop.app.compose import resolve_models
from autoloop.app.contents import found_tasks, program_of, recorded_settings, tasks_source
from autoloop.app.project import Project, read_agent
from autoloop.app.standing import status
from autoloop.app.tending import template
from autoloop.errors import ProjectError
from autoloop.records import Quota, TaskSet
from autoloop.records.installing import install_command
from autoloop.settings import Settings

BEST = "best"
AGENT_FOLDER = Path("sandboxes") / "agent"
MARK = ".autoloop-export"
"""A folder that has this file is one of ours, and may be written again."""

README = """\
# {title}, for Harbor

`agent.py` here is {origin}.

It runs under [Harbor](https://github.com/laude-institute/harbor) in any of its environments.
agent.py itself never runs on the host: it has a container of its own on this machine, made from
`sandboxes/agent/`, without network and without keys. So a container engine is needed here even
when the tasks run elsewhere.

Once, with Python 3.12 or later:

```
{install}
sandboxes/setup.sh
```

That path is autoloop's own repository; on another machine name the copy of it there. autoloop is
not in the package index: the package of that name there is another project.

Then, in this folder:

```
{commands}
```

{model}

`program.md` holds the quota of each instruction. Another agent.py, folder, quota or seed is named
with `--ak agent_py=…`, `--ak project=…`, `--ak calls=…`, `--ak tokens=…`, `--ak usd=…`,
`--ak seed=…`. The tasks are Harbor's own format and are used where they are.
"""
OFFLINE_MODEL = (
    "`-m offline` is a built-in stand-in, which shows that everything works and nothing more. For a"
    " real model write its name as litellm does, such as `-m anthropic/claude-sonnet-5`, and set"
    " the provider's key in the environment."
)
REAL_MODEL = "Set the provider's key in the environment; autoloop's gateway alone gets to see it."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """An agent.py with how it was run."""

    title: str
    origin: str
    source: str
    settings: Settings
    model: str


def export_harbor(project: Project, agent: str, folder: Path) -> tuple[Path, ...]:
    """Write agent.py, its image, its quota and a README with the command; what was written.

    Args:
        project: Where runs, settings and tasks are.
        agent: `best` (the incumbent of the latest run), the name of a run, or the path of an
            agent.py or of its folder; empty is the project's own.
        folder: Made if it is not there; one that holds something else is refused.

    Raises:
        UserError: agent, settings or folder cannot be used.
    """
    chosen = _chosen(project, agent)
    tasks = found_tasks(tasks_source(project, chosen.settings))
    _claim(folder)
    agent_py, readme, program = folder / "agent.py", folder / "README.md", folder / "program.md"
    agent_py.write_text(chosen.source, encoding="utf-8")
    program.write_text(_program(chosen.settings.trial.quota()), encoding="utf-8")
    readme.write_text(_readme(chosen, tasks), encoding="utf-8")
    image = folder / AGENT_FOLDER
    shutil.copytree(_image_folder(project, chosen.settings), image)
    setup = Path(shutil.copy2(template("sandboxes") / "setup.sh", image.parent))
    return agent_py, program, readme, image, setup


def _chosen(project: Project, agent: str) -> _Chosen:
    if agent == BEST or agent in project.run_names():
        return _of_run(project, project.latest_run(None if agent == BEST else agent))
    path = Path(agent) if agent else project.root / "agent.py"
    path = path / "agent.py" if path.is_dir() else path
    settings = program_of(project).settings
    return _Chosen(
        title=path.absolute().parent.name,
        origin=f"a copy of `{path.absolute()}`",
        source=read_agent(path),
        settings=settings,
        model=resolve_models(settings.models.task, settings.models.meta_name).task,
    )


def _of_run(project: Project, name: str) -> _Chosen:
    run, best = status(project, name).run, looking.best(project, name)
    return _Chosen(
        title=name,
        origin=f"the best of the run `{name}`, commit `{best.commit[:12]}`",
        source=best.source,
        settings=recorded_settings(project, run.settings),
        model=run.task_model,
    )


def _claim(folder: Path) -> None:
    """Make the folder ours; what Harbor wrote beside an earlier export stays."""
    if folder.exists() and not folder.is_dir():
        raise ProjectError(f"{str(folder)!r} is a file: name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / MARK).is_file():
        raise ProjectError(
            f"{str(folder)!r} holds files that no export wrote: name a folder that is empty or not"
            " there yet."
        )
    shutil.rmtree(folder / AGENT_FOLDER, ignore_errors=True)
    (folder / MARK).touch()


def _image_folder(project: Project, settings: Settings) -> Path:
    own = project.root / settings.agent_folder
    return own if (own / "Dockerfile").is_file() else template(str(AGENT_FOLDER))


def _program(quota: Quota) -> str:
    """Front matter that gives each instruction the same quota; JSON is YAML, too."""
    table = {"calls": quota.calls, "tokens": quota.tokens, "usd": quota.usd}
    return f"---\ntrial: {json.dumps(table)}\n---\n"


def _readme(chosen: _Chosen, tasks: TaskSet) -> str:
    offline = chosen.model == "offline"
    return README.format(
        title=chosen.title,
        origin=chosen.origin,
        install=install_command("harbor"),
        commands="\n".join(_command(chosen.model, source) for source in _sources(tasks)),
        model=OFFLINE_MODEL if offline else REAL_MODEL,
    )


def _sources(tasks: TaskSet) -> tuple[Path, ...]:
    """Folders that have tasks right below them, as Harbor wants a dataset."""
    return tuple(sorted({task.folder.absolute().parent for task in tasks.tasks}))


def _command(model: str, source: Path) -> str:
    return shlex.join(
        ["harbor", "run", "-a", "autoloop.harbor:Agent", "-m", model, "-p", str(source)]
    )
