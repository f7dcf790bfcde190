"""What a person sees of a run that goes on."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest
from rich.console import Console

from autoloop.decision import Estimates, noise_band
from autoloop.records import (
    Agent,
    Chance,
    ChancesChanged,
    Decision,
    FinalStarted,
    Notice,
    Origin,
    ProposalMade,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    TaskPrepared,
    TrialFinished,
    Verdict,
)
from autoloop.report.live import LiveProgress
from autoloop.report.standing import Gauge
from tests.report.builders import (
    BASELINE,
    flagged,
    make_proposal,
    make_run,
    make_step,
    make_trial,
)

EVIL = "Ring \x1b[2J\x07 [red]x[/red]"
TRIAL = TrialFinished(result=make_trial())


class Screen:
    """A place where nobody looks, 40 columns wide, and what was printed there."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, width=40, force_terminal=is_terminal, color_system=None
        )

    @property
    def lines(self) -> list[str]:
        return self.file.getvalue().splitlines()


@pytest.fixture
def screen() -> Screen:
    return Screen()


def ticking(seconds: float) -> Callable[[], float]:
    """A clock that moves on by so much whenever it is read."""
    ticks: Iterator[float] = count(0.0, seconds)
    return lambda: next(ticks)


def test_without_a_terminal_each_milestone_is_one_plain_line(screen: Screen) -> None:
    step = make_step(1)

    with LiveProgress(screen.console, now=ticking(0.0)) as live:
        live.notify(RunStarted(run=make_run(), resumed=False))
        for event in (StepStarted(step=step), ProposalMade(step=step), TRIAL, TRIAL):
            live.notify(event)
        live.notify(StepFinished(step=step))
        live.notify(FinalStarted(trials=12))
        live.notify(RunFinished(run=make_run()))

    assert screen.lines == [
        "Run calm-otter starts: task model offline, meta model offline.",
        "baseline",
        "step 1: the meta-agent is thinking",
        "step 1: trying 'Check results'",
        "step  1 keep      Check results",
        "         because",
        "final table: up to 12 trials on the sealed holdout",
        "Stopped: steps budget spent.",
    ]


def test_several_edits_under_test_are_told_by_their_steps(screen: Screen) -> None:
    with LiveProgress(screen.console, now=ticking(0.0)) as live:
        for event in (ProposalMade(step=make_step(3)), ProposalMade(step=make_step(5))):
            live.notify(event)
        live.notify(StepFinished(step=make_step(3)))
        live.notify(ProposalMade(step=make_step(6)))
        live.notify(StepStarted(step=replace(make_step(7), origin=Origin.ROLLBACK)))

    assert [line for line in screen.lines if line.startswith(("step 3:", "steps", "step 7"))] == [
        "step 3: trying 'Check results'",
        "steps 3, 5: trying 2 edits at once",
        "steps 5, 6: trying 2 edits at once",
        "step 7: a kept edit is taken back on trial",
    ]


def test_how_likely_the_edit_at_work_helps_is_told_with_the_trials(screen: Screen) -> None:
    step = replace(make_step(3), verdict=None)

    with LiveProgress(screen.console, now=ticking(31.0)) as live:
        live.notify(ProposalMade(step=step))
        live.notify(ChancesChanged(chances={3: Chance(p_better=0.62, trials=24)}))
        live.notify(TRIAL)
        live.notify(StepFinished(step=make_step(3)))
        live.notify(TRIAL)

    counts = [line for line in screen.lines if "running" in line]
    assert counts == [
        "1 trials, 1 passed, -1 running; P(better) of step 3: 62 % (24 trials)",
        "2 trials, 2 passed, -2 running",
    ]


def test_of_many_edits_the_likeliest_are_told(screen: Screen) -> None:
    chances = {step: Chance(p_better=step / 10, trials=10 * step) for step in range(1, 7)}

    with LiveProgress(screen.console, now=ticking(31.0)) as live:
        live.notify(ChancesChanged(chances=chances))
        live.notify(TRIAL)

    assert screen.lines[-1].endswith(
        "; P(better) of step 6: 60 % (60 trials), 5: 50 % (50 trials), 4: 40 % (40 trials)"
        " and 3 others"
    )


