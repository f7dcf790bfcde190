"""Steps of scripted coding agents: real containers, a real gateway, a desk laid out by hand."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.app.clock import SystemClock
from autoloop.gateway import SocketGateway
from autoloop.meta.outside import OutsideProgram, OutsideProposer
from autoloop.ports import ChatModel, ProposalOutcome
from autoloop.records import Quota
from autoloop.sandbox import DockerSandbox
from autoloop.testing.desk import DeskFake
from autoloop.testing.models import ScriptedModel, reply
from tests.meta.builders import desk as make_desk

ROOT = Path(__file__).parents[3]
RUN = f"test-outside-{os.getpid()}"
SUBMIT = (
    'autoloop-step submit --title "Use another prompt" --hypothesis "It forgets the details."'
    ' --expected "Fewer lost details." --generality "Yes, it names no task at all."'
    ' --kind "control flow" --chance 0.4'
)
EDIT = "sed -i 's/Solve it/Solve it with care/' agent.py"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that has ended."""

    outcome: ProposalOutcome
    desk: DeskFake
    model: ScriptedModel
    folder: Path

    @property
    def printed(self) -> str:
        return self.text("output.txt")

    def text(self, name: str) -> str:
        found = sorted(self.folder.glob(f"*/{name}"))
        return found[-1].read_text(encoding="utf-8")


@dataclass(kw_only=True)
class Workplace:
    """Where scripted coding agents work."""

    sandbox: DockerSandbox
    folder: Path
    desk: DeskFake = field(default_factory=make_desk)
    answers: Sequence[str] = ("I would add a check.",)

    def run(
        self,
        script: str,
        *,
        seconds: float = 60.0,
        grace_s: float = 5.0,
        quota: Quota | None = None,
        model: ChatModel | None = None,
        spot_checks: int = 3,
    ) -> Step:
        """Let a script for bash be the coding agent of a step."""
        asked = ScriptedModel(lambda _: reply(self.answers[0]))
        program = OutsideProgram(
            command=("bash", "-c", script),
            seconds=seconds,
            grace_s=grace_s,
            quota=quota or Quota(calls=None, tokens=None),
            spot_checks=spot_checks,
        )
        with SocketGateway(model or asked, clock=SystemClock()) as gateway:
            proposer = OutsideProposer(
                self.sandbox,
                gateway,
                program=program,
                image=self.sandbox.meta_image(None),
                folder=self.folder,
            )
            outcome = proposer.propose(self.desk)
        return Step(outcome=outcome, desk=self.desk, model=asked, folder=self.folder)


@pytest.fixture(scope="session")
def sandbox(engine: APIClient) -> Iterator[DockerSandbox]:
    assert engine.ping()
    with DockerSandbox(ROOT, run=RUN) as sandbox:
        yield sandbox


@pytest.fixture
def workplace(sandbox: DockerSandbox, tmp_path: Path) -> Workplace:
    return Workplace(sandbox=sandbox, folder=tmp_path / "meta")
