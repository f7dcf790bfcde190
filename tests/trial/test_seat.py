"""How the end of an agent's turn is judged, without an engine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoloop.errors import EngineError, InfraError, ModelError, ProviderError
from autoloop.ports import Grant, Session, Turn
from autoloop.records import AgentEnd, Failure, Quota, TraceEvent, Usage
from autoloop.testing.environments import LocalEnv
from autoloop.trial import AgentSeat
from tests.trial.builders import PaperContainer, PaperSandbox

CRASH = AgentEnd(finished=False, error="Traceback: oh")
DONE = AgentEnd(finished=True)


@dataclass
class PaperSession:
    """A `Session` of which everything is known."""

    end: AgentEnd | None = DONE
    folder: Path = Path("/nowhere")
    usage: Usage = field(default_factory=Usage)
    events: tuple[TraceEvent, ...] = ()
    unrecorded: int = 0
    trouble: Exception | None = None
    began: bool = True
    over_quota: str | None = None
    turns: list[Turn] = field(default_factory=list)
    stopped: AgentEnd | None = None

    def begin(self, turn: Turn) -> None:
        self.turns.append(turn)

    def wait(self, timeout_s: float | None) -> AgentEnd | None:
        assert timeout_s
        return self.end

    def stop(self, end: AgentEnd) -> None:
        self.stopped = end


@dataclass
class PaperGateway:
    """A `Gateway` with one session."""

    session: Session
    task_model: str = "model"

    @contextmanager
    def open(self, grant: Grant) -> Iterator[Session]:
        assert grant.trial
        yield self.session


def play(
    session: PaperSession, container: PaperContainer | None = None, *, turns: int = 1
) -> Failure | None:
    """What became of the last of so many turns."""
    sandbox = PaperSandbox(container or PaperContainer(printed="bash: python3: not found\n"))
    grant = Grant(trial="t", agent_source="", seed=1, quota=Quota())
    env = LocalEnv(Path("/nowhere"))
    failure = None
    with AgentSeat.open(sandbox, PaperGateway(session), grant, trial="t") as seat:
        for _ in range(turns):
            failure = seat.turn("Do it.", env, timeout_s=5.0)
    return failure


def kind(session: PaperSession) -> str | None:
    failure = play(session)
    return failure.kind if failure else None


def test_an_agent_that_returned_is_fine_whatever_it_met() -> None:
    met = PaperSession(trouble=ProviderError("down"), over_quota="No calls are left.")

    assert kind(met) is None


def test_every_turn_is_given_in_the_one_session() -> None:
    session = PaperSession()

    play(session, turns=2)

    assert [turn.instruction for turn in session.turns] == ["Do it."] * 2


def test_an_agent_that_fails_by_itself_has_crashed() -> None:
    assert kind(PaperSession(CRASH)) == "AgentCrashed"


def test_an_agent_that_does_not_end_is_out_of_time() -> None:
    failure = play(PaperSession(None))

    assert failure is not None
    assert failure.kind == "AgentTimeoutError"
    assert "when its 5 s were over" in failure.message


def test_an_agent_that_fails_over_its_quota_has_not_crashed() -> None:
    session = PaperSession(CRASH, over_quota="No calls are left.")

    assert kind(session) == "QuotaExceededError"


@pytest.mark.parametrize("end", [CRASH, None])
@pytest.mark.parametrize("trouble", [ProviderError("down"), EngineError("gone")])
def test_an_agent_that_did_not_get_over_the_machines_trouble_is_not_to_blame(
    end: AgentEnd | None, trouble: InfraError
) -> None:
    with pytest.raises(type(trouble)):
        play(PaperSession(end, trouble=trouble))


@pytest.mark.parametrize("end", [DONE, CRASH, None])
def test_a_refusal_for_good_is_raised_however_the_agent_ended(end: AgentEnd | None) -> None:
    with pytest.raises(ModelError):
        play(PaperSession(end, trouble=ModelError("The key is not valid.")))


@pytest.mark.parametrize("end", [CRASH, None])
def test_a_container_that_never_reached_agent_py_is_not_its_fault(end: AgentEnd | None) -> None:
    with pytest.raises(EngineError, match=r"sandboxes/agent/Dockerfile.*python3: not found"):
        play(PaperSession(end, began=False))


def test_a_container_that_cannot_be_started_is_told_at_the_first_turn() -> None:
    sandbox = PaperSandbox(PaperContainer(), failure=EngineError("no room"))
    grant = Grant(trial="t", agent_source="", seed=1, quota=Quota())
    gateway = PaperGateway(PaperSession())

    with (
        AgentSeat.open(sandbox, gateway, grant, trial="t") as seat,
        pytest.raises(EngineError, match="no room"),
    ):
        seat.turn("Do it.", LocalEnv(Path("/nowhere")), timeout_s=5.0)


def test_what_was_printed_is_on_record_once_the_seat_is_left() -> None:
    sandbox = PaperSandbox(PaperContainer(printed="hello\n"))
    grant = Grant(trial="t", agent_source="", seed=1, quota=Quota())
    gateway = PaperGateway(PaperSession())

    with AgentSeat.open(sandbox, gateway, grant, trial="t") as seat:
        seat.leave()
        seat.leave()

    assert seat.record.stdout == "hello\n"


def test_an_engine_that_loses_the_container_is_to_blame() -> None:
    class Lost(PaperContainer):
        def wait(self, timeout_s: float | None = None) -> int | None:
            raise EngineError(f"ended from outside, waited {timeout_s}")

    class Waits(PaperSession):
        def wait(self, timeout_s: float | None) -> AgentEnd | None:
            gone.wait(timeout_s)
            return self.stopped

        def stop(self, end: AgentEnd) -> None:
            self.stopped = end
            gone.set()

    gone = threading.Event()

    with pytest.raises(EngineError, match="ended from outside"):
        play(Waits(), Lost())


def test_a_seat_is_usable_as_long_as_solve_returns() -> None:
    session = PaperSession()
    grant = Grant(trial="t", agent_source="", seed=1, quota=Quota())
    env = LocalEnv(Path("/nowhere"))

    with AgentSeat.open(
        PaperSandbox(PaperContainer()), PaperGateway(session), grant, trial="t"
    ) as seat:
        seat.turn("Do it.", env, timeout_s=5.0)
        first = seat.is_usable
        session.end = None
        seat.turn("Do it.", env, timeout_s=5.0)

    assert (first, seat.is_usable) == (True, False)