def test_a_terminal_shows_how_likely_the_edit_helps_as_soon_as_it_is_known() -> None:
    screen = Screen(is_terminal=True)

    with LiveProgress(screen.console) as live:
        live.notify(ProposalMade(step=make_step(3)))
        live.notify(ChancesChanged(chances={3: Chance(p_better=0.62, trials=24)}))

    assert "P(better) of step 3: 62 % (24 trials)" in screen.file.getvalue()


def test_without_a_terminal_trials_are_counted_now_and_then(screen: Screen) -> None:
    with LiveProgress(screen.console, now=ticking(7.0)) as live:
        for _ in range(10):
            live.notify(TRIAL)

    assert [line.partition(",")[0] for line in screen.lines] == ["5 trials", "10 trials"]


def test_without_a_terminal_the_last_prepared_task_is_told(screen: Screen) -> None:
    with LiveProgress(screen.console, now=ticking(0.0)) as live:
        for done in (1, 2, 3):
            live.notify(TaskPrepared(task=f"t{done}", done=done, total=3))

    assert screen.lines == ["prepared 3 of 3 environments"]


def test_a_terminal_shows_the_count_beside_a_bar() -> None:
    screen = Screen(is_terminal=True)

    with LiveProgress(screen.console) as live:
        live.notify(TRIAL)

    assert "1 trials" in screen.file.getvalue()


def test_what_a_model_wrote_is_shown_as_text(screen: Screen) -> None:
    step = make_step(1, Decision.REVERT, title=EVIL)

    with LiveProgress(screen.console, now=ticking(0.0)) as live:
        for event in (ProposalMade(step=step), StepFinished(step=step), Notice(text=EVIL)):
            live.notify(event)

    shown = screen.file.getvalue()
    assert "\x1b" not in shown
    assert shown.count("[red]x[/red]") == 3


def test_a_step_without_an_edit_is_told(screen: Screen) -> None:
    step = replace(make_step(3, Decision.EMPTY), proposal=None)

    with LiveProgress(screen.console) as live:
        live.notify(StepFinished(step=step))

    assert screen.lines[0] == "step  3 empty     no edit"


def test_reused_trials_are_told_apart_and_never_ran(screen: Screen) -> None:
    with LiveProgress(screen.console, now=ticking(40.0)) as live:
        for _ in range(2):
            live.notify(replace(TRIAL, reused=True))

    assert "2 trials (2 reused), 2 passed, 0 running" in screen.lines[-1]


def test_a_verdict_is_never_told_as_a_bare_difference(screen: Screen) -> None:
    numbers = {"p_better": 0.9, "gain": 0.1, "gain_low": 0.0, "gain_high": 0.2, "trials": 40.0}
    verdict = Verdict(decision=Decision.KEEP, reason="kept", numbers=numbers)
    step = replace(make_step(1), verdict=verdict)
    kept = Agent(source=make_proposal(1).source).digest
    gauge = Gauge(score=Estimates().score, band=noise_band)

    with LiveProgress(screen.console, now=ticking(0.0), gauge=gauge) as live:
        live.notify(RunStarted(run=make_run(), resumed=False))
        for agent in (BASELINE, kept):
            for task in ("t1", "t2"):
                reward = float(agent == kept or task == "t1")
                live.notify(TrialFinished(result=make_trial(task, agent=agent, reward=reward)))
            live.notify(StepStarted(step=step))
        live.notify(StepFinished(step=step))

    baseline = [line for line in screen.lines if line.startswith("baseline: ")]
    assert len(baseline) == 1
    assert baseline[0].startswith("baseline: 50.0 [")
    assert "the same agent run twice differs by up to" in baseline[0]
    last = screen.lines[-1]
    assert "P(better) 90 %, gain +10.0 [+0.0, +20.0] points, 40 trials; now 100.0 [" in last


def test_trials_that_are_not_clean_are_counted_where_there_are_any(screen: Screen) -> None:
    with LiveProgress(screen.console, now=ticking(31)) as progress:
        progress.notify(TRIAL)
        progress.notify(TrialFinished(result=flagged(make_trial(), "tampered")))

    assert screen.lines[-2:] == [
        "1 trials, 1 passed, -1 running",
        "2 trials, 2 passed, -2 running, 1 tampered",
    ]
