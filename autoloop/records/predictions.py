"""What was predicted of edits against what happened: from records of steps and train trials alone.

The score is that of Brier (1950, "Verification of forecasts expressed in terms of probability",
Monthly Weather Review 78, 1-3) in the usual form for events that happen or do not: the mean of
(chance - outcome) squared. 0 is perfect, saying 50 % each time gives 0.25, and the best that
somebody can say who tells nothing apart is how often it happens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from autoloop.records.proposals import ChangeKind, TaskPrediction
from autoloop.records.steps import CONFLICT, NARROW, Decision, Origin, Step
from autoloop.records.tasks import Split
from autoloop.records.trials import Purpose, TrialResult, Version

EVEN = 0.5
"""From this chance on something is predicted to happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One prediction, and whether it came true."""

    chance: float | None
    """None: it was said without a number."""
    happened: bool

    @property
    def is_hit(self) -> bool:
        """Whether what was thought more likely is what happened."""
        return (self.chance is None or self.chance >= EVEN) == self.happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """How good predictions of one kind were."""

    count: int
    hits: int
    """Where what was thought more likely happened."""
    brier: float | None
    """Of those with a number; None: there are none."""
    happened: int
    """How often what was predicted about happened at all."""

    @property
    def hit_rate(self) -> float | None:
        """Share of hits; None without predictions."""
        return self.hits / self.count if self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionScore:
    """Predictions against what happened, of all steps or of one kind of change."""

    kind: ChangeKind | None
    """None: all of them."""
    kept: Foresight
    """That an edit will be kept."""
    cured: Foresight
    """That train tasks will be cured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRecord:
    """How good the meta-agent's predictions were so far."""

    overall: PredictionScore
    kinds: tuple[PredictionScore, ...] = ()
    """Kinds of change that were tried, in the order of `ChangeKind`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """A train task that was to be cured."""

    task: str
    chance: float | None
    cured: bool | None
    """Whether it went better with the edit than without; None: not tried on both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredStep:
    """A step's predictions, and what became of them."""

    step: int
    kind: ChangeKind | None
    chance: float | None
    kept: bool | None
    """None: there is no verdict on what the edit does."""
    tasks: tuple[TaskOutcome, ...] = ()


NOTHING = ScoredStep(step=0, kind=None, chance=None, kept=None)


def scored_steps(steps: Iterable[Step], trials: Iterable[TrialResult]) -> tuple[ScoredStep, ...]:
    """The predictions of every edit that the meta-agent made, by step."""
    by_task = _by_task(trials)
    own = [s for s in steps if s.origin is Origin.META and s.proposal is not None]
    return tuple(_scored(step, by_task) for step in own)


def prediction_record(steps: Sequence[Step], trials: Iterable[TrialResult]) -> PredictionRecord:
    """Brier scores and hit rates, over all and by kind of change."""
    scored = scored_steps(steps, trials)
    kinds = [kind for kind in ChangeKind if any(one.kind is kind for one in scored)]
    return PredictionRecord(
        overall=_score(None, scored),
        kinds=tuple(_score(kind, [one for one in scored if one.kind is kind]) for kind in kinds),
    )


def train_gains(steps: Iterable[Step], trials: Iterable[TrialResult]) -> Mapping[int, float]:
    """Mean difference of rewards on train tasks that were tried with and without an edit.

    As the verdict has it, where its rule says it; steps that nothing was compared of are left out.
    """
    by_task = _by_task(trials)
    found = {step.index: _train_gain(step, by_task) for step in steps if _tells(step)}
    return {index: gain for index, gain in found.items() if gain is not None}


def _train_gain(step: Step, by_task: Mapping[str, Sequence[TrialResult]]) -> float | None:
    told = step.verdict.numbers.get("train_gain") if step.verdict else None
    if told is not None:
        return told
    gains = [gain for own in by_task.values() if (gain := _gain(step, own)) is not None]
    return fmean(gains) if gains else None


def _gain(step: Step, trials: Sequence[TrialResult]) -> float | None:
    """Mean reward on one task with an edit minus that without; None where a side is missing.

    On the last incumbent that it was tried on: before, it may have been another text.
    """
    tried = [trial for trial in trials if step.index in trial.version.on]
    base = max((trial.version.base for trial in tried), default=0)
    on = [trial for trial in tried if trial.version.base == base]
    off = [trial for trial in trials if _is_without(trial.version, step, base)]
    if not on or not off:
        return None
    return fmean(trial.reward for trial in on) - fmean(trial.reward for trial in off)


def _by_task(trials: Iterable[TrialResult]) -> Mapping[str, Sequence[TrialResult]]:
    """Counted train trials of the search."""
    found: dict[str, list[TrialResult]] = {}
    for trial in trials:
        if trial.counts and trial.key.purpose is Purpose.SEARCH and trial.split is Split.TRAIN:
            found.setdefault(trial.key.task, []).append(trial)
    return found


