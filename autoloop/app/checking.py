"""Proves that tasks are sound: the solution passes, doing nothing does not, and neither wavers."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Literal

from autoloop.app.contents import program_of
from autoloop.app.evaluating import EvalWish, evaluate_agent, require_count
from autoloop.app.project import Project
from autoloop.app.reference import HarborAnswer, find_harbor, run_oracle
from autoloop.app.results import Evaluation, TaskProof
from autoloop.app.watching import Watch
from autoloop.errors import ImageError, InterruptError
from autoloop.records import Notice, Task, TaskProblem, TrialResult
from autoloop.sandbox.looks import ImageLooks

SAME = 1e-9
OTHER: Mapping[Literal["fresh", "shared"], Literal["fresh", "shared"]] = MappingProxyType(
    {"fresh": "shared", "shared": "fresh"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWish:
    """What is to be found out about tasks."""

    tasks: str | Path | None = None
    """Folder or other source of tasks; None is the project's."""
    repeat: int = 1
    """Runs of each solution; a task whose rewards differ is flaky."""
    offline: bool = False
    """Also build each image once more, from nothing and without network."""
    harbor: str = "auto"
    """A Python with Harbor to compare with; `auto` looks for one, `none` does not compare."""

    def __post_init__(self) -> None:
        require_count("repeat", self.repeat)


def prove_tasks(project: Project, wish: CheckWish, watch: Watch) -> tuple[TaskProof, ...]:
    """Run solution and do-nothing agent on every task, and look at what they run in.

    A task that cannot be used is not sound, with the reason; it stops no other.

    Raises:
        UserError: no engine answers, or there is no Harbor where one was named.
        InterruptError: someone asked to stop.
    """
    harbor = find_harbor(wish.harbor)
    lenient = replace(project, overrides={**project.overrides, "tasks": "skip"})
    plan = EvalWish(tasks=wish.tasks)
    solved = replace(plan, agent="oracle", attempts=wish.repeat)
    oracle = _whole(evaluate_agent(lenient, solved, watch, least=0))
    nop = _whole(evaluate_agent(lenient, replace(plan, agent="nop"), watch, least=0))
    elsewhere = _elsewhere(lenient, replace(solved, attempts=1), oracle, watch)
    answers = _answers(harbor, oracle.tasks, watch)
    good = [_proof(task, oracle, nop) for task in oracle.tasks]
    good = [_in_both(proof, oracle.trials, elsewhere) for proof in good]
    if program_of(project).settings.engine == "docker":
        good = _with_images(good, oracle.tasks, offline=wish.offline)
    compared = [_compared(proof, oracle.trials, answers.get(proof.task)) for proof in good]
    bad = [_unusable(problem) for problem in _first_of_each(oracle.problems)]
    return (*compared, *bad)


def _whole(evaluation: Evaluation) -> Evaluation:
    if evaluation.stopped:
        raise InterruptError(f"Interrupted: nothing is proven. Trials: {evaluation.folder}")
    return evaluation


def _elsewhere(
    project: Project, wish: EvalWish, oracle: Evaluation, watch: Watch
) -> tuple[TrialResult, ...]:
    """Trials of the solutions where tests run in the other of both places."""
    found: list[TrialResult] = []
    for here, there in OTHER.items():
        names = {trial.key.task for trial in oracle.trials if trial.verification == here}
        if names:
            chosen = replace(wish, only=tuple(sorted(names)), verification=there)
            found += _whole(evaluate_agent(project, chosen, watch, least=0)).trials
    return tuple(found)


def _in_both(
    proof: TaskProof, trials: Iterable[TrialResult], elsewhere: Iterable[TrialResult]
) -> TaskProof:
    """The proof with what the solution scores in both places."""
    own = [trial for trial in trials if trial.key.task == proof.task and trial.counts]
    other = [trial for trial in elsewhere if trial.key.task == proof.task and trial.counts]
    by_mode = {mode: [t.reward for t in (*own, *other) if t.verification == mode] for mode in OTHER}
    proof = replace(
        proof,
        fresh=fmean(by_mode["fresh"]) if by_mode["fresh"] else None,
        shared=fmean(by_mode["shared"]) if by_mode["shared"] else None,
        verification=own[0].verification if own else "",
    )
    return replace(proof, problem=proof.problem or (proof.remark if not proof.sound else ""))


