"""A container of Harbor's docker environment, held to the port's contract."""

from pathlib import Path

import pytest

from autoloop.errors import TaskError
from autoloop.remote import RemoteContainer
from autoloop.remote.scripts import SLICE_BYTES

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]


def test_a_command_gives_both_streams_and_its_exit_code(container: RemoteContainer) -> None:
    done = container.run("pwd; echo oops >&2; exit 3")

    assert (done.exit_code, done.stdout, done.stderr) == (3, "/app\n", "oops\n")
    assert not done.timed_out


def test_the_tasks_environment_is_taken_as_it_is(container: RemoteContainer) -> None:
    done = container.run("echo $FROM_TASK $OWN", env={"OWN": "a b"})

    assert done.stdout == "${X} $Y a b\n"


def test_a_command_runs_as_the_user_and_in_the_folder_that_are_named(
    container: RemoteContainer,
) -> None:
    done = container.run("id -un; pwd", user="nobody", workdir="/usr")

    assert done.stdout == "nobody\n/usr\n"


@pytest.mark.parametrize("wish", [{"user": "ghost"}, {"workdir": "/ghost"}])
def test_a_user_or_folder_that_is_missing_is_a_result(
    container: RemoteContainer, wish: dict[str, str]
) -> None:
    done = container.run("true", user=wish.get("user"), workdir=wish.get("workdir"))

    assert done.exit_code != 0
    assert "ghost" in done.stderr


def test_at_its_deadline_a_command_is_ended_with_its_children(container: RemoteContainer) -> None:
    done = container.run("echo begun; setsid sleep 4711 & sleep 4711", timeout_s=3)
    left = container.run("pgrep -f 'sleep 471[1]'")

    assert (done.exit_code, done.timed_out, done.stdout) == (124, True, "begun\n")
    assert done.seconds < 10
    assert left.stdout == ""


def test_a_command_that_matches_itself_does_not_end_the_way_to_it(
    container: RemoteContainer,
) -> None:
    done = container.run("echo before; pkill -f 'python3 serv[e]r.py'; echo after")

    assert done.stdout == "before\nafter\n"


def test_children_that_hold_the_output_open_are_not_waited_for(container: RemoteContainer) -> None:
    done = container.run("sleep 60 & echo $!")
    container.run(f"kill {done.stdout}")

    assert done.seconds < 10


def test_a_command_can_be_interrupted_as_usual(container: RemoteContainer) -> None:
    done = container.run("trap 'echo caught' INT; kill -INT $$; echo end")

    assert done.stdout == "caught\nend\n"


def test_of_much_output_head_and_tail_are_kept(container: RemoteContainer) -> None:
    done = container.run("seq 1 100000; echo x >&2", output_limit=20)

    assert done.stdout.startswith("1\n2\n")
    assert done.stdout.endswith("100000\n")
    assert done.truncated_bytes == 588_895 - 20
    assert f"[... {588_895 - 20:,} bytes cut ...]" in done.stdout


def test_a_command_that_is_too_long_for_the_kernel_is_a_result(container: RemoteContainer) -> None:
    done = container.run(f"true {'x' * 200_000}")

    assert done.exit_code == 126
    assert "write its text to a file" in done.stderr


@pytest.mark.parametrize("size", [0, 300, 200_000, SLICE_BYTES + 5])
def test_what_is_written_is_read(container: RemoteContainer, size: int) -> None:
    data = bytes(n % 251 for n in range(size))

    container.write("/data/deep/file", data, mode=0o640)

    assert container.read("/data/deep/file", max_bytes=4_000_000) == data
    assert container.run("stat -c '%a %u' /data/deep/file").stdout == "640 0\n"


def test_a_link_is_replaced_where_a_file_is_written(container: RemoteContainer) -> None:
    container.run("echo mine > /opt/other; ln -s /opt/other /opt/link")

    container.write("/opt/link", b"new")

    assert container.read("/opt/link", max_bytes=10) == b"new"
    assert container.read("/opt/other", max_bytes=10) == b"mine\n"


