"""What stands between agent and provider in `gateway.py`: nothing, autoloop, or litellm's proxy.

Each side is a process of its own that asks the provider on loopback. Started as a program this is
autoloop's gateway with one trial for each connection.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from loopback import MODEL, Place

from autoloop.app.clock import SystemClock
from autoloop.app.compose import task_chat_model
from autoloop.gateway import SocketGateway, TraceLimits
from autoloop.ports import Grant, Turn
from autoloop.records import CommandResult, Quota
from autoloop.settings import ModelSettings

HERE = Path(__file__).resolve().parent
PROXY = "litellm[proxy]"
PROXY_VENV = HERE.parent / ".venv-litellm-proxy"
START_S = 120.0
UNLIMITED = Quota(calls=None, tokens=None)
RECORDED = TraceLimits(events=1_000_000, total=10_000_000_000)
"""A trial of the benchmark makes more calls than any other; all of them are to be recorded."""
_TICKS = os.sysconf("SC_CLK_TCK")
CONFIG = """
model_list:
  - model_name: {model}
    litellm_params:
      {{model: openai/{model}, api_base: "http://127.0.0.1:{port}/v1", api_key: unused}}
litellm_settings: {{num_retries: 0, telemetry: false}}
general_settings: {{dangerously_permit_weak_or_unset_master_key: true}}
"""


@dataclass(frozen=True, kw_only=True)
class Side:
    """Something that answers an agent's calls."""

    name: str
    place: Place
    process: int

    def cpu_s(self) -> float:
        """Processor seconds that its process has used so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii").rpartition(")")[2]
        return sum(int(ticks) for ticks in fields.split()[11:13]) / _TICKS


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """The provider on loopback."""

    side: Side
    asked: Callable[[], int]
    """How many requests it has answered."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Start the provider."""
    with _started([sys.executable, str(HERE / "loopback.py")]) as process:
        place = Place(port=int(_line(process)))
        side = Side(name="direct", place=place, process=process.pid)
        yield Upstream(side=side, asked=lambda: int(_said(process)))


@contextmanager
def autoloop(port: int, trials: int) -> Iterator[Side]:
    """Start our gateway, with so many trials."""
    keys = {"OPENAI_API_KEY": "unused", "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}
    command = [sys.executable, __file__, str(trials)]
    with _started(command, keys) as process:
        sockets = tuple(json.loads(_line(process)))
        yield Side(name="autoloop", place=Place(sockets=sockets), process=process.pid)


@contextmanager
def proxy(port: int, environment: Path) -> Iterator[Side]:
    """Start litellm's proxy server, one worker, from an environment of its own."""
    own = _free_port()
    with TemporaryDirectory(prefix="autoloop-proxy-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(model=MODEL, port=port), encoding="utf-8")
        command = [
            str(environment / "bin" / "litellm"),
            "--config",
            str(config),
            "--port",
            str(own),
        ]
        command += ["--host", "127.0.0.1", "--num_workers", "1", "--telemetry", "False"]
        quiet = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        with _started(command, quiet) as process:
            _wait_for(f"http://127.0.0.1:{own}/health/liveliness", process)
            yield Side(name="proxy", place=Place(port=own), process=process.pid)


def install_proxy(environment: Path) -> None:
    """Make an environment with litellm's proxy server unless it is there."""
    if not (environment / "bin" / "litellm").exists():
        venv.create(environment, with_pip=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", PROXY], check=True)


def proxy_version(environment: Path) -> str:
    """Which litellm is installed there."""
    code = "from importlib.metadata import version; print(version('litellm'))"
    command = [str(environment / "bin" / "python"), "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def _started(
    command: list[str], extra: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A process that ends when its standard input is closed, or is ended."""
    with subprocess.Popen(
        command,
        env={**os.environ, **(extra or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    return process.stdout.readline().strip()


def _said(process: "subprocess.Popen[str]") -> str:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write("\n")
    process.stdin.flush()
    return _line(process)


def _wait_for(url: str, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise SystemExit("litellm's proxy server did not start.")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class _NoEnv:
    """A task's container that is not there: nobody asks for it."""

    def run(
        self, command: str, *, timeout_s: float | None = None, user: str | None = None
    ) -> CommandResult:
        raise NotImplementedError

    def read(self, path: str) -> bytes:
        raise NotImplementedError

    def write(self, path: str, data: bytes) -> None:
        raise NotImplementedError


def _serve(trials: int) -> None:
    model = task_chat_model(f"openai/{MODEL}", ModelSettings())
    with (
        SocketGateway(model, clock=SystemClock(), limits=RECORDED) as gateway,
        ExitStack() as stack,
    ):
        sessions = [stack.enter_context(gateway.open(_grant(number))) for number in range(trials)]
        for session in sessions:
            session.begin(Turn(instruction="Answer.", env=_NoEnv()))
        print(json.dumps([str(session.folder / "sock") for session in sessions]), flush=True)
        sys.stdin.read()


def _grant(number: int) -> Grant:
    return Grant(trial=f"bench__{number}", agent_source="", seed=number, quota=UNLIMITED)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
