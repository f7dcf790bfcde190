"""The compose plugin: resolves a task's file, builds what only it can build, starts projects."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from autoloop.errors import ImageError, TaskError
from autoloop.records import Environment, Resources
from autoloop.sandbox.cli import Call, DockerCli, host_environment
from autoloop.sandbox.composition import LOG_PATHS, MAIN, OUR_COMMAND, Composition
from autoloop.sandbox.containers import refuse_start

NAME = "task"
"""Of the project while its file is resolved; every trial has another."""
LEGACY_VARIABLES = {
    f"{side}_{name}_PATH": path for side in ("HOST", "ENV") for name, path in LOG_PATHS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as the compose plugin is to build or start it."""

    name: str
    folder: Path
    """What relative paths are relative to."""
    document: str
    """Its file."""
    env: Mapping[str, str] = field(default_factory=dict)
    """What the plugin sees beside this machine's environment."""


class Compose:
    """Calls of `docker compose`; any thread may make them."""

    def __init__(self, cli: DockerCli) -> None:
        self._cli = cli

    def resolve(
        self, environment: Environment, file: Path, *, main_image: str, timeout_s: float
    ) -> Composition:
        """The task's file on top of what Harbor gives every task, variables filled in.

        Raises:
            TaskError: the plugin is not here.
            ImageError: the file is wrong.
        """
        self._require_plugin()
        with TemporaryDirectory(prefix="autoloop-compose-") as made:
            files = [Path(made, "resources.json"), Path(made, "main.json"), file]
            files[0].write_text(_file_of_main(_resources(environment.resources)))
            files[1].write_text(_file_of_main(_image(environment)))
            output = Path(made, "resolved.json")
            options = ("config", "--format", "json", "--output", str(output))
            variables = {**environment.env, **variables_of(environment, main_image)}
            project = Project(name=NAME, folder=environment.folder, document="", env=variables)
            what = f"{file} cannot be used"
            self._cli.run(_call(project, files, options, what=what, timeout_s=timeout_s))
            return Composition(output.read_text())

    def build(self, project: Project, services: Iterable[str], *, timeout_s: float) -> None:
        """Build the images of services.

        Raises:
            ImageError: with the end of the log.
        """
        what = f"The images of {project.folder} do not build"
        self._run(project, ("build", *services), what=what, timeout_s=timeout_s)

    def create(self, project: Project, *, timeout_s: float) -> None:
        """Create the project's containers without starting them.

        Raises:
            ImageError: with the end of the output.
        """
        what = f"The containers of {project.folder} cannot be made"
        self._run(project, ("create",), what=what, timeout_s=timeout_s)

    def up(self, project: Project, *, waits: bool, timeout_s: float) -> None:
        """Start the project; with `waits`, until all services run and are healthy.

        Raises:
            ImageError: with the end of the output.
            TaskError: it asks for a GPU, and the engine has none.
        """
        options = ("up", "--detach", *(("--wait",) if waits else ()))
        what = f"The services of {project.folder} do not start"
        try:
            self._run(project, options, what=what, timeout_s=timeout_s)
        except ImageError as error:
            refuse_start(str(error), image=f"of a service of {project.folder}", cause=error)
            raise

    def _run(
        self, project: Project, options: tuple[str, ...], *, what: str, timeout_s: float
    ) -> None:
        with TemporaryDirectory(prefix="autoloop-compose-") as made:
            file = Path(made, "project.json")
            file.write_text(project.document)
            self._cli.run(_call(project, [file], options, what=what, timeout_s=timeout_s))

    def _require_plugin(self) -> None:
        if not self._cli.has("compose"):
            raise TaskError(
                "The task has a docker-compose.yaml, which takes Docker's command line with its "
                "compose plugin (version 2), and `docker compose version` does not run here: run "
                "sandboxes/setup.sh, which installs it on Debian and Ubuntu."
            )


def variables_of(environment: Environment, main_image: str) -> dict[str, str]:
    """The variables that Harbor gives every compose file; they win over the task's own."""
    limits = environment.resources
    known = {
        "MAIN_IMAGE_NAME": main_image,
        "CONTEXT_DIR": str(environment.folder.resolve()),
        "PREBUILT_IMAGE_NAME": environment.image,
        "CPUS": None if limits.cpus is None else f"{limits.cpus:g}",
        "MEMORY": None if limits.memory_mb is None else f"{limits.memory_mb}M",
    }
    return {name: value for name, value in known.items() if value is not None} | LEGACY_VARIABLES


def _call(
    project: Project, files: list[Path], options: tuple[str, ...], *, what: str, timeout_s: float
) -> Call:
    naming = ("--project-name", project.name, "--project-directory", str(project.folder))
    named = [part for file in files for part in ("--file", str(file))]
    return Call(
        arguments=("compose", "--ansi", "never", *naming, *named, *options),
        what=what,
        timeout_s=timeout_s,
        env={**host_environment(), **project.env},
        folder=project.folder,
    )


def _resources(limits: Resources) -> dict[str, object]:
    cpus = {} if limits.cpus is None else {"cpus": limits.cpus}
    return cpus | ({} if limits.memory_mb is None else {"mem_limit": f"{limits.memory_mb}m"})


def _image(environment: Environment) -> dict[str, object]:
    """Where `main` comes from, unless the task's file says otherwise."""
    waiting: dict[str, object] = {"command": list(OUR_COMMAND)}
    if environment.image is not None:
        return {**waiting, "image": environment.image}
    if environment.dockerfile is None:
        return waiting
    return {**waiting, "build": {"context": str(environment.folder.resolve())}}


def _file_of_main(config: dict[str, object]) -> str:
    # A dollar sign is doubled, or compose would take it for a variable.
    return json.dumps({"services": {MAIN: config}}).replace("$", "$$")
