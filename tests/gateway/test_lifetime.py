"""Sockets and calls begin and end with their trial."""

import asyncio
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from autoloop.errors import InfraError, ProviderError, RunError
from autoloop.gateway import SocketGateway
from autoloop.gateway.folder import private_folder
from autoloop.gateway.meter import QuotaMeter
from autoloop.gateway.threads import Threads
from autoloop.harness.door import Door
from autoloop.ports import ChatModel, Gateway, Grant, Rates, Session, Turn
from autoloop.records import (
    AgentEnd,
    ChatReply,
    ChatRequest,
    CommandResult,
    EnvCall,
    ModelCall,
    Quota,
    Usage,
    charge,
)
from autoloop.testing.environments import LocalEnv
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import TickingClock


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    folder.rmdir()


def _grant(trial: str = "t") -> Grant:
    return Grant(trial=trial, agent_source="", seed=1, quota=Quota())


def _turn(folder: Path, instruction: str = "Do it.") -> Turn:
    return Turn(instruction=instruction, env=LocalEnv(folder))


class SlowModel:
    """A model that answers when it is told to."""

    name = "slow"

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def complete(self, _request: ChatRequest) -> ChatReply:
        self.asked.set()
        self.go_on.wait(20)
        return reply("late", usage=Usage(calls=1, prompt_tokens=70, completion_tokens=7))


