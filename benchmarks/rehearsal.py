"""Pass rates of the offline stand-in per family, without gateway and trials around it.

Runs `solve` of one or more agent files straight against the stand-in, with each task's image in one
container that is put back to its first state between attempts. It is meant for calibrating the
default tasks; a climb's scores come from real trials.
"""

import argparse
import importlib.util
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.ports import BoxSpec, Container
from autoloop.records import ChatRequest, Message, ToolCall, ToolSpec
from autoloop.sandbox import DockerSandbox
from autoloop.tasks import find_tasks

ROOT = Path(__file__).resolve().parent.parent
KEEP = "cp -a /app /.app"
RESET = "rm -rf /app /tmp/* /tests /logs/verifier; cp -a /.app /app; mkdir -p /logs/verifier"
REWARD_BYTES = 1_000
CURES = {
    "MAX_TURNS = 6": "MAX_TURNS = 30",
    "OUTPUT_LIMIT = 600": "OUTPUT_LIMIT = 30_000",
    '"You solve the task in a Linux shell."': '"You solve the task in a Linux shell. Look at the '
    "input files before you start. List all requirements first. When a command fails, read the "
    'error and try another way. Verify the result before you finish."',
}

Solve = Callable[[str, object, object], object]
Rates = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Result:
    """A command's outcome, as agent.py sees it."""

    stdout: str
    stderr: str
    exit_code: int
    timed_out: bool = False


@dataclass(frozen=True)
class Call:
    """A tool call, as agent.py sees it."""

    id: str
    name: str
    arguments: dict[str, object]


@dataclass(frozen=True)
class Reply:
    """An answer, as agent.py sees it."""

    content: str
    tool_calls: list[Call]
    message: dict[str, object]


class ContainerEnv:
    """The `env` of agent.py, on one container."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def run(self, command: str, timeout_s: float = 60) -> Result:
        """Run a command in the task's working directory."""
        done = self._container.run(command, timeout_s=timeout_s)
        return Result(done.stdout, done.stderr, done.exit_code, done.timed_out)

    def note(self, text: str) -> None:
        """Remarks are of no interest here."""


class DirectModel:
    """The `model` of agent.py, asking the stand-in without a gateway."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._model = OfflineTaskModel()

    def chat(self, messages: list[dict], tools: Sequence[dict] = (), **_: object) -> Reply:
        """One question."""
        specs = tuple(ToolSpec(**tool["function"]) for tool in tools or ())
        request = ChatRequest(messages=tuple(map(_message, messages)), tools=specs, seed=self._seed)
        return _reply(self._model.complete(request).message)


def _message(plain: dict) -> Message:
    calls = tuple(
        ToolCall(id=call["id"], **call["function"]) for call in plain.get("tool_calls") or ()
    )
    return Message(
        role=plain["role"],
        content=plain.get("content") or "",
        tool_calls=calls,
        tool_call_id=plain.get("tool_call_id"),
    )


def _reply(message: Message) -> Reply:
    calls = [Call(c.id, c.name, json.loads(c.arguments)) for c in message.tool_calls]
    plain: dict[str, object] = {"role": "assistant", "content": message.content}
    if calls:
        plain["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
    return Reply(message.content, calls, plain)


def load_solve(source: str) -> Solve:
    """The `solve` of an agent file's text."""
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("agent", None))
    exec(compile(source, "agent.py", "exec"), module.__dict__)  # noqa: S102 our own file
    return module.solve


def cured(source: str) -> str:
    """An agent with every cure that the stand-in knows."""
    for old, new in CURES.items():
        if old not in source:
            sys.exit(f"The agent does not contain {old!r}, so it cannot be cured this way.")
        source = source.replace(old, new)
    return source


@contextmanager
def task_container(sandbox: DockerSandbox, task: Path) -> Iterator[Container]:
    """A container of the task's image that can be put back to its first state."""
    (found,) = find_tasks(task).tasks
    spec = BoxSpec(environment=found.environment, labels={"trial": found.name})
    with sandbox.box(spec) as container:
        container.run(KEEP)
        yield container


def attempt(container: Container, task: Path, *, solve: Solve, seed: int) -> float:
    """One attempt from a fresh state, and its reward."""
    container.run(RESET, workdir="/")
    solve((task / "instruction.md").read_text(), ContainerEnv(container), DirectModel(seed))
    container.put(task / "tests", "/tests")
    container.run("bash /tests/test.sh")
    return float(container.read("/logs/verifier/reward.txt", max_bytes=REWARD_BYTES))


def rehearse(
    sandbox: DockerSandbox, task: Path, *, solves: dict[str, Solve], seeds: range
) -> dict[str, list[float]]:
    """Rewards of every agent at one task."""
    with task_container(sandbox, task) as container:
        return {
            name: [attempt(container, task, solve=solve, seed=seed) for seed in seeds]
            for name, solve in solves.items()
        }


def summed(rates: Rates, row_of: Callable[[str], str]) -> Rates:
    """The same rewards in fewer rows."""
    rows: Rates = {}
    for task, by_agent in rates.items():
        for agent, rewards in by_agent.items():
            rows.setdefault(row_of(task), {}).setdefault(agent, []).extend(rewards)
    return rows


def print_table(rates: Rates) -> None:
    """One line per task or family, one column per agent."""
    width = max(map(len, rates))
    for row, by_agent in rates.items():
        cells = (f"{agent} {statistics.mean(rewards):.2f}" for agent, rewards in by_agent.items())
        print(f"{row:{width}}  " + "   ".join(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", type=Path, default=[ROOT / "tasks"])
    parser.add_argument("--agent", type=Path, action="append", default=[], help="one more")
    parser.add_argument("--cured", action="store_true", help="add the default agent with all cures")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()

    default = (ROOT / "agent.py").read_text()
    sources = {"default": default} | {path.stem: path.read_text() for path in args.agent}
    if args.cured:
        sources["cured"] = cured(default)
    solves = {name: load_solve(source) for name, source in sources.items()}
    found = (path.parent for root in args.tasks for path in root.resolve().rglob("task.toml"))
    folders = sorted(found)
    if not folders:
        sys.exit(f"There is no task.toml below {', '.join(map(str, args.tasks))}.")
    seeds = range(args.seeds)
    with (
        TemporaryDirectory() as folder,
        DockerSandbox(Path(folder), run="rehearsal") as sandbox,
        ThreadPoolExecutor(args.workers) as pool,
    ):
        results = pool.map(
            lambda task: rehearse(sandbox, task, solves=solves, seeds=seeds), folders
        )
        rates = {
            f"{task.parent.name}/{task.name}": rates
            for task, rates in zip(folders, results, strict=True)
        }
    rates |= summed(rates, lambda task: task.split("/")[0]) | summed(rates, lambda _: "all")
    print(json.dumps(rates)) if args.json else print_table(rates)


if __name__ == "__main__":
    main()
