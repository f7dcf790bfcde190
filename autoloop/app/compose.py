"""Builds the real parts. The one place that knows which adapters exist; they load only here."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from autoloop.app.clock import SystemClock
from autoloop.engines import LocalEngine, default_workers
from autoloop.gateway import SocketGateway, choose_model
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.gateway.offline.meta_model import OfflineMetaModel
from autoloop.ports import ChatModel, Engine, Sandbox
from autoloop.records import TrialResult
from autoloop.sandbox import DockerSandbox
from autoloop.trial import RetryingRunner, SandboxRunner

OFFLINE = "offline"
OFFLINE_BANNER = (
    "A built-in stand-in answers in place of a language model. It is not one, and its scores mean"
    " nothing beyond showing that the loop works. To climb for real, set a provider's key, such as"
    " ANTHROPIC_API_KEY, and leave `models` in program.md at auto."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNames:
    """The models of a run, resolved from settings and environment."""

    task: str
    meta: str


def resolve_models(task: str, meta: str) -> ModelNames:
    """What `auto` and `same` mean on this machine."""
    chosen = choose_model(task, os.environ)
    return ModelNames(
        task=chosen, meta=chosen if meta == "same" else choose_model(meta, os.environ)
    )


def task_chat_model(name: str) -> ChatModel:
    """The model behind every trial's gateway."""
    if name == OFFLINE:
        return OfflineTaskModel()
    return _real_model(name)


def meta_chat_model(name: str) -> ChatModel:
    """The model that plays the meta-agent."""
    if name == OFFLINE:
        return OfflineMetaModel()
    return _real_model(name)


def _real_model(name: str) -> ChatModel:
    from autoloop.gateway.upstream.litellm_model import LitellmModel

    return LitellmModel(name)


def require_engine(project: Path) -> None:
    """Ask whether a container engine answers, before a new run leaves anything on disk.

    Raises:
        UserError: none does.
    """
    DockerSandbox(project, run="none").close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything that runs trials."""

    engine: Engine
    sandbox: Sandbox
    stop_now: Callable[[], None]
    """Ends all trials at once."""


@contextmanager
def trial_machine(
    project: Path,
    run_folder: Path,
    *,
    task_model: str,
    workers: int | None,
    timeout_s: float,
    on_invalid: Callable[[TrialResult], None],
) -> Iterator[Machine]:
    """Start what trials need; leaving the context removes every container of this run."""
    clock = SystemClock()
    with ExitStack() as stack:
        sandbox = stack.enter_context(DockerSandbox(project, run=run_folder.name))
        sandbox.sweep(run=run_folder.name)
        gateway = stack.enter_context(SocketGateway(task_chat_model(task_model), clock=clock))
        runner = SandboxRunner(
            sandbox, gateway, run_folder=run_folder, clock=clock, default_timeout_s=timeout_s
        )
        engine = LocalEngine(
            RetryingRunner(runner, on_invalid=on_invalid), workers=workers or default_workers()
        )

        def stop_now() -> None:
            engine.close(now=True)
            sandbox.sweep(run=run_folder.name)

        stack.callback(stop_now)
        yield Machine(engine=engine, sandbox=sandbox, stop_now=stop_now)
