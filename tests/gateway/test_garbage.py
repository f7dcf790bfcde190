"""Whatever a hostile agent sends ends in an error of its own, and the next request works."""

import random
import socket
from contextlib import ExitStack

import pytest

from autoloop.gateway.listener import MAX_CONNECTIONS
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial, Trial

ROUTES = [
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/autoloop/env/run",
    "/autoloop/env/read",
    "/autoloop/env/write",
    "/autoloop/note",
    "/autoloop/finish",
]
BODIES = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"messages": []}',
    b'{"messages": [{"role": "user", "content": {"x": 1}}], "max_tokens": 1}',
    b'{"messages": [{"role": "tool", "content": "x"}], "max_tokens": 5, "path": ""}',
    b'{"messages": [{"role": "king", "content": "x"}], "max_tokens": 5}',
    b'{"messages": [{"role": "user", "content": [{"type": ["x"]}]}], "max_tokens": 5}',
    b'{"messages": [{"role": "user", "content": [{"type": "image"}]}], "max_tokens": 5}',
    b'{"messages": [{"role": "user", "content": "x"}], "max_tokens": -1}',
    b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}',
    b'{"command": "ls", "timeout_s": -1, "content_base64": "x", "path": ""}',
    b'{"command": "ls", "timeout_s": 1e999}',
    b'{"command": 5, "text": 5, "finished": "perhaps", "path": []}',
]


@pytest.fixture
def trial(open_trial: OpenTrial) -> Trial:
    return open_trial(ScriptedModel(lambda _: reply("ok")))


@pytest.mark.parametrize("route", ROUTES)
def test_garbage_is_refused_with_a_sentence(trial: Trial, route: str) -> None:
    for body in BODIES:
        answer = trial.send(route, body)

        assert answer.status == 400, body[:80]
        assert answer.error.strip()
    assert trial.session.trouble is None
    assert trial.chat().status == 200


def test_mutations_of_a_good_request_never_break_the_gateway(trial: Trial) -> None:
    good = (
        b'{"messages": [{"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": '
        b'"function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", '
        b'"tool_call_id": "a", "content": [{"type": "text", "text": "x"}]}], "max_tokens": 9}'
    )
    chance = random.Random(1)  # noqa: S311 - a seeded fuzzer
    for route in ("/v1/chat/completions", "/v1/messages"):
        for _ in range(150):
            raw = bytearray(good)
            for _ in range(chance.randint(1, 4)):
                raw[chance.randrange(len(raw))] = chance.choice(b'"{}[],:0aZ\\ \xff')
            assert trial.send(route, bytes(raw)).status in {200, 400}
    assert trial.session.trouble is None


def test_a_body_that_is_too_large_is_refused(trial: Trial) -> None:
    answer = trial.send("/v1/chat/completions", b" " * (17 * 1024 * 1024))

    assert answer.status == 413
    assert "larger than" in answer.error


def test_too_many_messages_are_refused(trial: Trial) -> None:
    many = [{"role": "user", "content": ""}] * 10_001

    answer = trial.post("/v1/chat/completions", {"messages": many})

    assert answer.status == 400
    assert "at most 10000" in answer.error


def test_no_http_at_all_harms_nobody(trial: Trial) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(trial.socket)
        client.sendall(b"\x00\xff garbage\r\n\r\n")
        client.recv(1_000)

    assert trial.chat().status == 200


def test_connections_beyond_the_limit_are_closed_and_the_others_go_on(trial: Trial) -> None:
    with trial.openai() as client, ExitStack() as stack:
        client.models.list()
        surplus = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(70)]
        for one in surplus:
            one.settimeout(20)
            one.connect(trial.socket)

        assert [one.recv(1) for one in surplus[MAX_CONNECTIONS - 1 :]] == [b""] * 7
        assert client.models.list().data


def test_counting_the_tokens_of_garbage_is_refused(trial: Trial) -> None:
    for body in BODIES[:10]:
        assert trial.send("/v1/messages/count_tokens", body).status == 400


def test_a_wrong_method_is_told(trial: Trial) -> None:
    answer = trial.get("/v1/chat/completions")

    assert answer.status == 405
    assert answer.error.startswith("Method Not Allowed")