def _proof(task: Task, oracle: Evaluation, nop: Evaluation) -> TaskProof:
    solved, idle = _counted(task, oracle.trials), _counted(task, nop.trials)
    trials = [t for t in (*oracle.trials, *nop.trials) if t.key.task == task.name]
    failures = [t.failure.message for t in trials if t.failure is not None]
    rewards = tuple(trial.reward for trial in solved)
    proof = TaskProof(
        task=task.name,
        oracle=fmean(rewards) if rewards else None,
        nop=idle[0].reward if idle else None,
        problem=failures[-1] if failures else "",
        oracle_rewards=rewards,
        build_s=oracle.build_s.get(task.name),
        trial_s=fmean(trial.span.seconds for trial in solved) if solved else None,
    )
    if proof.flaky:
        given = ", ".join(f"{reward:g}" for reward in rewards)
        return replace(proof, problem=f"flaky: the same solution was rewarded {given}")
    return proof


def _with_images(
    proofs: Sequence[TaskProof], tasks: Sequence[Task], *, offline: bool
) -> list[TaskProof]:
    """The proofs with the facts of the images of this machine's engine."""
    with ImageLooks() as looks:
        pairs = zip(proofs, tasks, strict=True)
        return [_looked_at(proof, task, looks=looks, offline=offline) for proof, task in pairs]


def _looked_at(proof: TaskProof, task: Task, *, looks: ImageLooks, offline: bool) -> TaskProof:
    proof = replace(proof, image_mb=looks.size_bytes(task.environment) / 1e6)
    if not offline:
        return proof
    try:
        tried = looks.require_offline(task.environment)
    except ImageError as error:
        return replace(proof, offline=False, problem=proof.problem or f"offline: {error}")
    return replace(proof, offline=True if tried else None)


def _answers(
    harbor: Path | None, tasks: Sequence[Task], watch: Watch
) -> Mapping[str, HarborAnswer]:
    """What Harbor gives for each solution, two at a time: it is no light program."""
    if harbor is None or not tasks:
        return {}
    watch.observer.notify(Notice(text=f"Comparing {len(tasks)} tasks with Harbor ({harbor})."))

    def ask(task: Task) -> HarborAnswer | None:
        return None if watch.stop.requested else run_oracle(harbor, task)

    with ThreadPoolExecutor(2, thread_name_prefix="harbor") as pool:
        answers = list(pool.map(ask, tasks))
    if None in answers:
        raise InterruptError("Interrupted while the tasks were run in Harbor.")
    return {t.name: a for t, a in zip(tasks, answers, strict=True) if a is not None}


def _compared(
    proof: TaskProof, trials: Iterable[TrialResult], answer: HarborAnswer | None
) -> TaskProof:
    ours = next((t.rewards for t in trials if t.key.task == proof.task and t.counts), None)
    if answer is None or ours is None:
        return proof
    if not answer.rewards:
        return replace(proof, harbor_remark=answer.remark)
    theirs = answer.rewards
    same = ours.keys() == theirs.keys() and all(abs(ours[k] - theirs[k]) < SAME for k in ours)
    given = ", ".join(f"{key} {value:g}" for key, value in theirs.items())
    problem = proof.problem if same else (proof.problem or f"Harbor gives {given}")
    return replace(proof, same_in_harbor=same, harbor_remark=given, problem=problem)


def _counted(task: Task, trials: Iterable[TrialResult]) -> list[TrialResult]:
    return [t for t in trials if t.key.task == task.name and t.counts]


def _first_of_each(problems: Iterable[TaskProblem]) -> list[TaskProblem]:
    """One problem of each folder: the first is what a person mends first."""
    return list({problem.folder: problem for problem in reversed(tuple(problems))}.values())[::-1]


def _unusable(problem: TaskProblem) -> TaskProof:
    return TaskProof(task=problem.folder.name, oracle=None, nop=None, problem=str(problem))
