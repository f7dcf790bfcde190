"""The end of the agent's time and what is cleared away, without an engine."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import pytest

from autoloop.errors import AgentError, StorageError, TaskError
from autoloop.ports import FileChange, Withheld
from autoloop.records import CommandResult, TrialRules
from autoloop.trial import verify
from autoloop.trial.box import Survey, Surveys
from autoloop.trial.rewards import RewardProblem
from autoloop.trial.steps import users_of_steps
from autoloop.trial.verify import Verification
from tests.trial.builders import (
    GOOD,
    PaperContainer,
    make_box,
    make_plan,
    make_step,
    make_task,
)

PLANTED = "/tests/conftest.py"
QUIRKS = TrialRules(harbor_quirks=True)


class Judged:
    """A verification on paper that ends without a reward."""

    def __init__(
        self,
        folder: Path,
        container: PaperContainer,
        *,
        has_tests: bool = False,
        touched: Mapping[str, FileChange] | None = None,
    ) -> None:
        (folder / "tests").mkdir()
        (folder / "tests" / "test.sh").write_text("#!/bin/bash\n")
        plan = make_plan(folder, container, task=make_task(folder))
        box = make_box(plan, container)
        self.step = plan.task.steps[0]
        self.env = box.agent_env(None)
        survey = Survey(has_tests=has_tests, touched=touched)
        self.verification = Verification(plan, box, Surveys(), survey=survey)

    def run(self) -> None:
        with pytest.raises(RewardProblem):
            self.verification.rewards(self.step, self.env, is_last=True, in_time=True)


def test_a_tests_folder_that_the_agent_made_is_cleared(tmp_path: Path) -> None:
    container = PaperContainer({PLANTED: b"planted"})

    Judged(tmp_path, container).run()

    assert PLANTED not in container.files
    assert "/tests/test.sh" in container.files


def test_a_tests_folder_of_the_image_stays(tmp_path: Path) -> None:
    container = PaperContainer({"/tests/data.txt": b"of the image"})

    Judged(tmp_path, container, has_tests=True).run()

    assert container.files["/tests/data.txt"] == b"of the image"


def test_an_action_that_goes_on_when_time_is_over_gets_a_second_seal(tmp_path: Path) -> None:
    begun, killed = threading.Event(), threading.Event()

    class Sealed(PaperContainer):
        def seal(self, clear: object, **more: object) -> None:  # noqa: ARG002
            self.seals += 1
            killed.set()

    def answer(command: str) -> CommandResult:
        if command == "sleep 9":
            begun.set()
            killed.wait(10)
        return GOOD

    container = Sealed(answer=answer)
    judged = Judged(tmp_path, container)
    thread = threading.Thread(target=judged.env.run, args=["sleep 9"], kwargs={"timeout_s": None})
    thread.start()
    begun.wait(10)
    judged.run()
    thread.join()

    # The third empties the folders, when nothing goes on any more; the last comes after the tests.
    assert container.seals == 4


@pytest.mark.parametrize(("room", "kind"), [(4_096, AgentError), (1 << 40, StorageError)])
def test_a_disk_that_the_agents_own_luggage_filled_is_its_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, kind: type[Exception]
) -> None:
    class Filling(PaperContainer):
        def changes(self, **_more: object) -> tuple[FileChange, ...]:
            return ()

        def pack(self, paths: object, archive: IO[bytes], **more: object) -> tuple[Withheld, ...]:  # noqa: ARG002
            archive.write(b"x" * 100_000)
            archive.flush()
            raise StorageError("The disk is full.")

    monkeypatch.setattr(verify, "MUCH_BYTES", room)
    judged = Judged(tmp_path, Filling(), touched={})

    with pytest.raises(kind, match="disk"):
        judged.verification.rewards(judged.step, judged.env, is_last=True, in_time=True)


def test_an_image_is_looked_at_once_for_each_content_of_a_task(tmp_path: Path) -> None:
    container = PaperContainer(answer=lambda _: CommandResult(exit_code=0, stdout="tests\n"))
    plan = make_plan(tmp_path, container)
    box, surveys = make_box(plan, container), Surveys()

    found = [surveys.of(box, plan, users={"joe": "[agent].user", "1:2": "x"}) for _ in range(3)]

    assert all(survey.has_tests for survey in found)
    assert container.users == ["0", "joe"]


@pytest.mark.parametrize("rules", [TrialRules(), QUIRKS])
def test_an_image_without_bash_is_refused(tmp_path: Path, rules: TrialRules) -> None:
    said = 'exec: "bash": executable file not found in $PATH'
    lacking = CommandResult(exit_code=126, stdout="", stderr=said)
    container = PaperContainer(answer=lambda _: lacking)
    plan = make_plan(tmp_path, container, rules=rules)

    with pytest.raises(TaskError, match=r"'csv/sum' cannot run commands with bash.*not found"):
        Surveys().of(make_box(plan, container), plan, users={})


def test_harbor_does_not_ask_for_users(tmp_path: Path) -> None:
    container = PaperContainer()
    plan = make_plan(tmp_path, container, rules=QUIRKS)

    Surveys().of(make_box(plan, container), plan, users={"ghost": "[agent].user"})

    assert container.users == ["0"]


def test_everybody_who_runs_commands_is_asked_for() -> None:
    steps = (make_step("one", user="joe"), make_step("two", user="ann"))

    assert users_of_steps(steps) == {"joe": "[agent].user", "ann": "[agent].user"}
