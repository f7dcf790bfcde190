"""A stage for the stand-in without Docker: real instructions and data, pretended commands."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from autoloop.gateway.offline.skill import Job, View
from autoloop.gateway.offline.skills import SKILLS
from benchmarks.rehearsal import CURES, DirectModel, Result, load_solve

ROOT = Path(__file__).parents[2]
AGENT = (ROOT / "agent.py").read_text()
PROMPT = "You solve the task in a Linux shell."
LOOK = "Look at the input files before you start."
LIST = "List all requirements first."
RETRY = "When a command fails, read the error and try another way."
VERIFY = "Verify the result before you finish."
CUTS = "Output that is too long is cut."
TURNS = ("MAX_TURNS = 6", CURES["MAX_TURNS = 6"])
OUTPUT = ("OUTPUT_LIMIT = 600", CURES["OUTPUT_LIMIT = 600"])


class PretendShell:
    """Shows files and believes that everything else works; there is no `python`."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.commands: list[str] = []

    def run(self, command: str, timeout_s: float = 60) -> Result:
        """The pretended result of a command."""
        assert timeout_s > 0
        self.commands.append(command)
        if command.startswith("python "):
            return Result("", "bash: python: command not found\n", 127)
        shown = [self.files.get(path, "") for path in re.findall(r"/\S+", command)]
        return Result("".join(shown) if command.startswith("cat ") else "", "", 0)

    def note(self, text: str) -> None:
        """Remarks are of no interest here."""


def agent(*said: str, edits: Sequence[tuple[str, str]] = ()) -> str:
    """The default agent with more words in its prompt and other edits."""
    source = AGENT.replace(PROMPT, " ".join([PROMPT, *said]))
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    return source


def everything() -> str:
    """The agent with every cure."""
    return agent(LOOK, LIST, RETRY, VERIFY, edits=[TURNS, OUTPUT])


@cache
def understand(instruction: str) -> Job:
    """The job that some skill sees in an instruction."""
    jobs = (skill.understand(instruction) for skill in SKILLS)
    return next(job for job in jobs if job is not None)


def play(source: str, instruction: str, *, seed: int, files: Mapping[str, str]) -> list[str]:
    """The commands of one attempt."""
    shell = PretendShell(files)
    load_solve(source)(instruction, shell, DirectModel(seed))
    return shell.commands


def is_solved(commands: Sequence[str], instruction: str) -> bool:
    """Whether every step was done in full, in order, and nothing else after the last."""
    wanted = list(understand(instruction).steps(View()))
    rest = iter(commands)
    in_order = all(step in rest for step in wanted)
    looks = (*understand(instruction).looks, understand(instruction).check)
    work = [command for command in commands if command not in looks]
    return (in_order and work[-1] == wanted[-1]) or work[-1:] == ["\n".join(wanted)]


def task_parts(folder: Path) -> tuple[str, dict[str, str]]:
    """A task's instruction, and its data by their paths in the container."""
    data = folder / "environment" / "data"
    texts = {
        f"/app/{path.relative_to(data)}": path.read_bytes().decode(errors="replace")
        for path in data.rglob("*")
        if path.is_file()
    }
    return (folder / "instruction.md").read_text(), texts