def lessons_of(steps: Iterable[Step], trials: Iterable[TrialResult]) -> Mapping[int, str]:
    """What was predicted of decided steps and what happened, without a figure of hidden tasks."""
    own, seen = [step for step in steps if step.verdict is not None], list(trials)
    scored = {one.step: one for one in scored_steps(own, seen)}
    gains = train_gains(own, seen)
    return {
        step.index: _lesson(step, scored.get(step.index, NOTHING), gains.get(step.index))
        for step in own
    }


def _lesson(step: Step, scored: ScoredStep, gain: float | None) -> str:
    verdict = step.verdict
    if verdict is None:
        return ""
    if not _tells(step):
        # Made by the loop, the guards or the reviewer, none of whom knows a hidden task.
        return f"{verdict.decision.value}: {verdict.reason}"
    seen = "" if gain is None else f"; {100 * gain:+.0f} points on the train tasks"
    narrow = "; its gain on train tasks rests on one of them" if NARROW in verdict.numbers else ""
    fate = f"{_fate(verdict.decision, scored)}{seen}{narrow}."
    return " ".join([fate, *_cures(scored.tasks)])


def _fate(decision: Decision, scored: ScoredStep) -> str:
    if scored.chance is None:
        return decision.value
    return f"{decision.value}: it was given a chance of {100 * scored.chance:.0f} % to be kept"


def _cures(tasks: Sequence[TaskOutcome]) -> list[str]:
    """What became of the tasks that were to be cured, in a sentence."""
    if not tasks:
        return []
    parts = [
        f"{_names(found)} {words}"
        for words, found in (
            ("went better", [one.task for one in tasks if one.cured]),
            ("did not", [one.task for one in tasks if one.cured is False]),
            ("could not be compared", [one.task for one in tasks if one.cured is None]),
        )
        if found
    ]
    return [f"Of {len(tasks)} tasks that it was to cure {'; '.join(parts)}."]


def _names(tasks: Sequence[str]) -> str:
    shown = ", ".join(tasks[:6])
    return f"{shown} and {len(tasks) - 6} more" if len(tasks) > 6 else shown


def _tells(step: Step) -> bool:
    """Whether the verdict says something of what the edit does."""
    given = step.verdict
    return (
        given is not None and given.decision is not Decision.EMPTY and CONFLICT not in given.numbers
    )


def _scored(step: Step, by_task: Mapping[str, Sequence[TrialResult]]) -> ScoredStep:
    proposal, verdict = step.proposal, step.verdict
    if proposal is None:
        return NOTHING
    kept = verdict.decision is Decision.KEEP if verdict is not None and _tells(step) else None
    tasks = [] if kept is None else [_outcome(step, one, by_task) for one in proposal.predicted]
    return ScoredStep(
        step=step.index,
        kind=proposal.kind,
        chance=proposal.chance,
        kept=kept,
        tasks=tuple(tasks),
    )


def _outcome(
    step: Step, predicted: TaskPrediction, by_task: Mapping[str, Sequence[TrialResult]]
) -> TaskOutcome:
    gain = _gain(step, by_task.get(predicted.task, ()))
    cured = None if gain is None else gain > 0
    return TaskOutcome(task=predicted.task, chance=predicted.chance, cured=cured)


def _is_without(version: Version, step: Step, base: int) -> bool:
    """Whether it is what the edit is compared with: chance left it out, or nothing else was on."""
    if version.base == base:
        left_out = step.index in version.off and step.index not in version.on
        return left_out or version.on == step.parents
    # An incumbent ran as an edit under test before it was kept.
    return not step.parents and version.on == (base,) and not version.off


def _score(kind: ChangeKind | None, scored: Iterable[ScoredStep]) -> PredictionScore:
    steps = [one for one in scored if one.kept is not None]
    return PredictionScore(
        kind=kind,
        kept=_calibration(
            Forecast(chance=one.chance, happened=bool(one.kept))
            for one in steps
            if one.chance is not None
        ),
        cured=_calibration(
            Forecast(chance=task.chance, happened=task.cured)
            for one in steps
            for task in one.tasks
            if task.cured is not None
        ),
    )


def _calibration(forecasts: Iterable[Forecast]) -> Foresight:
    all_of_them = list(forecasts)
    errors = [(f.chance - f.happened) ** 2 for f in all_of_them if f.chance is not None]
    return Foresight(
        count=len(all_of_them),
        hits=sum(f.is_hit for f in all_of_them),
        brier=fmean(errors) if errors else None,
        happened=sum(f.happened for f in all_of_them),
    )
