"""Projects on disk, and runs recorded in them without a container."""

import os
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autoloop.records import (
    Agent,
    Budget,
    Decision,
    Interval,
    Outcome,
    Proposal,
    Purpose,
    Run,
    Span,
    Split,
    SplitScores,
    Step,
    StopReason,
    Task,
    TrialKey,
    TrialResult,
    Usage,
    Verdict,
)
from autoloop.settings import BudgetSettings, Settings
from autoloop.store import SqliteStore
from autoloop.workspace import GitWorkspace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = "20260301-120000"
AGENT = "def solve(instruction, env, model):\n    env.run('true')\n"
BETTER = AGENT + "    env.run('sync')\n"
EVIL = "Ring \x1b]0;owned\x07\x1b[2J <b>bold</b> [red]and[/red] \u202ereversed"
"""A title that a terminal, a browser and rich would each obey."""
WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "islet", "jetty")


def git(folder: Path, *arguments: str) -> str:
    """Run git as a user without any settings would."""
    done = subprocess.run(
        ["git", "-c", "user.name=Ann", "-c", "user.email=a@example.org", *arguments],
        cwd=folder,
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
    )
    return done.stdout.strip()


def make_task(folder: Path, word: str, *, files: Mapping[str, str] | None = None) -> Path:
    """A tiny task that needs no more than the base image: write a word into a file."""
    texts = {
        "task.toml": '[metadata]\ndifficulty = "easy"\n[agent]\ntimeout_sec = 60\n'
        "[environment]\nallow_internet = false\n",
        "instruction.md": f"{word} {word[::-1]}: write the word {word} into /app/{word}.txt.\n",
        "environment/Dockerfile": "FROM autoloop/base:bookworm\nWORKDIR /app\n",
        "solution/solve.sh": f"#!/bin/bash\necho {word} > /app/{word}.txt\n",
        "tests/test.sh": f"#!/bin/bash\ngrep -qsx {word} /app/{word}.txt && reward=1\n"
        "echo ${reward:-0} > /logs/verifier/reward.txt\n",
        **(files or {}),
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def make_project(folder: Path, *, tasks: int = 6, program: str = "", agent: str = AGENT) -> Path:
    """A project in a repository of its own, with nothing committed but agent.py."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "agent.py").write_text(agent)
    (folder / "program.md").write_text(program)
    (folder / "tasks").mkdir()
    for word in WORDS[:tasks]:
        make_task(folder / "tasks" / word, word)
    git(folder, "add", "agent.py")
    git(folder, "commit", "-qm", "Work")
    return folder


def make_trial(
    task: str, *, source: str = AGENT, reward: float = 1.0, attempt: int = 0, step: int = 0
) -> TrialResult:
    """A scored trial of the train split."""
    name = f"{task}__{attempt:03}{step:04}"
    return TrialResult(
        id=name,
        key=TrialKey(
            agent=Agent(source=source).digest,
            task=task,
            task_digest="sha256:0",
            purpose=Purpose.SEARCH,
            attempt=attempt,
        ),
        step=step,
        split=Split.TRAIN,
        outcome=Outcome.SCORED,
        reward=reward,
        usage=Usage(calls=1, prompt_tokens=10, completion_tokens=5, cost_usd=0.25),
        span=Span(started_at=NOON, finished_at=NOON + timedelta(seconds=9)),
        folder=f"jobs/step-{step:03}/{name}",
    )


def make_trial_of(task: Task, *, reward: float = 1.0, attempt: int = 0) -> TrialResult:
    """A scored trial of a task as it is now."""
    trial = make_trial(task.name, reward=reward, attempt=attempt)
    return replace(trial, key=replace(trial.key, task_digest=task.digest))


def record_trials(project: Path, name: str, *trials: TrialResult) -> None:
    """A climb or evaluation that holds these trials and nothing else."""
    with closing(SqliteStore.open(project / "runs" / name)) as store:
        for trial in trials:
            store.save_trial(trial)


def record_run(
    project: Path,
    *,
    name: str = RUN,
    title: str = "Sync at the end",
    rule: str = "climb/bayes",
) -> Run:
    """A finished run of one kept and one reverted edit, in database and git."""
    with (
        closing(GitWorkspace(project)) as workspace,
        closing(SqliteStore.open(project / "runs" / name)) as store,
    ):
        run = replace(_run(name, workspace.begin(name, AGENT)), rule=rule)
        store.save_run(run)
        store.save_step(_step(workspace, run, 1, source=BETTER, title=title, keep=True))
        store.save_step(_step(workspace, run, 2, source=BETTER + "#\n", title="Worse", keep=False))
        for task, reward in (("amber", 1.0), ("birch", 0.0)):
            store.save_trial(make_trial(task, reward=reward))
            store.save_trial(make_trial(task, source=BETTER, step=1))
        store.save_trial(replace(make_trial("birch", attempt=1), outcome=Outcome.INVALID))
    return run


def _run(name: str, base: str) -> Run:
    half = Interval(mean=0.5, low=0.2, high=0.8, n=6)
    return Run(
        name=name,
        created_at=NOON,
        seed=0,
        budget=Budget(steps=2),
        base=base,
        splits={"amber": Split.TRAIN, "birch": Split.TRAIN},
        task_digests={},
        task_model="offline",
        meta_model="offline",
        rule="climb/bayes",
        settings=Settings(budget=BudgetSettings(steps=2)).model_dump_json(),
        active_s=90.0,
        stop_reason=StopReason.STEPS,
        finished_at=NOON + timedelta(minutes=2),
        scores=dict.fromkeys(Split, SplitScores(baseline=half, best=half, gain=half)),
    )


def _step(
    workspace: GitWorkspace, run: Run, index: int, *, source: str, title: str, keep: bool
) -> Step:
    parent = workspace.tip(run.name)
    commit = workspace.propose(
        run=run.name, step=index, parent=parent, source=source, message=title
    )
    if keep:
        commit = workspace.keep(run=run.name, commit=commit, message=title)
    return Step(
        index=index,
        parent=parent,
        started_at=NOON,
        proposal=Proposal(
            source=source, title=title, hypothesis="h", expected="e", generality="yes"
        ),
        candidate=commit,
        verdict=Verdict(
            decision=Decision.KEEP if keep else Decision.REVERT,
            reason="It passed more." if keep else "It passed no more.",
            numbers={"train_gain": 0.5 if keep else -0.1, "p_value": 0.01},
        ),
        finished_at=NOON + timedelta(seconds=30),
        meta_usage=Usage(calls=1, prompt_tokens=100, cost_usd=0.5),
    )
