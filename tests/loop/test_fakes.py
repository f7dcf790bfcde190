"""The fakes that a climb is tried out with keep their own promises."""

import pytest

from autoloop.app.clock import SystemClock
from autoloop.ports import Clock
from autoloop.records import Notice, RunFinished
from autoloop.testing.clocks import ManualClock
from autoloop.testing.desk import DeskFake
from autoloop.testing.observers import RecordingObserver
from autoloop.testing.proposers import ScriptedProposer, edit
from autoloop.testing.trials import SimulatedRunner
from tests.loop.builders import make_request


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()], ids=["system", "manual"])
def test_a_clock_never_goes_back_and_knows_its_zone(clock: Clock) -> None:
    first, earlier = clock.monotonic(), clock.now()

    assert clock.monotonic() >= first
    assert clock.now() >= earlier
    assert earlier.utcoffset() is not None


def test_a_manual_clock_goes_on_when_told_to() -> None:
    clock = ManualClock()
    before = clock.now()

    clock.advance(90.0)

    assert clock.monotonic() == 90.0
    assert (clock.now() - before).total_seconds() == 90.0


def test_a_simulated_trial_depends_on_its_request_alone() -> None:
    requests = [make_request(f"t{n}") for n in range(5)]

    ends = [
        [SimulatedRunner(chance=lambda _source, _task: 0.5).run(r).reward for r in requests]
        for _ in range(2)
    ]

    assert ends[0] == ends[1]


def test_a_simulated_trial_takes_time_of_its_clock() -> None:
    clock = ManualClock()
    runner = SimulatedRunner(chance=lambda _source, _task: 1.0, clock=clock, trial_s=7.0)

    result = runner.run(make_request("t1"))

    assert result.span.seconds == clock.monotonic() == 7.0


def test_a_script_is_played_by_the_number_of_the_step() -> None:
    script = ScriptedProposer([edit("one"), ValueError("two")])

    first = script.propose(DeskFake(source="", step=1)).proposal
    again = script.propose(DeskFake(source="", step=1)).proposal
    after = script.propose(DeskFake(source="", step=3))

    assert first == again == edit("one")
    assert (after.proposal, after.reason) == (None, "the script is over")
    with pytest.raises(ValueError, match="two"):
        script.propose(DeskFake(source="", step=2))


def test_an_observer_remembers_by_kind() -> None:
    observer = RecordingObserver()

    observer.notify(Notice(text="one"))

    assert observer.of(Notice) == [Notice(text="one")]
    assert observer.of(RunFinished) == []
