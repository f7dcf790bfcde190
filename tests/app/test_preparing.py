"""What is found out about tasks before the first trial."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from autoloop.app.preparing import LeavingOut, Preparing, environments
from autoloop.errors import AutoloopError, EngineError, ImageError, InterruptError, TaskError
from autoloop.loop import StopSignal
from autoloop.records import Environment, Network, Notice, Task, TaskPrepared, TaskProblem, Timeouts
from autoloop.testing.clocks import ManualClock
from autoloop.testing.observers import RecordingObserver
from tests.loop.builders import make_task

PROBLEMS = [
    TaskProblem(folder=Path("/t/a"), file="task.toml", key="agent", reason="It is wrong."),
    TaskProblem(folder=Path("/t/b"), file="tests/test.sh", key=None, reason="It is missing."),
]


@dataclass(kw_only=True)
class Bench:
    """A builder of images that pretends."""

    failures: Mapping[str | None, AutoloopError] = field(default_factory=dict)
    """By image."""
    meeting: threading.Barrier | None = None
    """Where all that are at work wait for each other."""
    clock: ManualClock = field(default_factory=ManualClock)
    asked: list[tuple[str | None, float]] = field(default_factory=list)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    stop: StopSignal = field(default_factory=StopSignal)
    workers: int = 1
    open_side: str | None = None

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        """Take a second, then fail or not."""
        if self.meeting is not None:
            self.meeting.wait()
        self.clock.advance(1.0)
        self.asked.append((environment.image, timeout_s))
        if environment.image in self.failures:
            raise self.failures[environment.image]

    def preparing(self, timeouts: Timeouts | None = None) -> Preparing:
        return Preparing(
            sandbox=self,
            timeouts=timeouts or Timeouts(),
            workers=self.workers,
            observer=self.observer,
            stop=self.stop,
            clock=self.clock,
            open_side=lambda: self.open_side,
        )


def task(name: str, **changes: object) -> Task:
    """A task with an image of its own name."""
    found = make_task(name)
    environment = replace(found.environment, image=name, folder=found.folder / "environment")
    return replace(found, environment=replace(environment, **changes))  # type: ignore[arg-type]


def own_verifier(found: Task, image: str) -> Task:
    """The task with a verifier that has an environment of its own."""
    other = replace(found.environment, image=image)
    step = found.steps[0]
    return replace(
        found, steps=(replace(step, verifier=replace(step.verifier, environment=other)),)
    )


def test_every_task_is_prepared_and_told() -> None:
    bench = Bench()

    found = bench.preparing().prepare([task("a"), task("b")])

    assert [t.name for t in found.tasks] == ["a", "b"]
    assert found.seconds == {"a": 1.0, "b": 1.0}
    assert [(e.done, e.total) for e in bench.observer.of(TaskPrepared)] == [(1, 2), (2, 2)]


def test_a_task_that_does_not_build_stops_no_other() -> None:
    bench = Bench(failures={"b": ImageError("No such file."), "c": TaskError("No GPU here.")})

    found = bench.preparing().prepare([task("a"), task("b"), task("c"), task("d")])

    assert [t.name for t in found.tasks] == ["a", "d"]
    assert [p.reason for p in found.problems] == ["No such file.", "No GPU here."]


def test_several_are_prepared_at_once() -> None:
    bench = Bench(workers=3, meeting=threading.Barrier(3, timeout=20))

    found = bench.preparing().prepare([task(name) for name in "abc"])

    assert len(found.tasks) == 3


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, "task.toml, key 'environment.docker_image'"),
        ({"dockerfile": Path("/tasks/x/environment/Dockerfile")}, "task.toml, key"),
        ({"compose": Path("/tasks/x/environment/docker-compose.yaml")}, "docker-compose.yaml:"),
        ({"dockerfile": Path("/tasks/x/environment/Dockerfile"), "image": None}, "Dockerfile:"),
    ],
)
def test_a_problem_names_the_file_to_mend(changes: dict[str, object], place: str) -> None:
    found = task("x", **changes)
    bench = Bench(failures={found.environment.image: ImageError("It fails.")})

    (problem,) = bench.preparing().prepare([found]).problems

    assert place in str(problem)


def test_a_verifiers_own_environment_is_prepared_too() -> None:
    bench = Bench(failures={"judge": ImageError("It fails.")})
    found = own_verifier(task("a"), "judge")

    assert [e.image for e in environments(found)] == ["a", "judge"]
    assert bench.preparing().prepare([found]).tasks == ()


def test_time_for_building_follows_the_settings() -> None:
    bench = Bench()

    bench.preparing(Timeouts(max_build_s=100, build_multiplier=3)).prepare([task("a")])

    assert bench.asked == [("a", 300.0)]


def test_an_engine_that_fails_says_nothing_about_a_task() -> None:
    bench = Bench(failures={"a": EngineError("It went away.")})

    with pytest.raises(EngineError, match="It went away"):
        bench.preparing().prepare([task("a"), task("b")])


def test_whoever_asks_to_stop_is_heard_before_the_first_trial() -> None:
    bench = Bench()
    bench.stop.request()

    with pytest.raises(InterruptError, match="nothing was run"):
        bench.preparing().prepare([task("a")])


def test_a_build_that_goes_on_is_not_waited_for() -> None:
    bench, end = Bench(), threading.Event()

    class Endless:
        def prepare(self, environment: Environment, *, timeout_s: float) -> None:
            del environment, timeout_s
            bench.stop.request()
            end.wait()

    with pytest.raises(InterruptError):
        replace(bench.preparing(), sandbox=Endless()).prepare([task("a")])
    end.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_does_not_leave_anybody_waiting() -> None:
    bench = Bench(clock=None)  # type: ignore[arg-type]  # any mistake

    with pytest.raises(EngineError, match="broke off"):
        bench.preparing().prepare([task("a")])


def test_strict_lists_every_problem_and_says_how_to_go_on() -> None:
    observer = RecordingObserver()

    with pytest.raises(TaskError) as caught:
        LeavingOut(policy="strict", observer=observer).settle(PROBLEMS, left=5)

    lines = str(caught.value).splitlines()
    assert lines[0] == "/t/a/task.toml, key 'agent': It is wrong."
    assert lines[1] == "/t/b/tests/test.sh: It is missing."
    assert "tasks: skip" in lines[2]


def test_skip_tells_each_task_that_is_left_out() -> None:
    observer = RecordingObserver()

    LeavingOut(policy="skip", observer=observer).settle(PROBLEMS, left=5)

    assert [notice.text for notice in observer.of(Notice)] == [
        "Left out: /t/a/task.toml, key 'agent': It is wrong.",
        "Left out: /t/b/tests/test.sh: It is missing.",
    ]


def test_without_any_task_left_even_skip_refuses() -> None:
    with pytest.raises(TaskError, match="No task is left"):
        LeavingOut(policy="skip", observer=RecordingObserver()).settle(PROBLEMS, left=0)


@pytest.mark.parametrize("mode", ["none", "allowlist"])
def test_what_a_public_network_reaches_is_told_once_where_a_task_has_one(
    mode: Literal["none", "allowlist"],
) -> None:
    shut = [task("a", network=Network(mode=mode)), task("b", network=Network(mode=mode))]
    step = replace(shut[1].steps[0], agent_network=Network(mode="public"))
    later = [shut[0], replace(shut[1], steps=(step,))]
    told = {}

    for name, tasks in {"shut": shut, "later": later, "open": [task("a"), task("b")]}.items():
        bench = Bench(open_side="services of this machine, since there is no fence")
        bench.preparing().prepare(tasks)
        told[name] = [notice.text for notice in bench.observer.of(Notice)]

    assert told["shut"] == []
    assert len(told["open"]) == 1
    assert told["later"] == told["open"]
    assert told["open"][0].startswith(
        "Tasks with a public network reach services of this machine, since there is no fence."
        " With `allow_internet = false`"
    )


def test_where_containers_are_fenced_off_nothing_is_told() -> None:
    bench = Bench()

    bench.preparing().prepare([task("a")])

    assert bench.observer.of(Notice) == []
