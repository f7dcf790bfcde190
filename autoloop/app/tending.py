"""Looks after a project: its first files, cleaning up, and whether the machine is ready."""

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from autoloop.app.climbing import refuse_broken
from autoloop.app.compose import resolve_models
from autoloop.app.contents import program_of, split_tasks, usable_tasks
from autoloop.app.project import CALIBRATE, Project
from autoloop.app.reference import find_harbor, harbor_version
from autoloop.app.results import Checkup, Cleaned
from autoloop.errors import AutoloopError
from autoloop.records import Split
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.cli import DockerCli
from autoloop.store import SqliteStore, forget_removed, request_stop
from autoloop.tasks import new_task
from autoloop.workspace import GitWorkspace

PACKAGE = Path(__file__).resolve().parents[1]
LEAST_FREE_GB = 5.0
PLUGINS = {
    "compose": "tasks of several containers",
    "buildx": "builds with BuildKit, such as heredocs in Dockerfiles",
}


def template(name: str) -> Path:
    """A file or folder of the default project: beside the package in a checkout, else inside it."""
    packed = PACKAGE / "template" / name
    return packed if packed.exists() else PACKAGE.parent / name


def init_project(folder: Path) -> tuple[Path, ...]:
    """Write what is missing of a project and return it; nothing that exists is touched."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in ("agent.py", "program.md") if not (folder / name).exists()]
    written = [Path(shutil.copyfile(template(name), folder / name)) for name in missing]
    if not (folder / "sandboxes").exists():
        written.append(shutil.copytree(template("sandboxes"), folder / "sandboxes"))
    if not (folder / "tasks").exists():
        written.append(new_task(folder / "tasks", "hello"))
    ignore = folder / ".gitignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.exists() else []
    if not {"runs/", "runs/*"} & set(lines):
        ignore.write_text("\n".join([*lines, "runs/"]) + "\n", encoding="utf-8")
        written.append(ignore)
    return tuple(written)


def examine(project: Project) -> Iterator[Checkup]:
    """Look at everything a climb needs, one thing after the other."""
    yield Checkup(subject="python", fine=True, remark=sys.version.split()[0])
    engine = _looked_at("engine", lambda: _engine(project))
    yield engine
    for plugin, purpose in PLUGINS.items():
        yield _looked_at(plugin, partial(_plugin, plugin, purpose))
    if engine.fine:
        yield _looked_at("network", lambda: _network(project))
        yield _looked_at("agent image", lambda: _agent_image(project))
        if _has_meta_program(project):
            yield _looked_at("meta image", lambda: _meta_image(project))
    yield _looked_at("harbor", _harbor)
    yield _looked_at("git", lambda: _git(project))
    yield _looked_at("settings", lambda: _models(project))
    yield _looked_at("agent.py", lambda: _agent(project))
    yield _looked_at("tasks", lambda: _tasks(project))
    free_gb = shutil.disk_usage(project.root).free / 1e9
    yield Checkup(subject="disk", fine=free_gb >= LEAST_FREE_GB, remark=f"{free_gb:.0f} GB free")


def _looked_at(subject: str, look: Callable[[], str]) -> Checkup:
    try:
        return Checkup(subject=subject, fine=True, remark=look())
    except AutoloopError as error:
        return Checkup(subject=subject, fine=False, remark=str(error))


def _engine(project: Project) -> str:
    with DockerSandbox(project.root, run="doctor"):
        return "answers"


def _network(project: Project) -> str:
    """A climb does without a fence, and its start says so."""
    with DockerSandbox(project.root, run="doctor") as sandbox:
        what = sandbox.open_side()
    if what is None:
        return "containers with a public network are kept from this machine and from each other"
    return f"containers with a public network reach {what}"


def _plugin(plugin: str, purpose: str) -> str:
    """Few projects need one; a task that does says so itself."""
    if DockerCli().has(plugin):
        return "answers"
    return f"not here; needed for {purpose}. sandboxes/setup.sh brings it."


def _agent_image(project: Project) -> str:
    folder = program_of(project).settings.agent_folder
    with DockerSandbox(project.root, run="doctor", agent_folder=folder) as sandbox:
        return f"{sandbox.agent_image()[:19]} of {folder}"


def _has_meta_program(project: Project) -> bool:
    """Whether a coding agent takes the meta-agent's place; settings that are wrong say no."""
    try:
        return program_of(project).settings.models.program is not None
    except AutoloopError:
        return False


def _meta_image(project: Project) -> str:
    program = program_of(project).settings.models.program
    preset = program.preset if program else None
    with DockerSandbox(project.root, run="doctor") as sandbox:
        return f"{sandbox.meta_image(preset)[:19]} for {preset or 'a command of its own'}"


def _harbor() -> str:
    python = find_harbor()
    if python is None:
        return "none found; only comparing with Harbor and `engine: harbor` need it"
    return f"{harbor_version(python)} in {python}"


def _git(project: Project) -> str:
    with closing(GitWorkspace(project.root)) as workspace:
        return f"{len(workspace.runs())} runs have branches"


def _models(project: Project) -> str:
    models = program_of(project).settings.models
    names = resolve_models(models.task, models.meta_name)
    return f"task model {names.task}, meta model {names.meta}"


def _agent(project: Project) -> str:
    source = project.agent_source()
    refuse_broken(source, project)
    return f"{len(source.splitlines())} lines"


def _tasks(project: Project) -> str:
    tasks = usable_tasks(project)
    counts = Counter(split_tasks(project, tasks).values())
    return f"{len(tasks)} usable: " + ", ".join(f"{counts[s]} {s.value}" for s in Split)


def clean(project: Project, *, keep: int | None, images: int | None) -> Cleaned:
    """Remove containers of dead runs and, with `keep`, all but the newest runs with their refs.

    With `images` also all images of tasks but so many. A run that a process works on is left alone.
    The archive forgets the trials of runs that are gone.
    """
    with DockerSandbox(project.root, run="gc") as sandbox:
        containers = sandbox.sweep()
        collected = None if images is None else sandbox.collect(keep=images)
    gone: list[str] = []
    if keep is not None:
        names = [*project.run_names(), *project.calibration_names()]
        names.sort(key=lambda name: name.removeprefix(CALIBRATE))
        with closing(GitWorkspace(project.root)) as workspace:
            for name in names[: max(0, len(names) - keep)]:
                with closing(SqliteStore.open(project.runs / name)):
                    workspace.remove_run(name)
                    shutil.rmtree(project.runs / name)
                gone.append(name)
    # Also those that were deleted by hand, or by a `gc` that was killed.
    forget_removed(project.runs)
    return Cleaned(
        containers=containers,
        runs=tuple(gone),
        images=collected.images if collected else 0,
        freed_bytes=collected.freed_bytes if collected else 0,
    )


def ask_to_stop(project: Project, run: str) -> None:
    """Ask the process that works on a run to end cleanly."""
    request_stop(project.run_folder(run))