@pytest.mark.parametrize("path", ["/usr", "/etc/passwd/below"])
def test_a_path_that_cannot_be_a_file_is_refused(container: RemoteContainer, path: str) -> None:
    with pytest.raises(ValueError, match=f"'{path}' cannot be written"):
        container.write(path, b"x")


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/etc", "no regular file"), ("/etc/passwd", "larger"), ("/bin", "it is a link")],
)
def test_what_is_no_file_or_too_large_is_not_read(
    container: RemoteContainer, path: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        container.read(path, max_bytes=10)


def test_a_missing_file_is_said_to_be_missing(container: RemoteContainer) -> None:
    with pytest.raises(FileNotFoundError, match="'/no/such'"):
        container.read("/no/such", max_bytes=10)


def test_a_folder_goes_in_and_comes_out(container: RemoteContainer, tmp_path: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/run.sh").write_text("echo ran", encoding="utf-8")
    (tmp_path / "in/run.sh").chmod(0o755)
    (tmp_path / "in/sub/x").write_bytes(b"\xff")
    container.run("mkdir -p /put && touch /put/there")

    container.put(tmp_path / "in", "/put")
    fetched = container.fetch("/put", tmp_path / "out", max_bytes=1_000)

    assert container.run("/put/run.sh").stdout == "ran\n"
    assert fetched
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["run.sh", "sub", "there"]
    assert (tmp_path / "out/sub/x").read_bytes() == b"\xff"


def test_a_folder_larger_than_one_answer_comes_out(
    container: RemoteContainer, tmp_path: Path
) -> None:
    container.run(f"mkdir -p /large && head -c {SLICE_BYTES} /dev/zero > /large/zeros")

    container.fetch("/large", tmp_path / "out", max_bytes=4_000_000)

    assert (tmp_path / "out/zeros").stat().st_size == SLICE_BYTES
    assert container.run("ls /tmp/.autoloop-*/pack").stdout == ""


def test_links_stay_inside_and_limits_hold(container: RemoteContainer, tmp_path: Path) -> None:
    container.run("mkdir -p /odd && cd /odd && ln -s /etc/passwd a && echo b > b && echo c > c")

    container.fetch("/odd", tmp_path / "out", max_bytes=1_000, max_files=1)

    assert len(list((tmp_path / "out").iterdir())) == 1
    assert not any(path.is_symlink() for path in (tmp_path / "out").iterdir())


def test_a_folder_that_is_not_there_is_not_fetched(
    container: RemoteContainer, tmp_path: Path
) -> None:
    assert not container.fetch("/no/such", tmp_path / "out", max_bytes=10)


def test_the_seal_ends_what_the_agent_left_and_clears_its_traces(
    container: RemoteContainer, tmp_path: Path
) -> None:
    (tmp_path / "test.sh").write_text("echo 1", encoding="utf-8")
    container.run("nohup sleep 4712 > /dev/null 2>&1 &")
    container.mark()
    container.run("nohup setsid sleep 4713 > /dev/null 2>&1 &")
    container.run("rm -rf /logs/verifier && ln -s /etc /logs/verifier && ln -s /usr /tests")

    container.seal(["/logs/verifier"], bring={"/tests": tmp_path})

    assert container.run("pgrep -fc 'sleep 471[2]'; pgrep -fc 'sleep 471[3]'").stdout == "1\n0\n"
    assert container.run("stat -c '%F %a %u' /logs/verifier").stdout == "directory 777 0\n"
    assert (
        container.run("ls /tests; ls /etc/passwd; pkill -f 'sleep 471[2]'").stdout
        == "test.sh\n/etc/passwd\n"
    )


def test_a_seal_wants_a_mark_before(container: RemoteContainer) -> None:
    fresh = RemoteContainer(container._bridge, container._environment)

    with pytest.raises(RuntimeError, match="Call mark"):
        fresh.seal([])


def test_a_service_that_is_not_there_is_the_tasks_fault(container: RemoteContainer) -> None:
    with pytest.raises(TaskError, match="'db' cannot be reached"):
        container.service("db")


def test_main_is_a_service_too(container: RemoteContainer) -> None:
    assert container.service("main") is container


def test_a_public_network_cannot_be_cut_off_later(container: RemoteContainer) -> None:
    container.set_network("public")

    with pytest.raises(TaskError, match="cannot change its network to 'none'"):
        container.set_network("none")


def test_a_running_container_is_waited_for_in_vain(container: RemoteContainer) -> None:
    assert container.wait(timeout_s=0.01) is None
    assert container.logs() == ""
