"""Who makes and who reviews the edits of a run."""

from pathlib import Path

from autoloop.app.compose import context_of, meta_chat_model, resolve_models
from autoloop.app.project import Project, is_calibration
from autoloop.meta import (
    ConversationProposer,
    ModelReviewer,
    Prompts,
    TalkLimits,
    UnchangedProposer,
)
from autoloop.meta.conversation import USUAL
from autoloop.ports import Proposer, Reviewer
from autoloop.records import Run
from autoloop.settings import Settings

PROMPTS = "prompts"
"""Folder beside program.md that may hold prompts of the project."""
CONVERSATIONS = "conversations"
"""Folder within a run's own: one file for each conversation."""


def prompts_of(project: Project, settings: Settings) -> Prompts:
    """What the meta-agent and its reviewer are told in this project.

    Raises:
        SettingsError: a file in the folder of prompts is none, or cannot be read.
    """
    named = settings.models.prompts
    folder = project.root / Path(named or PROMPTS).expanduser()
    return Prompts.of_folder(folder, named=named is not None)


def proposer_of(run: Run, project: Project) -> Proposer:
    """Who edits; a calibration that is resumed stays one."""
    if is_calibration(run.name):
        return UnchangedProposer()
    settings = Settings.model_validate_json(run.settings)
    return ConversationProposer(
        meta_chat_model(run.meta_model, settings.models),
        limits=_limits(settings, run.meta_model),
        seed=run.seed,
        prompts=prompts_of(project, settings),
        folder=project.runs / run.name / CONVERSATIONS,
    )


def reviewer_of(run: Run, project: Project) -> Reviewer | None:
    """Who looks at the edits of the meta-agent; a calibration has none to look at."""
    settings = Settings.model_validate_json(run.settings)
    if settings.guards.reviewer == "off" or is_calibration(run.name):
        return None
    name = settings.guards.reviewer_model
    model = run.meta_model if name == "same" else resolve_models(name, "same").task
    prompts = prompts_of(project, settings)
    return ModelReviewer(meta_chat_model(model, settings.models), seed=run.seed, prompts=prompts)


def _limits(settings: Settings, model: str) -> TalkLimits:
    meta = settings.meta
    known = meta.context_tokens or context_of(model)
    return TalkLimits(
        turns=meta.turns,
        tokens=meta.tokens,
        spot_checks=meta.spot_checks,
        alternatives=meta.alternatives,
        context_tokens=known or USUAL.context_tokens,
    )
