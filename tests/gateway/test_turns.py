"""A session gives its agent one turn after the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autoloop.errors import ProviderError, RunError
from autoloop.gateway import SocketGateway
from autoloop.gateway.turns import MAX_WAITING
from autoloop.harness.door import Answer, Door
from autoloop.ports import Grant, Session, Turn
from autoloop.records import AgentEnd, CommandResult, McpServer, Quota
from autoloop.testing.environments import LocalEnv
from autoloop.testing.models import ScriptedModel
from tests.gateway.conftest import OpenTrial, TickingClock, Trial

DONE = AgentEnd(finished=True)
GONE = AgentEnd(finished=False, error="its process ended")


class StrictEnv(LocalEnv):
    """An environment in which the agent may not be root."""

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        del timeout_s
        if user == "root":
            raise PermissionError("The task names the user 'joe'; the agent cannot be 'root'.")
        return CommandResult(exit_code=0, stdout=f"{command} as {user}")


@pytest.fixture
def trial(open_trial: OpenTrial) -> Trial:
    return open_trial(ScriptedModel([]))


@pytest.fixture
def session() -> Iterator[Session]:
    """A session whose first turn is not begun."""
    grant = Grant(trial="t", agent_source="", seed=1, quota=Quota())
    gateway = SocketGateway(ScriptedModel([]), clock=TickingClock())
    with gateway, gateway.open(grant) as session:
        yield session


def _door(session: Session) -> Door:
    return Door(str(session.folder / "sock"))


@contextmanager
def _starting(session: Session, times: int = 1) -> Iterator[list[Answer]]:
    """Ask for the next turn, several times at once; the answers are there at the end."""
    answers: list[Answer] = []
    asking = [
        threading.Thread(target=lambda: answers.append(_door(session).get("/autoloop/start")))
        for _ in range(times)
    ]
    for thread in asking:
        thread.start()
    yield answers
    for thread in asking:
        thread.join()


def _wait_until_began(session: Session) -> None:
    while not session.began:
        threading.Event().wait(0.001)


def test_the_start_waits_until_a_turn_is_begun(session: Session, tmp_path: Path) -> None:
    with _starting(session) as answers:
        _wait_until_began(session)
        assert answers == []
        session.begin(Turn(instruction="Now.", env=LocalEnv(tmp_path)))

    assert answers[0].body["instruction"] == "Now."


def test_a_start_that_waits_ends_with_the_trial(session: Session) -> None:
    with _starting(session) as answers:
        _wait_until_began(session)
        session.stop(GONE)

    assert (answers[0].status, "has ended" in answers[0].error) == (410, True)


def test_a_second_turn_follows_the_report_of_the_first(trial: Trial, tmp_path: Path) -> None:
    trial.post("/autoloop/finish", {"finished": True})
    assert trial.session.wait(0) == DONE

    trial.session.begin(Turn(instruction="More.", env=LocalEnv(tmp_path)))

    assert trial.session.wait(0.01) is None
    assert trial.get("/autoloop/start").body["instruction"] == "More."


def test_a_turn_acts_in_its_own_environment(trial: Trial, tmp_path: Path) -> None:
    trial.post("/autoloop/finish", {"finished": True})
    (tmp_path / "second").mkdir()
    trial.session.begin(Turn(instruction="More.", env=LocalEnv(tmp_path / "second")))

    answer = trial.post("/autoloop/env/run", {"command": "pwd"})

    assert answer.body["stdout"].strip() == str(tmp_path / "second")


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/autoloop/env/run", {"command": "true"}),
        ("/autoloop/env/read", {"path": "/x"}),
        ("/autoloop/env/write", {"path": "/x", "content_base64": ""}),
        ("/autoloop/finish", {"finished": True}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
    ],
)
def test_between_turns_nothing_is_done(
    session: Session, route: str, body: dict[str, object]
) -> None:
    answer = _door(session).post(route, body)

    assert answer.status == 409
    assert "No turn is going on" in answer.error
    assert (session.events, session.trouble) == ((), None)


def test_a_turn_cannot_begin_while_another_goes_on(trial: Trial, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has not ended"):
        trial.session.begin(Turn(instruction="More.", env=LocalEnv(tmp_path)))


def test_a_turn_that_begins_when_the_agent_is_gone_has_ended(
    session: Session, tmp_path: Path
) -> None:
    session.stop(GONE)

    session.begin(Turn(instruction="Late.", env=LocalEnv(tmp_path)))

    assert (session.wait(None), session.began) == (GONE, False)


def test_a_report_stands_but_a_later_turn_ends_as_the_agent_did(
    trial: Trial, tmp_path: Path
) -> None:
    trial.post("/autoloop/finish", {"finished": True})
    trial.session.stop(GONE)
    assert trial.session.wait(0) == DONE

    trial.session.begin(Turn(instruction="More.", env=LocalEnv(tmp_path)))

    assert trial.session.wait(0) == GONE


def test_too_many_requests_for_the_next_turn_are_refused(session: Session, tmp_path: Path) -> None:
    with _starting(session, MAX_WAITING + 2) as answers:
        while len(answers) < 2:
            threading.Event().wait(0.001)
        session.begin(Turn(instruction="Now.", env=LocalEnv(tmp_path)))

    assert sorted(answer.status for answer in answers) == [200] * MAX_WAITING + [409] * 2


def test_what_the_task_offers_comes_with_every_turn(tmp_path: Path) -> None:
    server = McpServer(name="search", url="http://search:8000/sse")
    grant = Grant(
        trial="t",
        agent_source="",
        seed=1,
        quota=Quota(),
        mcp_servers=(server,),
        skills_dir="/skills",
        trajectory='{"schema_version": "ATIF-v1.7"}',
    )
    gateway = SocketGateway(ScriptedModel([]), clock=TickingClock())
    with gateway, gateway.open(grant) as session:
        session.begin(Turn(instruction="Do it.", env=LocalEnv(tmp_path)))
        body = _door(session).get("/autoloop/start").body

    assert body["mcp_servers"][0]["url"] == "http://search:8000/sse"
    assert body["skills_dir"] == "/skills"
    assert body["trajectory"] == {"schema_version": "ATIF-v1.7"}


def test_a_command_may_name_its_user(open_trial: OpenTrial, tmp_path: Path) -> None:
    trial = open_trial(ScriptedModel([]), env=StrictEnv(tmp_path))

    answer = trial.post("/autoloop/env/run", {"command": "id", "user": "1000"})

    assert answer.body["stdout"] == "id as 1000"


def test_a_user_that_the_task_does_not_allow_is_refused_and_recorded(
    open_trial: OpenTrial, tmp_path: Path
) -> None:
    trial = open_trial(ScriptedModel([]), env=StrictEnv(tmp_path))

    answer = trial.post("/autoloop/env/run", {"command": "id", "user": "root"})

    assert (answer.status, trial.session.trouble) == (403, None)
    assert answer.error.startswith("The task names the user 'joe'")
    assert "cannot be 'root'" in str(trial.session.events[0])


def test_trouble_of_an_earlier_turn_excuses_nothing(open_trial: OpenTrial, tmp_path: Path) -> None:
    trial = open_trial(ScriptedModel([ProviderError("The provider is overloaded.")]))
    assert trial.chat().status == 503
    assert trial.session.trouble is not None
    trial.post("/autoloop/finish", {"finished": True, "error": None})

    trial.session.begin(Turn(instruction="More.", env=LocalEnv(tmp_path)))

    assert trial.session.trouble is None
