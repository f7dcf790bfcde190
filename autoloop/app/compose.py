"""Builds the real parts. The one place that knows which adapters exist; they load only here."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from autoloop.app.clock import SystemClock
from autoloop.app.models import real_model
from autoloop.decision.strategies import SearchWish, strategy_by_name, strategy_name
from autoloop.egress import EgressProxy
from autoloop.engines import LocalEngine, default_workers
from autoloop.gateway import EffortModel, SocketGateway, choose_model
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.gateway.offline.meta_model import OfflineMetaModel
from autoloop.gateway.upstream.facts import facts_of
from autoloop.gateway.upstream.retry import Patience
from autoloop.ports import ChatModel, Engine, Sandbox
from autoloop.records import Run, TrialResult
from autoloop.sandbox import DiskShare, DockerSandbox
from autoloop.settings import ModelSettings, Settings
from autoloop.trial import RetryingRunner, SandboxRunner

OFFLINE = "offline"
OFFLINE_CONTEXT = 200_000
"""Tokens; the stand-in itself reads whatever it is sent."""
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


def task_chat_model(
    name: str, settings: ModelSettings, *, patience: Patience | None = None
) -> ChatModel:
    """The model behind every trial's gateway."""
    if name == OFFLINE:
        return OfflineTaskModel()
    return real_model(name, settings, patience=patience)


def meta_chat_model(
    name: str, settings: ModelSettings, *, patience: Patience | None = None
) -> ChatModel:
    """The model that plays the meta-agent."""
    if name == OFFLINE:
        return OfflineMetaModel()
    model = real_model(name, settings, patience=patience)
    return EffortModel(model, settings.meta_effort) if settings.meta_effort else model


def context_of(name: str) -> int | None:
    """What a model can read at once, in tokens; None where nobody knows."""
    return OFFLINE_CONTEXT if name == OFFLINE else facts_of(name).longest_prompt


def judge_model(run: Run) -> ChatModel | None:
    """The model whose opinion of kept edits a run asks for; None: nobody's."""
    settings = Settings.model_validate_json(run.settings)
    name = settings.guards.judge
    return None if name == "none" else real_model(name, settings.models)


def workers_of(settings: Settings) -> int:
    """Trials at once, as settings say it."""
    return default_workers() if settings.workers == "auto" else settings.workers


def strategy_of(settings: Settings) -> str:
    """By what a new run is steered: a name for its record."""
    wish = SearchWish(
        strategy=settings.strategy,
        rule=settings.rule,
        budget=settings.budget.record(),
        workers=workers_of(settings),
    )
    return strategy_name(wish)


def is_mixing(settings: Settings) -> bool:
    """Whether trials of a new run will have several edits on."""
    return strategy_by_name(strategy_of(settings)).mixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything that runs trials."""

    engine: Engine
    sandbox: Sandbox
    meta_image: Callable[[str | None], str]
    """The image for a coding agent in the meta-agent's place, by the name of its preset."""
    open_side: Callable[[], str | None]
    """What containers with a public network reach beside it, and why; None: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePlan:
    """What a machine is built from."""

    project: Path
    run_folder: Path
    """Its name is the run's."""
    settings: Settings
    task_model: str
    stand_in: ChatModel | None = None
    """Answers in place of the task model."""


@contextmanager
def trial_machine(
    plan: MachinePlan, *, on_invalid: Callable[[TrialResult], None]
) -> Iterator[Machine]:
    """Start what trials need; leaving the context removes every container of this run.

    Raises:
        UserError: no container engine answers, or Harbor is asked for and not installed.
    """
    clock, run = SystemClock(), plan.run_folder.name
    with ExitStack() as stack:
        docker = DockerSandbox(
            plan.project,
            run=run,
            agent_folder=plan.settings.agent_folder,
            min_free_gb=plan.settings.min_free_gb or 0.0,
            share=DiskShare(megabytes=plan.settings.trial.disk_mb, files=plan.settings.trial.files),
        )
        sandbox: Sandbox = stack.enter_context(docker)
        if plan.settings.engine == "harbor":
            sandbox = stack.enter_context(_harbor_sandbox(docker, plan))
        sandbox.sweep(run=run)
        model = plan.stand_in or task_chat_model(plan.task_model, plan.settings.models)
        gateway = SocketGateway(model, clock=clock)
        runner = SandboxRunner(
            sandbox,
            stack.enter_context(gateway),
            stack.enter_context(EgressProxy()),
            run_folder=plan.run_folder,
            clock=clock,
            rules=plan.settings.rules(),
        )
        retrying = RetryingRunner(runner, on_invalid=on_invalid)
        engine = LocalEngine(retrying, workers=workers_of(plan.settings))

        def stop_now() -> None:
            engine.close(now=True)
            sandbox.sweep(run=run)

        stack.callback(stop_now)
        yield Machine(
            engine=engine,
            sandbox=sandbox,
            meta_image=docker.meta_image,
            open_side=docker.open_side if sandbox is docker else _elsewhere,
        )


def _elsewhere() -> None:
    """Of Harbor's environments nobody here knows what they reach."""


def _harbor_sandbox(docker: Sandbox, plan: MachinePlan) -> AbstractContextManager[Sandbox]:
    """Where tasks run when the local engine is for agents alone.

    Raises:
        UserError: Harbor is not installed, or has no such environment.
    """
    from autoloop.remote import HarborSandbox

    return HarborSandbox(
        docker,
        environment=plan.settings.environment,
        options=plan.settings.environment_options,
        run=plan.run_folder.name,
        folder=plan.run_folder,
    )
