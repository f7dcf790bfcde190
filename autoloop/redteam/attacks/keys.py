"""Attack 33: keys in whatever a climb writes, shows, starts or hands to a container."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autoloop.ports import ProposalOutcome, StepDesk
from autoloop.records import Run, TrialResult
from autoloop.records.secrets import child_environment
from autoloop.redteam.attack import TOML, Arena, Attack, Bait, Outcome, Place, Raid
from autoloop.redteam.attacks.agents import shell
from autoloop.redteam.paper import claimed
from autoloop.redteam.projects import MAIN, command, environment, new_project, of_engine

SEEKING = """import os, sys, traceback

def solve(instruction, env, model):
    env.note(str(dict(os.environ)) + str(sys.argv))
    print(dict(os.environ), flush=True)
    texts = [env.run("env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\\\0' '\\\\n'").stdout]
    for path in ("/proc/1/environ", "/proc/self/mountinfo", "/run/autoloop", "/root/.netrc"):
        try:
            texts.append(open(path, errors="replace").read())
        except OSError as error:
            texts.append(str(error))
    for body in ([{"role": "user", "content": "x"}], [{"role": "wrong"}], []):
        try:
            texts.append(str(model.chat(body)))
        except Exception as error:
            texts.append(str(error) + traceback.format_exc())
    env.note("".join(texts))
    env.run(f"echo {instruction.split()[3]} > /app/out.txt")
    if "two" in instruction:
        raise RuntimeError("".join(texts)[-3000:])
"""
LOOKS = (
    ("status",),
    ("log",),
    ("show", "1"),
    ("diff", "0", "1"),
    ("report",),
    ("status", "--json"),
    ("doctor",),
)
NOTEBOOK = """
from autoloop import Optimizer
run = Optimizer({project!r}).run()
print(repr(run), run._repr_html_())
"""
READ_BYTES = 200_000_000
PAUSE_S = 0.05
LOOKS_FOR_ONE = 6
"""At processes, for one at containers: they live longer, and to ask for them takes two commands."""
ENTRUSTED = Bait(
    name="entrusted", toml=f'{TOML}[environment.env]\nSERVICE_TOKEN = "{{solution}}"\n'
)
"""A task that gives its agent a secret to work with."""
BINARY = shell(r"for d in agent artifacts; do printf '\0%s\0' $SERVICE_TOKEN > /logs/$d/core; done")


class Nosy:
    """A meta-agent that looks at everything, and submits one edit."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Read all there is."""
        self.told += [desk.trace(row.trial) for row in desk.traces()]
        self.told += [repr(desk.scoreboard()), repr(desk.history()), desk.budget_left]
        edit = claimed(desk.source.replace("env; cat", "env; set; cat"))
        return ProposalOutcome(proposal=edit)


class Watch:
    """Looks at processes and containers of a climb while it goes on."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self.texts: set[str] = set()
        self.containers: set[str] = set()

    def look_at_processes(self) -> None:
        """Look once at our child processes, some of which live for a moment only."""
        for process in _descendants(os.getpid()):
            with suppress(OSError):
                began = _proc(process, "cmdline")
                # Commands of ours hold keys as this process does, and so does a child of it that
                # is not yet another program.
                if MAIN not in began and began != _proc(os.getpid(), "cmdline"):
                    self.texts |= {began, _proc(process, "environ")}

    def look_at_containers(self) -> None:
        """Read the engine's words on each new container."""
        for container in {*of_engine("containers", self._project)} - self.containers:
            done = subprocess.run(
                ["docker", "inspect", container],
                capture_output=True,
                text=True,
                check=False,
                env=child_environment(),
            )
            if done.returncode == 0:
                self.containers.add(container)
                self.texts.add(done.stdout)


def _proc(process: int, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_bytes().decode(errors="replace")


def _descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*"):
        with suppress(OSError):
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)


@contextmanager
def watched(project: Path) -> Iterator[Watch]:
    """Watch a climb from another thread."""
    watch, over = Watch(project), threading.Event()

    def go_on() -> None:
        for look in itertools.cycle(range(LOOKS_FOR_ONE)):
            if over.wait(PAUSE_S):
                break
            watch.look_at_processes()
            if look == 0:
                watch.look_at_containers()

    thread = threading.Thread(target=go_on, name="watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def everywhere(arena: Arena, place: Place) -> Outcome:
    """A climb with a key in its environment; then the key is looked for in all it left."""
    del place
    project = new_project(arena.folder / "keys" / "p", SEEKING, trials=10)
    nosy = Nosy()
    with watched(project) as watch:
        run, trials = arena.climb(project, nosy)
    found = {
        "what the meta-agent was told": "\n".join(nosy.told),
        "processes and containers": "\n".join(watch.texts),
        "commands": "\n".join(_shown(project, run)),
        "git": _objects(project),
    }
    places = [where for where, text in found.items() if arena.seen(text)]
    places += [str(p.relative_to(project)) for p in _files(project) if arena.seen(_text(p))]
    return Outcome(
        evidence=f"{len(trials)} trials, {len(watch.containers)} containers, {len(found['git']):,}"
        " characters of git, every file of the project, every command's output: no key",
        gain=f"a key stands in {', '.join(places[:4])}" if places else _unplayed(trials, watch),
    )


def _unplayed(trials: tuple[TrialResult, ...], watch: Watch) -> str:
    failed = [t for t in trials if t.failure and "Crashed" in t.failure.kind]
    enough = len(trials) > 1 and failed and watch.containers
    return (
        "" if enough else f"nobody knows: {len(trials)} trials, {len(watch.containers)} containers"
    )


def _shown(project: Path, run: Run) -> Iterator[str]:
    """What commands print of it; the environment of these has the key, too."""
    for arguments in LOOKS:
        done = command(project, *arguments)
        yield done.stdout + done.stderr
    cell = [sys.executable, "-c", NOTEBOOK.format(project=str(project))]
    done = subprocess.run(cell, env=environment(), capture_output=True, text=True, check=True)
    yield done.stdout + done.stderr
    for path in sorted((project / "runs" / run.name / "jobs").glob("*"))[:2]:
        done = command(project, "trace", path.name)
        yield done.stdout + done.stderr


def _objects(project: Path) -> str:
    """Every object of the repository, and its refs."""
    listing = ("cat-file", "--batch-all-objects", "--batch", "--buffer")
    texts = []
    for arguments in (listing, ("for-each-ref",), ("config", "--list")):
        done = subprocess.run(
            ["git", "-C", str(project), *arguments],
            capture_output=True,
            check=True,
            env=child_environment(),
        )
        texts.append(done.stdout.decode(errors="replace"))
    return "\n".join(texts)


def _files(project: Path) -> Iterator[Path]:
    return (path for path in project.rglob("*") if path.is_file() and not path.is_symlink())


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(READ_BYTES).decode(errors="replace")


KEYS: tuple[Attack, ...] = (
    Attack(number=33, channel="all of a climb", play=everywhere),
    Attack(number=33, channel="binary files", play=Raid(agent=BINARY, bait=ENTRUSTED)),
)