class SlowEnv(LocalEnv):
    """An environment whose commands end when they are told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        self.asked.set()
        self.go_on.wait(20)
        return super().run(command, timeout_s=timeout_s, user=user)


@contextmanager
def _asking(session: Session, route: str, body: dict[str, object]) -> Iterator[None]:
    """Ask in a thread that does not mind being hung up on."""

    def ask() -> None:
        try:
            Door(str(session.folder / "sock")).post(route, body)
        except OSError:
            return

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    thread.join()


CHAT: dict[str, object] = {"messages": [{"role": "user", "content": "hi"}]}


def test_socket_and_folder_are_open_to_all_and_short() -> None:
    with (
        SocketGateway(ScriptedModel([]), clock=TickingClock()) as gateway,
        gateway.open(_grant()) as session,
    ):
        socket = session.folder / "sock"

        assert stat.S_IMODE(socket.stat().st_mode) == 0o666
        assert stat.S_IMODE(session.folder.stat().st_mode) == 0o711
        assert [file.name for file in session.folder.iterdir()] == ["sock"]
        assert len(str(socket)) < 100


def test_a_long_temporary_folder_is_avoided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))

    with (
        SocketGateway(ScriptedModel([]), clock=TickingClock()) as gateway,
        gateway.open(_grant()) as session,
    ):
        assert Door(str(session.folder / "sock")).get("/v1/models").status == 200


KILLED = """
import os, signal, sys
from pathlib import Path
from autoloop.gateway.folder import private_folder
with private_folder(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(
    base: Path,
) -> None:
    with private_folder(base) as living:
        subprocess.run([sys.executable, "-c", KILLED, str(base)], check=False)
        assert len(list(base.iterdir())) == 2

        with private_folder(base) as new:
            assert set(base.iterdir()) == {living, new}

    assert list(base.iterdir()) == []


def test_everything_is_removed_at_the_end(base: Path) -> None:
    before = set(threading.enumerate())
    gateway = SocketGateway(ScriptedModel([]), clock=TickingClock(), base=base)
    with gateway:
        with gateway.open(_grant()) as session:
            assert session.folder.is_dir()

        assert not session.folder.exists()

    assert list(base.iterdir()) == []
    left = set(threading.enumerate()) - before
    assert not [t for t in left if t.name == "autoloop-gateway"]


def test_a_gateway_that_does_not_run_opens_nothing() -> None:
    gateway = SocketGateway(ScriptedModel([]), clock=TickingClock())

    with pytest.raises(RunError, match="not running"), gateway.open(_grant()):
        pass


def test_a_socket_that_cannot_be_opened_is_the_machines_fault(base: Path) -> None:
    with SocketGateway(ScriptedModel([]), clock=TickingClock(), base=base) as gateway:
        (home,) = base.iterdir()
        shutil.rmtree(home)

        with (
            pytest.raises(InfraError, match="socket could not be opened"),
            gateway.open(_grant()),
        ):
            pass
        home.mkdir()


def test_sessions_still_open_end_with_the_gateway(base: Path) -> None:
    gateway = SocketGateway(ScriptedModel([]), clock=TickingClock(), base=base)
    with ExitStack() as stack:
        with gateway:
            session = stack.enter_context(gateway.open(_grant()))

        assert not session.folder.exists()


def test_a_gateway_can_be_used_again() -> None:
    gateway = SocketGateway(ScriptedModel([]), clock=TickingClock())
    for _ in range(2):
        with gateway, gateway.open(_grant()) as session:
            assert Door(str(session.folder / "sock")).get("/v1/models").status == 200


def test_every_trial_has_a_socket_and_a_meter_of_its_own(tmp_path: Path) -> None:
    model = ScriptedModel(lambda _: reply("ok"))
    with SocketGateway(model, clock=TickingClock()) as gateway, ExitStack() as stack:
        one, two = (stack.enter_context(gateway.open(_grant(name))) for name in ("one", "two"))
        one.begin(_turn(tmp_path, "one"))
        two.begin(_turn(tmp_path, "two"))

        Door(str(one.folder / "sock")).post("/v1/chat/completions", CHAT)
        start = Door(str(two.folder / "sock")).get("/autoloop/start")

        assert start.body["instruction"] == "two"
        assert (one.usage.calls, two.usage.calls) == (1, 0)


def _wait_for_the_answer(gateway: SocketGateway, session: Session) -> None:
    """Until the answer of a trial that has ended was counted; the gateway is busy meanwhile."""
    with gateway.open(_grant()) as other:
        while session.usage.lost:
            Door(str(other.folder / "sock")).get("/v1/models")


def _left_in_flight(gateway: SocketGateway, model: SlowModel, folder: Path) -> Session:
    """A session that ended while the model was asked."""
    with ExitStack() as asking, gateway.open(_grant()) as session:
        session.begin(_turn(folder))
        body = {**CHAT, "max_tokens": 500, "n": 2}
        asking.enter_context(_asking(session, "/v1/chat/completions", body))
        assert model.asked.wait(20)
    return session


def test_a_call_in_flight_ends_with_the_trial_and_its_cost_is_not_lost(tmp_path: Path) -> None:
    model = SlowModel()
    with SocketGateway(model, clock=TickingClock()) as gateway:
        session = _left_in_flight(gateway, model, tmp_path)
        model.go_on.set()
        _wait_for_the_answer(gateway, session)

    event = session.events[0]
    assert isinstance(event, ModelCall)
    assert event.refusal == "The trial ended before the answer came."
    assert session.usage == Usage(calls=1, prompt_tokens=70, completion_tokens=7)


def test_a_call_in_flight_counts_with_the_most_it_may_cost_until_its_answer_comes(
    tmp_path: Path,
) -> None:
    class PricedModel(SlowModel):
        rates = Rates(prompt_usd=0.001, reply_usd=0.002)

    model = PricedModel()
    with SocketGateway(model, clock=TickingClock()) as gateway:
        usage = _left_in_flight(gateway, model, tmp_path).usage
        model.go_on.set()

    assert (usage.calls, usage.lost, usage.completion_tokens) == (1, 1, 1_000)
    assert usage.prompt_tokens > 0
    assert usage.cost_usd == pytest.approx(usage.prompt_tokens * 0.001 + 1_000 * 0.002)


def test_what_a_call_cost_that_failed_after_the_trial_is_not_lost(tmp_path: Path) -> None:
    class FailingModel(SlowModel):
        def complete(self, _request: ChatRequest) -> ChatReply:
            paid = super().complete(_request).usage
            error = ProviderError("It broke off.")
            charge(error, paid)
            raise error

    model = FailingModel()
    with SocketGateway(model, clock=TickingClock()) as gateway:
        session = _left_in_flight(gateway, model, tmp_path)
        model.go_on.set()
        _wait_for_the_answer(gateway, session)

    assert session.usage.tokens == 77


def test_an_answer_in_the_moment_of_the_end_counts_once() -> None:
    async def answered_and_abandoned() -> Usage:
        meter = QuotaMeter(Quota())
        admission = await meter.admit(ChatRequest(messages=()))
        meter.correct(admission, Usage(calls=1, prompt_tokens=70))
        meter.abandon(admission)
        return meter.usage

    assert asyncio.run(answered_and_abandoned()) == Usage(calls=1, prompt_tokens=70)


def test_a_command_in_flight_is_recorded_when_the_trial_ends(tmp_path: Path) -> None:
    env = SlowEnv(tmp_path)
    with SocketGateway(ScriptedModel([]), clock=TickingClock()) as gateway:
        with ExitStack() as asking, gateway.open(_grant()) as session:
            session.begin(Turn(instruction="Do it.", env=env))
            asking.enter_context(_asking(session, "/autoloop/env/run", {"command": "true"}))
            assert env.asked.wait(20)
        env.go_on.set()

    event = session.events[0]
    assert isinstance(event, EnvCall)
    assert event.argument == "true"
    assert "the trial ended" in event.result.stderr


def test_a_model_that_answers_after_the_gateway_is_gone_harms_nobody(tmp_path: Path) -> None:
    model = SlowModel()
    with (
        SocketGateway(model, clock=TickingClock()) as gateway,
        ExitStack() as asking,
        gateway.open(_grant()) as session,
    ):
        session.begin(_turn(tmp_path))
        asking.enter_context(_asking(session, "/v1/chat/completions", CHAT))
        assert model.asked.wait(20)
    workers = [t for t in threading.enumerate() if t.name == "autoloop-gateway-work"]
    model.go_on.set()
    for worker in workers:
        worker.join()

    assert session.usage.calls == 1


def test_the_ports_are_kept() -> None:
    model: ChatModel = ScriptedModel([])
    gateway: Gateway
    with (
        SocketGateway(model, clock=TickingClock()) as gateway,
        gateway.open(_grant()) as session,
    ):
        session.stop(AgentEnd(finished=False, error="gone"))

    assert gateway.task_model == "scripted"
    assert session.wait(None) == AgentEnd(finished=False, error="gone")


def test_an_unforeseen_error_in_a_thread_is_the_machines_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", printed.append)

    def broken() -> None:
        raise ZeroDivisionError

    async def wait() -> None:
        await Threads().do(broken)

    with pytest.raises(InfraError, match="broke off"):
        asyncio.run(wait())
    for thread in threading.enumerate():
        if thread.name == "autoloop-gateway-work":
            thread.join()
    assert [args.exc_type for args in printed] == [ZeroDivisionError]
