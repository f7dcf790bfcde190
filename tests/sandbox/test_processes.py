"""Processes are told apart by what the engine says, however long it takes to say it."""

from autoloop.sandbox.processes import Process

QUICK = Process(pid="7", earliest=100.0, latest=102.1)


def test_a_process_is_recognised_when_the_engine_took_seconds_to_answer() -> None:
    slow = Process(pid="7", earliest=100.5, latest=109.0)

    assert QUICK.is_same(slow)
    assert slow.is_same(QUICK)


def test_a_pid_that_is_used_again_later_is_another_process() -> None:
    assert not QUICK.is_same(Process(pid="7", earliest=103.0, latest=105.0))


def test_two_processes_of_one_moment_differ_by_pid() -> None:
    assert not QUICK.is_same(Process(pid="8", earliest=100.0, latest=102.1))
