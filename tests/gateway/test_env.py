"""The task container's side of a trial's socket."""

import base64
import threading
from pathlib import Path

import pytest

from autoloop.errors import EngineError
from autoloop.gateway import TraceLimits
from autoloop.records import AgentEnd, AgentNote, CommandResult, EnvCall
from autoloop.testing.environments import LocalEnv
from autoloop.testing.models import ScriptedModel
from tests.gateway.conftest import OpenTrial, Trial


class BrokenEnv(LocalEnv):
    """An environment whose engine has gone away."""

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        del command, timeout_s, user
        raise EngineError("The container engine does not answer.")


@pytest.fixture
def trial(open_trial: OpenTrial) -> Trial:
    return open_trial(ScriptedModel([]))


def _events(trial: Trial) -> list[EnvCall]:
    return [event for event in trial.session.events if isinstance(event, EnvCall)]


def test_the_start_message_holds_agent_and_instruction(trial: Trial) -> None:
    assert trial.get("/autoloop/start").body == {
        "agent_source": "def solve(): ...",
        "instruction": "Do it.",
        "mcp_servers": [],
        "skills_dir": None,
        "trajectory": None,
    }


def test_a_command_runs_and_is_recorded(trial: Trial) -> None:
    answer = trial.post("/autoloop/env/run", {"command": "echo out; echo err >&2; exit 3"})

    event = _events(trial)[0]
    assert (answer.body["stdout"], answer.body["exit_code"]) == ("out\n", 3)
    assert (event.action, event.result.stderr, event.result.exit_code) == ("run", "err\n", 3)
    assert event.argument == "echo out; echo err >&2; exit 3"


def test_a_timeout_is_part_of_the_result(trial: Trial) -> None:
    answer = trial.post("/autoloop/env/run", {"command": "sleep 60", "timeout_s": 0.1})

    assert (answer.status, answer.body["timed_out"]) == (200, True)


def test_what_is_written_can_be_read_back(trial: Trial) -> None:
    content = base64.b64encode(bytes(range(256))).decode()

    trial.post("/autoloop/env/write", {"path": "/app/a.bin", "content_base64": content})
    answer = trial.post("/autoloop/env/read", {"path": "/app/a.bin"})

    assert answer.body == {"content_base64": content}
    assert [event.action for event in _events(trial)] == ["write", "read"]


def test_the_trace_shows_text_and_the_size_of_what_is_none(trial: Trial) -> None:
    for data in ("grün".encode(), b"\x00\x01"):
        content = base64.b64encode(data).decode()
        trial.post("/autoloop/env/write", {"path": "/app/a", "content_base64": content})

    shown = [event.result.stdout for event in _events(trial)]
    assert shown == [
        "5 bytes written:\ngrün",
        "2 bytes written:\n[autoloop: 2 bytes that are no text]",
    ]


def test_a_file_that_is_not_there_is_404_and_recorded(trial: Trial) -> None:
    answer = trial.post("/autoloop/env/read", {"path": "/nowhere"})

    assert answer.status == 404
    assert "nowhere" in answer.error
    assert _events(trial)[0].result.exit_code == 2


def test_a_folder_cannot_be_read_as_a_file(trial: Trial) -> None:
    assert trial.post("/autoloop/env/read", {"path": "/"}).status == 400


def test_an_engine_that_fails_is_the_machines_trouble(
    open_trial: OpenTrial, tmp_path: Path
) -> None:
    trial = open_trial(ScriptedModel([]), env=BrokenEnv(tmp_path))

    answer = trial.post("/autoloop/env/run", {"command": "ls"})

    assert answer.status == 500
    assert isinstance(trial.session.trouble, EngineError)
    assert _events(trial)[0].result.stderr == "The container engine does not answer."


def test_a_note_is_recorded_between_what_happened(trial: Trial) -> None:
    trial.post("/autoloop/env/run", {"command": "true"})
    trial.post("/autoloop/note", {"text": "I am thinking."})

    assert [type(event) for event in trial.session.events] == [EnvCall, AgentNote]


def test_the_end_is_reported_once(trial: Trial) -> None:
    trial.post("/autoloop/finish", {"finished": True, "error": None})
    trial.session.stop(AgentEnd(finished=False, error="killed"))

    assert trial.session.wait(0) == AgentEnd(finished=True)


def test_waiting_gives_none_at_the_timeout(trial: Trial) -> None:
    assert trial.session.wait(0.01) is None


def test_waiting_ends_when_the_agent_reports(trial: Trial) -> None:
    ends: list[AgentEnd | None] = []
    waiter = threading.Thread(target=lambda: ends.append(trial.session.wait(20)))
    waiter.start()

    trial.post("/autoloop/finish", {"finished": False, "error": "Traceback ..."})
    waiter.join()

    assert ends == [AgentEnd(finished=False, error="Traceback ...")]


def test_nothing_is_done_after_the_end(trial: Trial) -> None:
    trial.session.stop(AgentEnd(finished=False, error="gone"))

    answer = trial.post("/autoloop/env/run", {"command": "touch late"})

    assert (answer.status, _events(trial)) == (410, [])


def test_long_output_is_recorded_with_its_head_and_tail(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([]), limits=TraceLimits(text=100))

    answer = trial.post("/autoloop/env/run", {"command": "seq 1000"})

    recorded = _events(trial)[0].result.stdout
    assert len(str(answer.body["stdout"])) == 3893
    assert recorded.startswith("1\n2\n")
    assert recorded.endswith("1000\n")
    assert "[... 3793 characters not recorded ...]" in recorded
