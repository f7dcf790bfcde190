"""One trial sends as much as it can, in as many pieces: bounded for it, unnoticed by others."""

import json
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from autoloop.gateway import SocketGateway
from autoloop.gateway.bodies import MAX_BODY_BYTES
from autoloop.gateway.listener import MAX_CONNECTIONS, MAX_HEADERS
from autoloop.gateway.wire.asked import MAX_VALUES
from autoloop.harness.door import Door
from autoloop.ports import Grant, Session, Turn
from autoloop.records import Quota
from autoloop.testing.environments import LocalEnv
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial, TickingClock, Trial

NOTE = {"text": "I am here."}
WAIT_S = 20.0


@pytest.fixture
def trial(open_trial: OpenTrial) -> Trial:
    return open_trial(ScriptedModel(lambda _: reply("ok")))


@contextmanager
def two_trials(folder: Path) -> Iterator[tuple[Session, Session]]:
    """Two trials of one gateway, both at work."""
    model = ScriptedModel(lambda _: reply("ok"))
    with SocketGateway(model, clock=TickingClock()) as gateway, ExitStack() as stack:
        sessions = []
        for name in ("greedy", "modest"):
            grant = Grant(trial=name, agent_source="", seed=1, quota=Quota())
            sessions.append(stack.enter_context(gateway.open(grant)))
            sessions[-1].begin(Turn(instruction="Do it.", env=LocalEnv(folder)))
        yield sessions[0], sessions[1]


def connect(session: Session) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(session.folder / "sock"))
    client.settimeout(WAIT_S)
    return client


def head(length: int) -> bytes:
    return f"POST /autoloop/note HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n".encode()


def is_answered(session: Session) -> bool:
    return Door(str(session.folder / "sock")).post("/autoloop/note", NOTE).status == 200


def test_thousands_of_connections_are_closed_and_another_trial_is_served(tmp_path: Path) -> None:
    with two_trials(tmp_path) as (greedy, modest), ExitStack() as stack:
        many = [stack.enter_context(connect(greedy)) for _ in range(2_000)]

        assert is_answered(modest)
        closed = [one.recv(1) for one in many[MAX_CONNECTIONS:]]
        assert closed == [b""] * len(closed)


@pytest.mark.parametrize(
    "beginning",
    [b"", b"POST /auto", head(16_000_000), head(16_000_000) + b"\r\n{", b"\r\n" * 99],
    ids=["nothing", "half a line", "half a head", "half a body", "empty lines"],
)
def test_who_begins_and_does_not_go_on_holds_up_nobody_else(
    tmp_path: Path, beginning: bytes
) -> None:
    with two_trials(tmp_path) as (greedy, modest), ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(connect(greedy)).sendall(beginning)

        assert is_answered(modest)


def test_bodies_beyond_what_a_trial_may_have_on_the_way_wait_for_the_others(
    tmp_path: Path,
) -> None:
    body = json.dumps(NOTE).encode()
    with two_trials(tmp_path) as (greedy, modest), ExitStack() as stack:
        large = [stack.enter_context(connect(greedy)) for _ in range(2)]
        for one in large:
            one.sendall(head(MAX_BODY_BYTES) + b"\r\n" + body)
        waiting = stack.enter_context(connect(greedy))
        assert is_answered(modest)
        waiting.sendall(head(len(body)) + b"\r\n" + body)
        waiting.settimeout(0.3)
        with pytest.raises(TimeoutError):
            waiting.recv(100)

        large[0].sendall(b" " * (MAX_BODY_BYTES - len(body)))

        waiting.settimeout(WAIT_S)
        assert b"200 OK" in waiting.recv(1_000)
        assert b"200 OK" in large[0].recv(1_000)


def test_lists_of_nothing_are_refused_before_they_take_memory(trial: Trial) -> None:
    many = b"[" + b",".join([b"[]"] * MAX_VALUES) + b"]"
    tool = b'{"type": "function", "function": {"name": "t", "parameters": {"x": ' + many + b"}}}"

    answer = trial.send("/v1/chat/completions", b'{"messages": [], "tools": [' + tool + b"]}")

    assert answer.status == 400
    assert f"more than {MAX_VALUES:,} values" in answer.error


def test_a_long_text_full_of_brackets_is_a_text(trial: Trial) -> None:
    assert trial.chat('[{"a": 1}, \\"' * 100_000).status == 200


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "route", ["/v1/messages/count_tokens", "/v1/messages", "/v1/chat/completions", "/v1/responses"]
)
def test_a_text_of_many_quotes_that_never_ends_is_refused_at_once(trial: Trial, route: str) -> None:
    endless = b"," * (MAX_VALUES + 1) + b'"' + b'\\"' * 1_000_000

    assert trial.send(route, endless).status == 400
    assert trial.chat().status == 200


def test_values_are_counted_outside_of_texts_however_these_are_escaped(trial: Trial) -> None:
    def asked(text: bytes, values: int) -> bytes:
        said = b'{"messages": [{"role": "user", "content": "' + text + b'"}], "x": '
        return said + b"[" + b",".join([b"1"] * values) + b"]}"

    texts = [rb"a\\", rb"a\\\\", rb"\"," * 20, rb"\\\"," * 20, rb"\n\\,[{" * 200_000]

    for text in texts:
        assert trial.send("/v1/chat/completions", asked(text, 10)).status == 200
        assert "values" in trial.send("/v1/chat/completions", asked(text, MAX_VALUES)).error


def test_too_many_headers_are_refused(trial: Trial) -> None:
    with connect(trial.session) as client:
        lines = b"".join(b"h%d: x\r\n" % number for number in range(MAX_HEADERS + 50))
        client.sendall(b"GET /v1/models HTTP/1.1\r\n" + lines + b"\r\n")

        assert b" 400 " in client.recv(1_000)


@pytest.mark.parametrize(
    "sent", [b"\x1b[2J\x1b]0;x\x07 / HTTP/1.1", b"GET / HTTP/\xff", b"\x16\x03"]
)
def test_nothing_that_is_no_http_reaches_the_terminal(
    trial: Trial, capfd: pytest.CaptureFixture[str], sent: bytes
) -> None:
    with connect(trial.session) as client:
        client.sendall(sent + b"\r\n\r\n")
        client.recv(1_000)

    assert trial.chat().status == 200
    assert capfd.readouterr() == ("", "")


def test_files_that_may_be_open_are_as_many_as_the_system_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        with SocketGateway(ScriptedModel([]), clock=TickingClock()):
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
