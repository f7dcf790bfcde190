"""Which trials `compare` takes, and what it says where there are none."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop import Optimizer, RunError
from autoloop.app.eval_record import EvalRecord
from autoloop.app.project import find_project
from autoloop.errors import UserError
from autoloop.records import Agent, Purpose, Task, TrialResult
from autoloop.settings import Settings
from tests.app.builders import AGENT, BETTER, RUN, make_trial, record_trials

OTHER = AGENT + "    env.run('pwd')\n"


def tasks_of(project: Path) -> tuple[Task, ...]:
    return Optimizer(project).tasks().tasks


def tried(task: Task, reward: float, *, source: str, attempt: int = 0) -> TrialResult:
    trial = make_trial(task.name, source=source, reward=reward, attempt=attempt)
    key = replace(trial.key, task_digest=task.digest, purpose=Purpose.EVAL)
    return replace(trial, key=key, split=None)


def record_eval(project: Path, name: str, *trials: TrialResult, source: str = AGENT) -> str:
    """A finished evaluation of one agent."""
    record_trials(project, name, *trials)
    tasks = {trial.key.task: trial.key.task_digest for trial in trials}
    record = EvalRecord(
        agent="agent.py",
        kind="python",
        agent_source=source,
        source=str(project / "tasks"),
        split=None,
        tasks=tasks,
        model="offline",
        settings=Settings().model_dump_json(),
    )
    record.write(find_project(project).runs / name)
    return name


def test_two_evaluations_are_compared_task_by_task(project: Path) -> None:
    tasks = tasks_of(project)
    a = record_eval(project, "eval-1", *(tried(t, 0.0, source=AGENT) for t in tasks))
    better = (tried(t, 1.0, source=BETTER) for t in tasks[:5])
    b = record_eval(project, "eval-2", *better, source=BETTER)

    found = Optimizer(project).compare(a, b)

    assert (found.tasks, found.a.tasks, found.b.tasks) == (5, 6, 5)
    assert (found.test.gain.mean, found.test.p_value) == (1.0, 2 / 2**5)
    assert [own.family for own in found.families] == ["tasks"]
    assert found.a.models == ("offline",)


def test_candidates_of_a_run_are_compared_by_its_trials(recorded: Path) -> None:
    found = Optimizer(recorded).compare("base", "best")

    assert (found.tasks, found.only_b, found.splits) == (2, ("birch",), {"train": 2})
    assert found.sentence.startswith("No difference can be told: best minus base is +50 points")
    assert Optimizer(recorded).compare("base", "1", run=RUN).test == found.test


def test_a_commit_means_its_agent(recorded: Path) -> None:
    commit = Optimizer(recorded).run().best.commit

    found = Optimizer(recorded).compare("base", commit[:10])

    assert found.b.agent == Agent(source=BETTER).digest


def test_a_file_means_all_trials_ever_recorded_of_its_text(project: Path) -> None:
    amber, birch, *_ = tasks_of(project)
    record_eval(project, "eval-1", tried(amber, 0.0, source=AGENT))
    record_eval(project, "eval-2", tried(birch, 0.0, source=AGENT))
    both = (tried(task, 1.0, source=OTHER) for task in (amber, birch))
    record_eval(project, "eval-3", *both, source=OTHER)

    found = Optimizer(project).compare(str(project / "agent.py"), "eval-3")

    assert (found.tasks, found.a.trials) == (2, 2)


def test_no_shared_task_says_which_evaluation_to_run(project: Path) -> None:
    amber, birch, *_ = tasks_of(project)
    record_eval(project, "eval-1", tried(amber, 0.0, source=AGENT))
    record_eval(project, "eval-2", tried(birch, 1.0, source=BETTER), source=BETTER)

    with pytest.raises(RunError, match=r"'eval-2' has no recorded trial on a task") as told:
        Optimizer(project).compare("eval-1", "eval-2")

    assert f"Run: autoloop eval --agent agent.py --tasks {project}/tasks" in str(told.value)


def test_an_agent_that_was_never_tried_says_what_to_run(recorded: Path) -> None:
    (recorded / "new.py").write_text(OTHER)

    with pytest.raises(RunError, match=r"Run: autoloop eval --agent .*/new\.py$"):
        Optimizer(recorded).compare("base", str(recorded / "new.py"))


def test_a_candidate_without_trials_is_taken_out_of_git_first(recorded: Path) -> None:
    with pytest.raises(
        RunError, match=r"git show \w{12}:\./agent\.py > candidate\.py && autoloop eval --agent"
    ):
        Optimizer(recorded).compare("base", "2")


def test_neither_side_tried_says_both_commands(project: Path) -> None:
    for name in ("one.py", "two.py"):
        (project / name).write_text(f"# {name}\n")

    with pytest.raises(RunError, match=r"Neither .*one\.py.*; autoloop eval --agent .*two\.py"):
        Optimizer(project).compare(str(project / "one.py"), str(project / "two.py"))


def test_the_same_trials_are_nothing_to_compare(recorded: Path) -> None:
    with pytest.raises(RunError, match="are the same agent and the same trials"):
        Optimizer(recorded).compare("best", "1")


def test_the_same_agent_evaluated_twice_shows_what_chance_does(project: Path) -> None:
    tasks = tasks_of(project)
    for name, passed in (("eval-1", 3), ("eval-2", 4)):
        rewards = (tried(t, float(i < passed), source=AGENT) for i, t in enumerate(tasks))
        record_eval(project, name, *rewards)

    found = Optimizer(project).compare("eval-1", "eval-2")

    assert found.sentence.startswith("No difference can be told")
    assert found.mcnemar is not None


def test_taken_over_trials_are_the_same_trials(project: Path) -> None:
    tasks = tasks_of(project)
    own = [tried(t, 1.0, source=AGENT) for t in tasks]
    record_eval(project, "eval-1", *own)
    record_eval(project, "eval-2", *(replace(t, reused_from="eval-1") for t in own))

    with pytest.raises(RunError, match=r"the same trials: .* `autoloop eval --fresh`"):
        Optimizer(project).compare("eval-1", "eval-2")


def test_trials_on_both_sides_are_told(project: Path) -> None:
    amber, birch, *_ = tasks_of(project)
    own = [tried(task, 1.0, source=AGENT) for task in (amber, birch)]
    record_eval(project, "eval-1", *own)
    taken = replace(own[0], reused_from="eval-1")
    record_eval(project, "eval-2", taken, tried(birch, 0.0, source=AGENT))

    found = Optimizer(project).compare("eval-1", "eval-2")

    assert found.notes[-1].startswith("1 of the trials are on both sides")


def test_a_file_counts_a_trial_once_that_a_run_took_over(project: Path) -> None:
    amber, *_ = tasks = tasks_of(project)
    own = tried(amber, 1.0, source=AGENT)
    record_eval(project, "eval-1", own)
    record_eval(project, "eval-2", replace(own, reused_from="eval-1"))
    record_eval(project, "eval-3", tried(amber, 0.0, source=OTHER), source=OTHER)

    found = Optimizer(project).compare(str(project / "agent.py"), "eval-3")
    records = Optimizer(project).task_records(tasks)

    assert found.a.trials == 1
    assert records["amber"].trials == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("eval-9", r"There is no evaluation 'eval-9' in .* Latest: none yet"),
        ("elsewhere/agent.py", r"There is no file 'elsewhere/agent\.py'"),
        ("nix", r"'nix'"),
    ],
)
def test_what_is_unknown_is_named(recorded: Path, name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Optimizer(recorded).compare("base", name)


def test_a_step_that_is_not_there_is_named(recorded: Path) -> None:
    with pytest.raises(RunError, match="has no step 7 with an edit"):
        Optimizer(recorded).compare("base", "7")


def test_tasks_are_judged_by_all_trials_of_a_project_but_not_by_the_oracles(project: Path) -> None:
    amber, birch, *_ = tasks = tasks_of(project)
    oracle = tried(birch, 1.0, source=AGENT)
    oracle = replace(oracle, key=replace(oracle.key, agent=Agent(kind="oracle").digest))
    record_eval(project, "eval-1", tried(amber, 1.0, source=AGENT), oracle)
    record_eval(project, "eval-2", tried(amber, 0.0, source=AGENT), make_trial("birch"))

    found = Optimizer(project).task_records(tasks)

    assert {name: own.state.value for name, own in found.items()} == {"amber": "flaky"}


def test_a_run_tells_what_its_trials_say_about_tasks(recorded: Path) -> None:
    states = {own.task: own.state.value for own in Optimizer(recorded).run().tasks}

    assert states == {"amber": "always solved", "birch": "mixed"}
