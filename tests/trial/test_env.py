"""The task container as agent.py may use it, and the end of that."""

import threading

import pytest

from autoloop.errors import AgentError
from autoloop.records import CommandResult
from autoloop.trial.env import FILE_BYTES, BoxEnv
from tests.trial.builders import GOOD, PaperContainer

BAD = CommandResult(exit_code=1, stdout="", stderr="Permission denied")


def env_of(container: PaperContainer, *, user: str | None = None) -> BoxEnv:
    return BoxEnv(container, user=user, env={}, workdir=None)


def test_commands_run_as_the_agents_user() -> None:
    container = PaperContainer()

    env_of(container, user="joe").run("ls", timeout_s=3.0)

    assert (container.commands, container.users, container.timeouts) == (["ls"], ["joe"], [3.0])


def test_an_agent_may_choose_its_user_where_the_task_names_none() -> None:
    container = PaperContainer()

    env_of(container).run("ls", timeout_s=3.0, user="ann")

    assert container.users == ["ann"]


def test_an_agent_may_not_be_another_user_than_the_task_names() -> None:
    container = PaperContainer()

    with pytest.raises(PermissionError, match=r"as 'joe' only.*not as 'root'"):
        env_of(container, user="joe").run("ls", timeout_s=3.0, user="root")

    assert not container.commands


def test_a_file_is_read_where_the_agents_user_finds_it() -> None:
    found = CommandResult(exit_code=0, stdout="/app/it's\n")
    container = PaperContainer({"/app/it's": b"\x00\xff"}, answer=lambda _command: found)

    assert env_of(container).read("it's") == b"\x00\xff"
    assert "'it'\"'\"'s'" in container.commands[0]


def test_a_file_that_the_agents_user_may_not_read_is_not_there() -> None:
    container = PaperContainer({"/root/key": b"x"}, answer=lambda _command: BAD)

    with pytest.raises(FileNotFoundError, match="'/root/key' is not there or may not be read"):
        env_of(container).read("/root/key")


def test_a_file_is_written_by_the_agents_user_and_the_staged_copy_removed() -> None:
    container = PaperContainer()

    env_of(container, user="joe").write("/app/x", b"data")

    assert container.users == ["joe", "0"]
    assert "cat /tmp/.autoloop-write-0 > /app/x" in container.commands[0]
    assert container.commands[1] == "rm -f /tmp/.autoloop-write-0"


def test_a_write_that_fails_says_why() -> None:
    container = PaperContainer(answer=lambda _command: BAD)

    with pytest.raises(ValueError, match="'/etc/x' cannot be written: Permission denied"):
        env_of(container).write("/etc/x", b"")


def test_a_write_into_a_pipe_nobody_reads_says_that_it_took_too_long() -> None:
    slow = CommandResult(exit_code=124, stdout="", timed_out=True)
    container = PaperContainer(answer=lambda _command: slow)

    with pytest.raises(ValueError, match="longer than 30 s"):
        env_of(container).write("/app/pipe", b"")


def test_a_file_that_is_too_large_is_refused_before_anything_is_written() -> None:
    container = PaperContainer()

    with pytest.raises(ValueError, match="write it in parts"):
        env_of(container).write("/app/x", bytes(FILE_BYTES + 1))

    assert not container.files


def test_nothing_is_done_for_the_agent_once_its_time_is_over() -> None:
    container = PaperContainer({"/app/x": b""})
    env = env_of(container)
    assert env.close()

    for action in (
        lambda: env.run("ls", timeout_s=None),
        lambda: env.read("/app/x"),
        lambda: env.write("/logs/verifier/reward.txt", b"1"),
    ):
        with pytest.raises(AgentError, match="time is over"):
            action()
    assert not container.commands
    assert container.files == {"/app/x": b""}


def test_closing_tells_whether_an_action_still_goes_on() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def answer(_command: str) -> CommandResult:
        begun.set()
        may_end.wait(10)
        return GOOD

    env = env_of(PaperContainer(answer=answer))
    thread = threading.Thread(target=env.run, args=["sleep 9"], kwargs={"timeout_s": None})
    thread.start()
    begun.wait(10)

    assert not env.close()
    assert not env.wait_until_idle(0.01)
    may_end.set()
    assert env.wait_until_idle(10)
    thread.join()
