"""Who makes the edits of a run: a model in a conversation, or a coding agent in a container."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from autoloop.app.clock import SystemClock
from autoloop.app.compose import OFFLINE, Machine, meta_chat_model
from autoloop.app.meta_agent import prompts_of, proposer_of
from autoloop.app.project import Project, is_calibration
from autoloop.errors import SettingsError
from autoloop.gateway import SocketGateway
from autoloop.meta.outside import OutsideProgram, OutsideProposer, preset_or
from autoloop.ports import Proposer
from autoloop.records import Run
from autoloop.settings import MetaProgramSettings, Settings

SECONDS_PER_MINUTE = 60.0
FOLDER = "meta"
"""Within a run's own: what coding agents printed and asked."""


@contextmanager
def meta_agent(run: Run, machine: Machine, project: Project) -> Iterator[Proposer]:
    """Who edits in this run; a calibration that is resumed stays one."""
    settings = Settings.model_validate_json(run.settings)
    wished = settings.models.program
    if wished is None or is_calibration(run.name):
        yield proposer_of(run, project)
    else:
        refuse_stand_in(wished, run.meta_model)
        with SocketGateway(
            meta_chat_model(run.meta_model, settings.models), clock=SystemClock()
        ) as gateway:
            yield OutsideProposer(
                machine.sandbox,
                gateway,
                program=replace(
                    outside_program(wished),
                    alternatives=settings.meta.alternatives,
                    prompts=prompts_of(project, settings),
                ),
                image=machine.meta_image(wished.preset),
                folder=project.runs / run.name / FOLDER,
                seed=run.seed,
            )


def outside_program(wished: MetaProgramSettings) -> OutsideProgram:
    """The program that settings ask for."""
    return replace(
        preset_or(wished.preset, wished.command, env=wished.env),
        seconds=wished.minutes * SECONDS_PER_MINUTE,
        quota=wished.quota(),
        spot_checks=wished.spot_checks,
    )


def refuse_stand_in(wished: MetaProgramSettings, model: str) -> None:
    """Refuse a real coding agent without a real model.

    Raises:
        SettingsError: the stand-in would answer it.
    """
    if wished.preset is not None and model == OFFLINE:
        raise SettingsError(
            f"'models.meta' asks for {wished.preset}, which needs a language model: set a"
            " provider's key, or name a model with `models: {meta: {preset: "
            f"{wished.preset}, model: openai/gpt-5}}}}`."
        )
