"""Looks at the holdout: who may have one, and what is on disk before it is told."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop import Optimizer, RunError, SettingsError
from autoloop.app.look_log import Look, log_look, read_looks
from autoloop.app.metered import _gain_of_edits
from autoloop.records import Agent, Decision, Step, Verdict
from autoloop.settings import Settings
from autoloop.store import SqliteStore
from autoloop.testing.clocks import THEN
from tests.app.builders import BETTER, RUN, record_run

BEST = Agent(source=BETTER).digest


def make_look(number: int = 1, *, agent: str = "a" * 16, said: str = "Look 1 of 1: well.") -> Look:
    return Look(
        number=number,
        allowed=1,
        at="2026-03-01T12:00:00+00:00",
        commit="c" * 40,
        agent=agent,
        answers="thresholdout",
        claimed=0.3,
        gain=0.3,
        agrees=True,
        within=0.1,
        trials=4,
        tokens=60,
        cost_usd=1.0,
        seconds=9.0,
        said=said,
    )


def record_unfinished(project: Path, *, looks: int, finished: bool = False) -> Path:
    """A run of one kept edit that is not finished; its folder."""
    run = record_run(project)
    settings = Settings.model_validate({"holdout": {"looks": looks}}).model_dump_json()
    ended = run.finished_at if finished else None
    with closing(SqliteStore.open(project / "runs" / RUN)) as store:
        store.save_run(replace(run, settings=settings, finished_at=ended))
    return project / "runs" / RUN


def test_the_holdout_is_sealed_unless_looks_were_allowed_before(project: Path) -> None:
    record_unfinished(project, looks=0)

    with pytest.raises(RunError, match=r"sealed until its end.*holdout: \{looks: 3\}"):
        Optimizer(project, holdout={"looks": 3}).run().look()


def test_when_the_looks_are_spent_there_are_no_more(project: Path) -> None:
    folder = record_unfinished(project, looks=1)
    log_look(folder, make_look())

    with pytest.raises(RunError, match=r"has no look left, 1 of 1 is spent"):
        Optimizer(project).run().look()


def test_a_best_that_was_looked_at_gets_the_same_answer_and_no_look_is_spent(project: Path) -> None:
    folder = record_unfinished(project, looks=1)
    log_look(folder, make_look(agent=BEST))

    assert Optimizer(project).run().look() == make_look(agent=BEST)
    assert read_looks(folder) == (make_look(agent=BEST),)


def test_a_finished_run_has_opened_its_holdout(project: Path) -> None:
    record_unfinished(project, looks=1, finished=True)

    with pytest.raises(RunError, match="is finished: its final table has opened"):
        Optimizer(project).run().look()


def test_a_run_that_a_process_works_on_is_not_looked_at(project: Path) -> None:
    folder = record_unfinished(project, looks=1)

    with (
        closing(SqliteStore.open(folder, sleep=lambda _: None)),
        pytest.raises(RunError, match="in use by process"),
    ):
        Optimizer(project).run().look()


def test_the_budget_of_looks_stays_as_it_was_when_the_run_began(project: Path) -> None:
    record_unfinished(project, looks=1)

    with pytest.raises(SettingsError, match=r"set when it began \(1 looks, thresholdout\)"):
        Optimizer(project, holdout={"looks": 9}).resume()


def test_looks_are_told_beside_the_table_and_in_the_status(project: Path) -> None:
    folder = record_unfinished(project, looks=1)
    log_look(folder, make_look())

    assert Optimizer(project).run().notes[-1] == "Look 1 of 1: well."
    assert Optimizer(project).run().status().looks == (make_look(),)


def test_looks_are_read_back_in_order(tmp_path: Path) -> None:
    for number in (1, 2):
        log_look(tmp_path, make_look(number))

    assert [look.number for look in read_looks(tmp_path)] == [1, 2]
    assert read_looks(tmp_path)[0].answered_at.isoformat() == make_look().at


def make_kept(index: int, *, decided: int | None, gain: float) -> Step:
    numbers = {"p_better": 0.9, "gain": gain}
    verdict = Verdict(decision=Decision.KEEP, reason="kept", numbers=numbers)
    return Step(index=index, parent="p", started_at=THEN, decided=decided, verdict=verdict)


def test_the_gain_of_edits_that_landed_as_one_line_is_claimed_once() -> None:
    line = [make_kept(step, decided=40, gain=0.125) for step in (1, 2)]
    others = [make_kept(3, decided=60, gain=0.125), make_kept(4, decided=60, gain=0.25)]
    older = [make_kept(step, decided=None, gain=0.0625) for step in (5, 6)]

    assert _gain_of_edits([*line, *others, *older]) == 0.625


def test_no_more_is_claimed_than_there_is_to_gain() -> None:
    assert _gain_of_edits([make_kept(n, decided=n, gain=0.75) for n in (1, 2)]) == 1.0


@pytest.mark.parametrize("text", ["{", "[]", '{"number": 1}\n'])
def test_a_damaged_log_allows_no_look(tmp_path: Path, text: str) -> None:
    (tmp_path / "looks.jsonl").write_text(text)

    with pytest.raises(RunError, match="nobody knows which looks are left"):
        read_looks(tmp_path)
