"""One of Harbor's environment types, and environments of it made from our records."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harbor.environments.base import BaseEnvironment
from harbor.environments.factory import EnvironmentFactory
from harbor.models.environment_type import EnvironmentType
from harbor.models.task.config import EnvironmentConfig, NetworkMode, NetworkPolicy
from harbor.models.trial.config import EnvironmentConfig as Choice
from harbor.models.trial.paths import TrialPaths

from autoloop.errors import TaskError, UserError
from autoloop.records import Environment, Network

LOCAL_COMPOSE = frozenset({"docker", "podman", "kata"})
"""Types that run `docker compose` here; for the others an overlay would mean another backend."""
INIT_OVERLAY = "services:\n  main:\n    init: true\n    stop_grace_period: 0s\n"
"""Without an init, `sleep infinity` ignores the request to end, and each end takes 10 s."""
MODES = {"public": NetworkMode.PUBLIC, "none": NetworkMode.NO_NETWORK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """An environment type by Harbor's name for it, or by import path, with its options."""

    name: str
    options: Mapping[str, object]
    overlay: Path
    """Where the compose overlay for local types is written."""

    def check(self) -> None:
        """Ask Harbor whether it can be used: name, packages, credentials.

        Raises:
            UserError: it cannot.
        """
        choice = self._choice({})
        try:
            EnvironmentFactory.run_preflight(choice.type, choice.import_path)
        except (SystemExit, ImportError, ValueError) as error:
            raise UserError(
                f"Harbor's environment {self.name!r} cannot be used: {error}"
            ) from error
        if self.name in LOCAL_COMPOSE:
            self.overlay.write_text(INIT_OVERLAY, encoding="utf-8")

    def make(self, environment: Environment, *, session: str, folder: Path) -> BaseEnvironment:
        """An environment that is not started yet; `folder` is for what Harbor writes beside it.

        Raises:
            TaskError: this type cannot give what the task asks for.
        """
        if environment.network.mode == "allowlist":
            raise TaskError(
                f"Harbor's environment {self.name!r} cannot carry autoloop's egress proxy: run"
                " tasks whose network_mode is 'allowlist' with `engine: docker`."
            )
        if not (environment.image or environment.dockerfile or environment.compose):
            raise TaskError(
                f"{environment.folder} has no Dockerfile and no docker-compose.yaml, and task.toml"
                " names no image: add one, or set docker_image under [environment]."
            )
        paths = TrialPaths(trial_dir=folder)
        try:
            paths.mkdir()
            return EnvironmentFactory.create_environment_from_config(
                self._choice(environment.env),
                environment_dir=environment.folder,
                environment_name=session.rpartition("__")[0],
                session_id=session,
                trial_paths=paths,
                task_env_config=_config(environment),
                network_policy=_policy(environment.network),
                enable_environment_dir_upload=environment.uploads,
            )
        except (ValueError, TypeError, OSError, RuntimeError, ImportError) as error:
            raise TaskError(
                f"Harbor's environment {self.name!r} cannot run {environment.folder}: {error}"
            ) from error

    def examine(self, environment: Environment) -> None:
        """Refuse what this type cannot give, without starting anything."""
        with TemporaryDirectory(prefix="autoloop-harbor-") as folder:
            self.make(environment, session="check__check", folder=Path(folder))

    def _choice(self, env: Mapping[str, str]) -> Choice:
        overlays = [self.overlay] if self.overlay.is_file() else []
        if ":" in self.name:
            return Choice(import_path=self.name, env=dict(env), kwargs=dict(self.options))
        known = sorted(kind.value for kind in EnvironmentType)
        if self.name not in known:
            raise UserError(
                f"Harbor has no environment {self.name!r}; write one of {', '.join(known)}, or"
                " 'package.module:Class' for one of your own."
            )
        return Choice(
            type=EnvironmentType(self.name),
            env=dict(env),
            kwargs=dict(self.options),
            extra_docker_compose=overlays,
        )


def _config(environment: Environment) -> EnvironmentConfig:
    """Without its env: Harbor would read `${}` in it, and ours has been resolved."""
    resources = environment.resources
    return EnvironmentConfig(
        build_timeout_sec=environment.build_timeout_s,
        docker_image=environment.image,
        cpus=None if resources.cpus is None else math.ceil(resources.cpus),
        memory_mb=resources.memory_mb,
        storage_mb=resources.storage_mb,
        gpus=resources.gpus or None,
        workdir=environment.workdir,
    )


def _policy(network: Network) -> NetworkPolicy:
    return NetworkPolicy(network_mode=MODES[network.mode])
