"""Commands: results, limits of output, deadlines, and what cannot be run."""

import resource
import time

import pytest

from autoloop.errors import AgentError, EngineError
from autoloop.ports import Container

pytestmark = pytest.mark.docker


def processes(container: Container, name: str) -> int:
    return len(container.run(f"pgrep -x {name}").stdout.split())


def test_a_command_gives_its_code_and_both_streams(container: Container) -> None:
    result = container.run("echo out; echo err >&2; exit 3")

    assert (result.exit_code, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert not result.timed_out


def test_a_command_has_its_own_environment_user_and_folder(container: Container) -> None:
    result = container.run(
        'echo "$WORD $(id -un) $PWD"', env={"WORD": "two\nlines"}, user="nobody", workdir="/usr"
    )

    assert result.stdout == "two\nlines nobody /usr\n"


def test_output_that_is_not_text_is_replaced(container: Container) -> None:
    result = container.run(r"printf 'a\xff\xfeb'")

    assert result.stdout == "a��b"


def test_a_flood_of_output_keeps_head_and_tail_and_our_memory(container: Container) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    result = container.run(
        "printf begin; head -c 200000000 /dev/zero; printf end", output_limit=10_000
    )

    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert result.stdout.startswith("begin")
    assert result.stdout.endswith("end")
    assert "\n[... 199,990,008 bytes cut ...]\n" in result.stdout
    assert result.truncated_bytes == 199_990_008
    assert grown_kb < 20_000


def test_at_the_deadline_grandchildren_die_too(container: Container) -> None:
    result = container.run(
        "echo begun; (setsid sleep 7771 &); (trap '' TERM; sleep 7772) & sleep 7773", timeout_s=3
    )

    assert (result.exit_code, result.timed_out) == (124, True)
    assert result.stdout == "begun\n"
    assert processes(container, "sleep") == 1  # the main process of the container


def test_a_deadline_cuts_through_endless_output(container: Container) -> None:
    result = container.run("yes", timeout_s=0.5, output_limit=100)

    assert result.timed_out
    assert result.seconds < 10
    assert processes(container, "yes") == 0


def test_a_child_left_in_the_background_does_not_hold_the_command(container: Container) -> None:
    began = time.monotonic()

    result = container.run("sleep 7774 & echo started")
    took_s = time.monotonic() - began
    container.run("pkill -f 7774")

    assert (result.exit_code, result.stdout) == (0, "started\n")
    assert took_s < 20


@pytest.mark.parametrize(
    ("command", "user", "workdir", "code", "words"),
    [
        ("true", "stranger", None, 126, "stranger"),
        ("true", None, "/nowhere", 126, "/nowhere"),
        ("no-such-program", None, None, 127, "not found"),
        ("echo " + 200_000 * "x", None, None, 1, "too long"),
    ],
)
def test_what_cannot_run_is_a_result_that_says_why(
    container: Container, command: str, user: str | None, workdir: str | None, code: int, words: str
) -> None:
    result = container.run(command, user=user, workdir=workdir)

    assert result.exit_code == code
    assert words in result.stdout + result.stderr


def test_a_container_that_has_ended_is_named_as_the_cause(own_container: Container) -> None:
    own_container.kill()
    own_container.kill()

    with pytest.raises(EngineError, match="is not running; its main process ended with exit code"):
        own_container.run("true")


def test_an_agent_that_ends_its_container_is_to_blame(own_container: Container) -> None:
    own_container.mark()
    own_container.run("kill -TERM 1")
    own_container.wait(20)

    with pytest.raises(AgentError, match="ended from inside"):
        own_container.run("true")
    with pytest.raises(AgentError, match="ended from inside"):
        own_container.seal([])


def test_the_end_of_the_main_process_can_be_waited_for(own_container: Container) -> None:
    running = own_container.wait(0.1)
    own_container.kill()

    assert running is None
    assert own_container.wait(20) == 137
