"""Where an agent stands while a run goes on."""

from dataclasses import replace

from autoloop.decision import Estimates, noise_band
from autoloop.records import Decision, Purpose, Split, TrialResult, Verdict
from autoloop.report.figures import chances
from autoloop.report.standing import Gauge, Standing
from tests.report.builders import BASELINE, make_run, make_trial

GAUGE = Gauge(score=Estimates().score, band=noise_band)


def standing(*trials: TrialResult, gauge: Gauge | None = GAUGE) -> Standing:
    """Of a run with the train tasks t1 and t2."""
    found = Standing(gauge)
    found.begin(make_run())
    for trial in trials:
        found.add(trial)
    return found


def test_a_score_comes_with_its_interval_and_the_noise_band() -> None:
    found = standing(make_trial("t1"), make_trial("t2", reward=0.0))

    assert found.first().startswith("50.0 [")
    assert "] points on 2 tasks; the same agent run twice differs by up to " in found.first()
    assert found.of(BASELINE) == found.first()


def test_nothing_is_said_before_every_task_was_tried() -> None:
    found = standing(make_trial("t1"), make_trial("t1", attempt=1))

    assert (found.first(), found.noise(), found.of("another")) == ("", "", "")


def test_spot_checks_and_the_holdout_are_no_evidence() -> None:
    trial = make_trial("t2")
    spot = replace(trial, key=replace(trial.key, purpose=Purpose.SPOT))
    hidden = make_trial("secret", split=Split.HOLDOUT)

    assert standing(make_trial("t1"), spot, hidden).first() == ""


def test_without_a_gauge_there_are_no_figures() -> None:
    found = standing(make_trial("t1"), make_trial("t2"), gauge=None)

    assert (found.first(), found.noise()) == ("", "")


def test_an_edits_chances_are_told_with_the_interval_of_its_gain() -> None:
    numbers = {"p_better": 0.931, "gain": 0.05, "gain_low": -0.02, "gain_high": 0.12, "trials": 41}
    verdict = Verdict(decision=Decision.KEEP, reason="", numbers=numbers)

    assert chances(verdict) == "P(better) 93 %, gain +5.0 [-2.0, +12.0] points, 41 trials"


def test_a_verdict_without_chances_has_none_to_tell() -> None:
    numbers = {"train_gain": 0.5, "trials": 40.0}

    assert chances(Verdict(decision=Decision.KEEP, reason="", numbers=numbers)) == ""
